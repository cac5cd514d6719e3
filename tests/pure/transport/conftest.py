"""Load the transport without Odoo, and give the tests a real sshd."""

import sys
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
def sshd(tmp_path):
    """A running sshd that lets its key in."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = Sshd(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path):
    """Where a helper keeps what it did."""
    made = tmp_path / "did"
    made.mkdir()
    return made
