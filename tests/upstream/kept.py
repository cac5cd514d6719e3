"""Results of stock Odoo, kept in the cache folder for as long as nothing they depend on changes."""

import hashlib
import json
import shutil
from datetime import UTC, datetime

from tools import database
from tools.environment import RUNNING
from tools.places import CACHE, REQUIREMENTS, made

#: Programs that Odoo's tests find on the machine and behave differently without.
PROGRAMS = ("wkhtmltopdf", "chromium", "google-chrome")


def place(source, tags):
    """Return the path where the results of one Odoo tree and one choice of tests are kept.

    :param tools.source.Source source: the tree; another build of it has another path.
    :param str tags: Odoo's ``--test-tags``.
    """
    text = json.dumps(
        [
            source.release,
            tags,
            database.stock_modules(source),
            [(REQUIREMENTS / name).read_text() for name in RUNNING],
            [bool(shutil.which(name)) for name in PROGRAMS],
        ]
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return made(CACHE / "upstream") / f"{source.series}-{digest}.json"


def age(path):
    """Return since when the results at ``path`` are kept, in words."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
