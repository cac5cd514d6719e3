"""The one password of all demo users.

It is made at random once for each cache folder and printed at the end of ``make demo``: good enough
for a database that is served on 127.0.0.1 only, for nothing else.
"""

import os
import secrets

from tools import places


def password(folder=None) -> str:
    """Return the demo password of this cache folder; make it the first time."""
    path = places.made(folder or places.CACHE) / "demo-password"
    if not path.exists():
        # Readable by its owner only, from the first byte on.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(9))
    return path.read_text(encoding="ascii")
