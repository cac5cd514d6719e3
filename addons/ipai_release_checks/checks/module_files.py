"""The files of a module's folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .base import CheckError
from .context import ModuleFacts

#: Schema of the parameter that names a module.
MODULE = {
    "type": "string",
    "pattern": "^[a-z][a-z0-9_]*$",
    "description": "Technical name of the module whose folder is read.",
}

_NOT_OURS = frozenset({"node_modules", "__pycache__"})


def files_of(facts: ModuleFacts, extension: str) -> Iterator[tuple[str, str]]:
    """Yield ``(name, path)`` of each file with this extension, sorted; names start with the module.

    Hidden folders, ``node_modules`` and links to folders are left out. Raises `CheckError` when the
    module has no folder.
    """
    if not facts.path or not os.path.isdir(facts.path):
        raise CheckError(
            f"The module {facts.name} has no folder on the addons path.",
            "Check the module's name and the addons path of Odoo's configuration.",
        )
    for folder, folders, files in os.walk(facts.path):
        folders[:] = sorted(
            name for name in folders if name not in _NOT_OURS and not name.startswith(".")
        )
        for file in sorted(files):
            if file.endswith(extension):
                path = os.path.join(folder, file)
                yield os.path.join(facts.name, os.path.relpath(path, facts.path)), path
