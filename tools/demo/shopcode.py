"""The shop's own code: a git remote, and the clone that its Odoo runs from.

Made of the payment addon as it is here: before the release the clone holds it as 1.0.8, a few lines
poorer, and then somebody publishes 1.0.9, or one of the versions that a release must survive.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tools.places import ADDONS
from tools.say import Missing

ADDON = "payment_account_enhanced"
BRANCH = "main"
BEFORE, AFTER = "1.0.8", "1.0.9"

#: What 1.0.8 had instead: file of the addon -> (now, then).
CHANGES = {
    "__manifest__.py": (f'"version": "{AFTER}"', f'"version": "{BEFORE}"'),
    "models/account_move.py": (
        "A payment of this document waits for approval.",
        "A payment waits for approval.",
    ),
    "models/account_payment.py": (
        "SHA-256 of the content that was submitted.",
        "SHA-256 of the content.",
    ),
    "views/account_payment_views.xml": ('string="Print Voucher"', 'string="View Payment"'),
}
#: The files that a release to 1.0.9 changes, as git names them.
FILES = tuple(f"{ADDON}/{name}" for name in CHANGES)

#: What a version brings besides the changes: file of the addon -> lines added to its end.
GOOD: dict[str, str] = {}
RAISES = {
    f"migrations/{AFTER}/post-migrate.py": """\
def migrate(cr, version):
    raise ValueError(f"1.0.9 cannot bring payments of {version} up to date")
"""
}
DIES = {
    "__init__.py": """

import os

from odoo.tools import config

if not config["stop_after_init"]:
    # As a library does that breaks at its first use: without a word.
    os._exit(70)
"""
}
SURPRISE = {"models/account_bank.py": "# Nobody reviewed this file.\n"}

WHO = ("Wilma Ostrander", "wilma@larchharbour.example.com")
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": WHO[0] for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": WHO[1] for role in ("AUTHOR", "COMMITTER")},
}


class ShopCode:
    """The remote and the clone in one folder, made afresh with 1.0.8 in both.

    :param folder: is replaced
    """

    def __init__(self, folder: Path):
        self.remote = folder / "remote.git"
        self.clone = folder / "shop"
        self._desk = folder / "desk"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", self.remote)
        git(folder, "clone", "--quiet", self.remote, self._desk)
        git(self._desk, "checkout", "--quiet", "-B", BRANCH)
        (self._desk / ".gitignore").write_text("__pycache__/\n")
        self.before = self._push(f"Payment approval {BEFORE}", BEFORE, GOOD)
        git(folder, "clone", "--quiet", self.remote, self.clone)

    def publish(self, version: dict[str, str] = GOOD) -> str:
        """Push a 1.0.9 on top of 1.0.8 to the remote and return its commit.

        :param version: one of ``GOOD``, ``RAISES``, ``DIES``, ``SURPRISE``
        """
        git(self._desk, "reset", "--quiet", "--hard", self.before)
        return self._push(f"Harden the payment workflow ({AFTER})", AFTER, version)

    def head(self) -> str:
        """The commit that the clone is at."""
        return git(self.clone, "rev-parse", "HEAD")

    def _push(self, subject: str, number: str, version: dict[str, str]) -> str:
        write_addon(self._desk / ADDON, number, version)
        git(self._desk, "add", "--all")
        git(self._desk, "commit", "--quiet", "--message", subject)
        git(self._desk, "push", "--quiet", "--force", "origin", BRANCH)
        return git(self._desk, "rev-parse", "HEAD")


def write_addon(folder: Path, number: str, version: dict[str, str]):
    """Write the addon as it is, or was, in a version.

    :param folder: is replaced
    :param number: ``BEFORE`` or ``AFTER``
    :param version: what it brings besides
    :raises Missing: when the addon has changed so that its 1.0.8 cannot be made of it
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ADDONS / ADDON, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if number == BEFORE:
        for name, (now, then) in CHANGES.items():
            _replace(folder / name, now, then)
    for name, lines in version.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as handle:
            handle.write(lines)


def _replace(file: Path, now: str, then: str):
    text = file.read_text()
    if text.count(now) != 1:
        raise Missing(f"{file.name} of {ADDON} does not hold once: {now} (see {__name__})")
    file.write_text(text.replace(now, then))


def git(folder: Path, *arguments) -> str:
    """Run git in a folder, without anybody's configuration, and return what it printed."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Missing(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
