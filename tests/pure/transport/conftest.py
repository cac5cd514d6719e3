"""Load the transport without Odoo, and give the tests a real sshd."""

import sys
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest
from sshd import Sshd

_ADDON = Path(__file__).resolve().parents[3] / "addons" / "ipai_release_checks"

if "ipai_release_checks" not in sys.modules:
    # The addon's own __init__ imports Odoo; what is below it must not need it.
    package = ModuleType("ipai_release_checks")
    package.__path__ = [str(_ADDON)]
    sys.modules["ipai_release_checks"] = package


@pytest.fixture
def start_sshd(tmp_path):
    """A function that starts an sshd, with options of :class:`Sshd`; all are stopped at the end."""
    with ExitStack() as started:

        def start(**options):
            folder = tmp_path / "sshd"
            folder.mkdir()
            server = Sshd(folder, **options)
            started.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture
def sshd(start_sshd):
    """A running sshd that lets its key in."""
    return start_sshd()


@pytest.fixture
def folder(tmp_path):
    """Where a helper keeps what it did."""
    made = tmp_path / "did"
    made.mkdir()
    return made
