"""The databases of the demo: two that are kept, and the copies made of them."""

import hashlib
import shutil
from datetime import datetime, timezone
from pathlib import Path

from tools import database
from tools.places import ADDONS, ROOT, locked
from tools.say import step

HISTORY = "ipai_demo_history"
READY = "ipai_demo_ready"
#: Files of addons that make a database what it is.
SOURCES = {".py", ".xml", ".csv", ".js", ".scss", ".po"}


def with_history(runtime, make) -> str:
    """Return the name of the database that holds the accounting history and no addon of ours.

    It is made when there is none of this week, this Odoo and this source of the demo; older ones
    are dropped.

    :param make: called with the name of the fresh database to fill it.
    """
    year, week, _day = datetime.now(timezone.utc).isocalendar()
    sources = sorted((Path(__file__).parent / "accounting").glob("*.py"))
    digest = _digest(database.ensure_template(runtime), f"{year}-{week}", *map(_text, sources))

    def fill(name):
        database.new(runtime, name)
        make(name)

    return _kept(runtime, HISTORY, digest, fill)


def ready(runtime, history: str, make) -> str:
    """Return the name of the database with history, addons and people, as before the release.

    It is made when there is none of this history and these sources; older ones are dropped.

    :param make: called with the name of the fresh copy of the history to fill it.
    """
    sources = [path for path in sorted(ADDONS.rglob("*")) if path.suffix in SOURCES]
    people = sorted(Path(__file__).parent.glob("*.py"))

    def fill(name):
        copy(runtime, history, name)
        make(name)

    return _kept(runtime, READY, _digest(history, *map(_text, [*sources, *people])), fill)


def _kept(runtime, kind: str, digest: str, fill) -> str:
    """Return the database of a kind with this digest, filled when it is not there."""
    prefix = f"{kind}_{runtime.series.replace('.', '')}_"
    name = prefix + digest
    with locked(f"{runtime.series}.demo"):
        there = database.names(runtime)
        if name not in there:
            partial = f"{prefix}partial"
            fill(partial)
            copy(runtime, partial, name)
            for old in {partial, *filter(lambda other: other.startswith(prefix), there)}:
                database.drop(runtime, old)
    return name


def _digest(*parts: str) -> str:
    """A text that changes when a database would turn out otherwise."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _text(path: Path) -> str:
    return f"{path.relative_to(ROOT)}\0{path.read_text()}"


def copy(runtime, source: str, target: str):
    """Replace the database ``target`` by a copy of ``source``, filestore included."""
    database.drop(runtime, target)
    with step(f"{runtime.series}: {target} as a copy of {source}"):
        runtime.run(["createdb", "--template", source, target], check=True)
        files = runtime.data / "filestore"
        if (files / source).is_dir():
            shutil.copytree(files / source, files / target)
