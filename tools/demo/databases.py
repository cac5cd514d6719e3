"""The databases of the demo: one with the bare history, kept, and the copies made of it."""

import hashlib
import shutil
from datetime import datetime, timezone
from pathlib import Path

from tools import database
from tools.places import locked
from tools.say import step

HISTORY = "ipai_demo_history"


def with_history(runtime, make) -> str:
    """Return the name of the database that holds the accounting history and no addon of ours.

    It is made when there is none of this week, this Odoo and this source of the demo; older ones
    are dropped.

    :param make: called with the name of the fresh database to fill it.
    """
    prefix = f"{HISTORY}_{runtime.series.replace('.', '')}_"
    name = prefix + _digest(runtime)
    with locked(f"{runtime.series}.demo"):
        there = database.names(runtime)
        if name not in there:
            partial = f"{prefix}partial"
            database.new(runtime, partial)
            make(partial)
            copy(runtime, partial, name)
            for old in {partial, *filter(lambda other: other.startswith(prefix), there)}:
                database.drop(runtime, old)
    return name


def _digest(runtime) -> str:
    """A text that changes when the history would turn out otherwise."""
    year, week, _day = datetime.now(timezone.utc).isocalendar()
    sources = sorted((Path(__file__).parent / "accounting").glob("*.py"))
    parts = [database.ensure_template(runtime), f"{year}-{week}", *map(Path.read_text, sources)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def copy(runtime, source: str, target: str):
    """Replace the database ``target`` by a copy of ``source``, filestore included."""
    database.drop(runtime, target)
    with step(f"{runtime.series}: {target} as a copy of {source}"):
        runtime.run(["createdb", "--template", source, target], check=True)
        files = runtime.data / "filestore"
        if (files / source).is_dir():
            shutil.copytree(files / source, files / target)
