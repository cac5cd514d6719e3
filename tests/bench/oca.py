"""OCA's approval of payments, measured beside ours where it is published."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.places import CACHE, made
from tools.runtime import Runtime
from tools.say import say, step

MODULE = "account_payment_tier_validation"
#: Series → packages; they hold the addons below ``odoo/addons``.
PACKAGES = {
    "18.0": (
        "odoo-addon-account-payment-tier-validation==18.0.*",
        "odoo-addon-base-tier-validation==18.0.*",
    )
}


@dataclass(frozen=True)
class WithOca(Runtime):
    """A runtime that finds OCA's addons too."""

    folder: Path

    @property
    def addons_path(self):
        return f"{super().addons_path},{self.folder / 'odoo/addons'}"


def runtime(chosen):
    """Return ``chosen`` with OCA's addons, or None where they are not to be had.

    Says in one line why they are not, unless there are none for this series.
    """
    packages = PACKAGES.get(chosen.series)
    if not packages:
        return None
    folder = CACHE / f"oca-{chosen.series}"
    if not folder.exists() and not _fetch(chosen.python, packages, folder):
        say(f"{MODULE} could not be fetched, so it is not measured: no package index answers")
        return None
    return WithOca(chosen.source, chosen.python, chosen.services, folder)


def _fetch(python, packages, folder):
    """Unpack the packages into ``folder``, which appears only when it is complete."""
    with step(f"fetching {MODULE}"), tempfile.TemporaryDirectory(dir=made(CACHE)) as partial:
        options = ("--quiet", "--no-deps", "--disable-pip-version-check", "--target", partial)
        done = subprocess.run(
            [python, "-m", "pip", "install", *options, *packages],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode == 0:
            os.rename(partial, folder)
            Path(partial).mkdir()  # for the one who tidies it up
    return done.returncode == 0
