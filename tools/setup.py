"""Fetch and make everything the suite needs on this machine: ``python3 -m tools.setup``."""

import ctypes.util
import shutil
import sys
from pathlib import Path

from tools import cluster, database, environment, runtime, source
from tools.debian import can_install, install
from tools.say import command, say

# What must be there -> the Debian package it comes in.
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
    "magic": "libmagic1",
}
FONTS = {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core"}
TESTING = {
    "chromium": "chromium",
    "git": "git",
    "pdftotext": "poppler-utils",
    "sshd": "openssh-server",
    "sudo": "sudo",
    "systemd": "systemd",
}


def prerequisites(testing):
    """Install the Debian packages that are missing.

    Without root, Odoo runs without WeasyPrint's libraries and prints with its own engine; the
    tests need all of them.

    :param testing: also what only the tests need.
    :raises tools.say.Missing: not root; the message names the packages to install.
    """
    needed = [*environment.packages(), *cluster.packages()]
    printing = [
        *(package for name, package in LIBRARIES.items() if not ctypes.util.find_library(name)),
        *(package for name, package in FONTS.items() if not Path(name).exists()),
    ]
    if testing:
        needed += printing + [TESTING[name] for name in TESTING if not _there(name)]
    elif not can_install() and printing:
        say(f"note: no PDF by WeasyPrint without these packages: {' '.join(printing)}")
    else:
        needed += printing
    if needed:
        install(needed)


def _there(program):
    # A server's program lies where the PATH of an ordinary user does not lead.
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def prepare(series, testing=False):
    """Return the :class:`~tools.runtime.Runtime` of each series, prerequisites installed.

    :param series: names such as "19.0"; empty means every series found on this machine.
    :param testing: also install what only the tests need.
    """
    prerequisites(testing)
    return [runtime.get(name) for name in series or source.found()]


def not_found():
    """Return the supported series that are not on this machine, newest first."""
    return [name for name in source.SERIES if name not in source.found()]


def main():
    for chosen in prepare(sys.argv[1:], testing=True):
        database.ensure_template(chosen)
        say(f"Odoo {chosen.series}: {chosen.source.home}")
    for name in not_found():
        say(f"Odoo {name}: not found; set {source.variable(name)} to a folder that holds it")


if __name__ == "__main__":
    command(main)
