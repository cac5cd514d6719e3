"""Writes evidence bundles: the same files give the same bytes. Standard library only."""

import hashlib
import re
import zipfile

from .journal import canonical

#: Name and version of the layout. ``verify_bundle.py`` refuses any other.
SCHEMA = "ipai.release.bundle/1"
MANIFEST = "manifest.json"
#: The earliest time a ZIP can tell. When a bundle was made is no part of it.
DAY = (1980, 1, 1, 0, 0, 0)
UNIX, PLAIN_FILE = 3, 0o100644 << 16
#: Characters of a file's own name that its name in the bundle keeps.
KEPT = 80


class TooLarge(Exception):
    """The bundle would be larger than 4 GiB, which a plain ZIP cannot be."""


def safe_name(text):
    """A text as a part of a file name: ASCII letters, digits, dots, dashes and underlines."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", text)[-KEPT:]
    return name if name[:1].isalnum() else f"_{name}"


def write(file, members, about):
    """Write a bundle: the files by name, then the manifest.

    Everything is stored and not compressed: compressed bytes differ between versions of zlib.

    :param file: seekable and empty, open for writing bytes
    :param members: ``[(name, chunks, more)]``; ``chunks`` is an iterable of bytes, ``more`` a dict
        that the manifest says of the file
    :param about: dict that the manifest says of the whole: ``release, head, length``
    :raises TooLarge: beyond 4 GiB
    """
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
            entries = [
                {"name": name, **_write_member(archive, name, chunks), **more}
                for name, chunks, more in sorted(members, key=lambda member: member[0])
            ]
            manifest = {"schema": SCHEMA, **about, "files": entries}
            _write_member(archive, MANIFEST, [canonical(manifest).encode()])
    except (zipfile.LargeZipFile, RuntimeError) as problem:
        raise TooLarge(str(problem)) from problem


def _write_member(archive, name, chunks):
    info = zipfile.ZipInfo(name, DAY)
    info.create_system, info.external_attr = UNIX, PLAIN_FILE
    sha256, size = hashlib.sha256(), 0
    with archive.open(info, "w") as member:
        for data in chunks:
            member.write(data)
            sha256.update(data)
            size += len(data)
    return {"size": size, "sha256": sha256.hexdigest()}
