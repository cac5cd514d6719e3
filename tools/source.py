"""The Odoo source trees on this machine, one per series.

A tree comes from the folder in ``ODOO_SOURCE_17``, ``ODOO_SOURCE_18`` or ``ODOO_SOURCE_19``,
else from ``<cache>/<series>``. Only 19.0 can be downloaded.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tools import odoo19
from tools.places import CACHE
from tools.say import Missing

SERIES = ("19.0", "18.0", "17.0")
DEFAULT = "19.0"
LAYOUTS = ("", "usr/lib/python3/dist-packages")


@dataclass(frozen=True)
class Source:
    """One Odoo tree: ``series`` such as "19.0", ``home`` the folder that holds ``odoo/``."""

    series: str
    home: Path

    @property
    def addons_paths(self):
        """Folders with core addons beside ``odoo/addons``, which Odoo finds by itself.

        A tree may hold the core addons twice in different builds: then the other is left out.
        """
        beside = self.home / "addons"
        complete = (self.home / "odoo/addons/web").is_dir()
        return [] if complete or not beside.is_dir() else [beside]

    @property
    def release(self):
        """Text that changes when the tree becomes another build, or another commit."""
        files = ("odoo/release.py", "odoo/addons/base/__manifest__.py", ".git/logs/HEAD")
        there = [self.home / file for file in files if (self.home / file).exists()]
        return " ".join([str(self.home), *(str(int(file.stat().st_mtime)) for file in there)])

    def addon(self, name):
        """Return the folder of a core addon, or None."""
        for folder in (self.home / "odoo/addons", *self.addons_paths):
            if (folder / name / "__manifest__.py").is_file():
                return folder / name
        return None


def find(series):
    """Return the :class:`Source` of ``series``; 19.0 is downloaded when it is not there.

    :raises Missing: unknown series, or its tree is not on this machine.
    """
    if series not in SERIES:
        raise Missing(f"unknown series {series!r}: choose from {', '.join(SERIES)}")
    source = _named(series) or _at(series, CACHE / series)
    if source is None and series == DEFAULT:
        source = _at(series, odoo19.fetch())
    if source is None:
        raise Missing(f"Odoo {series} is not on this machine: set {variable(series)}")
    return source


def found():
    """Return the series whose trees are on this machine or can be downloaded, newest first."""
    return [s for s in SERIES if s == DEFAULT or _named(s) or _at(s, CACHE / s)]


def variable(series):
    """Return the environment variable that names the tree of ``series``."""
    return f"ODOO_SOURCE_{series.split('.')[0]}"


def _named(series):
    """Return the tree the user named, or None when the variable is not set."""
    folder = os.environ.get(variable(series))
    if not folder:
        return None
    source = _at(series, Path(folder).absolute())
    if source is None:
        raise Missing(f"{variable(series)}={folder} holds no Odoo {series} (no odoo/release.py)")
    return source


def _at(series, folder):
    for layout in LAYOUTS:
        release = folder / layout / "odoo/release.py"
        if release.is_file() and _series_of(release) == series:
            return Source(series, folder / layout)
    return None


def _series_of(release):
    """Read the series out of ``odoo/release.py`` without importing Odoo."""
    match = re.search(r"^version_info = \((\d+), *(\d+)", release.read_text(), re.MULTILINE)
    return ".".join(match.groups()) if match else None
