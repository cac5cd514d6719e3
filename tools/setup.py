"""Fetch and make everything the suite needs on this machine: ``python3 -m tools.setup``."""

import ctypes.util
import shutil
import sys
from pathlib import Path

from tools import cluster, database, environment, runtime, source
from tools.debian import install
from tools.say import command, say

# What must be there -> the Debian package it comes in.
PROGRAMS = {"chromium": "chromium", "pdftotext": "poppler-utils", "git": "git"}
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
    "magic": "libmagic1",
}
FONTS = {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core"}


def prerequisites():
    """Install the programs, libraries and fonts that are missing.

    :raises tools.say.Missing: not root; the message names the packages to install.
    """
    packages = [
        *environment.packages(),
        *cluster.packages(),
        *(package for name, package in PROGRAMS.items() if not shutil.which(name)),
        *(package for name, package in LIBRARIES.items() if not ctypes.util.find_library(name)),
        *(package for name, package in FONTS.items() if not Path(name).exists()),
    ]
    if packages:
        install(packages)


def prepare(series):
    """Return the :class:`~tools.runtime.Runtime` of each series, prerequisites installed.

    :param series: names such as "19.0"; empty means every series found on this machine.
    """
    prerequisites()
    return [runtime.get(name) for name in series or source.found()]


def not_found():
    """Return the supported series that are not on this machine, newest first."""
    return [name for name in source.SERIES if name not in source.found()]


def main():
    for chosen in prepare(sys.argv[1:]):
        database.ensure_template(chosen)
        say(f"Odoo {chosen.series}: {chosen.source.home}")
    for name in not_found():
        say(f"Odoo {name}: not found; set {source.variable(name)} to a folder that holds it")


if __name__ == "__main__":
    command(main)
