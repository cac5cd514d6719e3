"""Where things are: the repository, the cache folder and what lies in it.

``IPAI_CACHE`` names the cache folder (default ``~/.cache/ipai-odoo``). Everything the tools
download, build or serve from lies in it; ``make clean`` removes what they made.
"""

import contextlib
import fcntl
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDONS = ROOT / "addons"
TEST_ADDONS = ROOT / "tests" / "addons"
BUILD = ROOT / "build"
REQUIREMENTS = ROOT / "requirements"
CACHE = Path(os.environ.get("IPAI_CACHE") or Path.home() / ".cache" / "ipai-odoo").absolute()
VENV = CACHE / "venv"
LOGS = CACHE / "logs"
DATA = CACHE / "data"


def made(folder):
    """Return ``folder`` after making sure that it exists."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(name):
    """Hold the lock ``name`` of this cache folder: two commands at once do not do a step twice."""
    with (made(CACHE / "locks") / name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
