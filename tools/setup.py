"""Fetch and make everything the suite needs on this machine: ``python3 -m tools.setup``."""

import ctypes.util
import shutil
import sys

from tools import database, runtime, source
from tools.debian import install
from tools.say import command, say

# program or library -> its Debian package and what it is for
PROGRAMS = {"chromium": "chromium", "pdftotext": "poppler-utils", "git": "git"}
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
    "magic": "libmagic1",
}
FONTS = {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core"}


def prerequisites():
    """Install the Debian packages that are missing; without root, name them and end.

    :raises tools.say.Missing: one line with the packages to install.
    """
    packages = [name for program, name in PROGRAMS.items() if not _program(program)]
    packages += [name for library, name in LIBRARIES.items() if not _library(library)]
    if packages:
        install(packages, "a prerequisite")
