"""pytest plugin of the tests that run without Odoo: importing Odoo is a failure."""

import sys

import pytest

#: Whether one of several processes imported Odoo.
_IMPORTED = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail the run when anything imported Odoo; its tree can be found, for its files only."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["odoo"] = "odoo" in sys.modules
    elif "odoo" in sys.modules or session.config.stash.get(_IMPORTED, False):
        say = session.config.get_terminal_writer().line
        say("\nThese tests run without Odoo, but something imported it.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Hear from one of several processes whether it imported Odoo."""
    if getattr(node, "workeroutput", {}).get("odoo"):
        node.config.stash[_IMPORTED] = True
