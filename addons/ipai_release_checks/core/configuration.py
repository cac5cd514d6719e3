"""What a system is configured as, reduced to digests, and the difference between two such states.

A configuration is ``{category: {name: digest}}``; everything in it is JSON.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

#: Made by running the code, and not a part of it.
GENERATED = ("__pycache__", ".git")
LENGTH = 16


@dataclass(frozen=True, order=True)
class Change:
    """One difference: ``kind`` is ``added``, ``changed`` or ``removed``."""

    category: str
    name: str
    kind: str

    def __str__(self):
        return f"{self.category}: {self.name} {self.kind}"


def digest(value):
    """A short digest of a JSON value: the first 16 hexadecimal digits of its SHA-256."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def folder_digest(folder):
    """SHA-256 over the names and contents of all files below ``folder``, as 64 hexadecimal digits.

    :raises OSError: for a file that cannot be read
    """
    folder, whole = Path(folder), hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in GENERATED for part in parts):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{'/'.join(parts)}\0{content}\n".encode())
    return whole.hexdigest()


def difference(before, after):
    """Return the sorted :class:`Change` of what differs between two configurations."""
    found = []
    for category in {*before, *after}:
        old, new = before.get(category, {}), after.get(category, {})
        found += [Change(category, name, "added") for name in new.keys() - old.keys()]
        found += [Change(category, name, "removed") for name in old.keys() - new.keys()]
        found += [
            Change(category, name, "changed")
            for name in old.keys() & new.keys()
            if old[name] != new[name]
        ]
    return sorted(found)
