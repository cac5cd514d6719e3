"""pytest plugin of the tests that run without Odoo: importing Odoo is a failure."""

import sys

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail the run when anything imported Odoo; its tree can be found, for its files only."""
    if "odoo" in sys.modules:
        say = session.config.get_terminal_writer().line
        say("\nThese tests run without Odoo, but something imported it.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
