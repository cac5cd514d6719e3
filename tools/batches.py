"""What the test run consists of: batches of tests that share one database.

- Each addon with the modules it depends on, and nothing more, on every series. So an addon that
  needs more than its manifest says does not pass.
- Each folder of ``tests/`` with all the suite's addons, on every series. A file ``batch.toml``
  in the folder may narrow both: ``modules = ["account"]`` and ``series = ["19.0"]``.
- ``tests/pure`` and ``tests/tools``, once, without Odoo.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import tomllib

from tools import database
from tools.places import ADDONS, ROOT, TEST_ADDONS
from tools.say import Missing

TESTS = ROOT / "tests"
PURE = (TESTS / "pure", TESTS / "tools")


@dataclass(frozen=True)
class Batch:
    """Tests at ``paths`` on a database with ``modules``; without a series no Odoo is used.

    ``folder`` holds all tests of the batch, ``paths`` the ones to run.
    """

    label: str
    series: str | None
    modules: tuple[str, ...]
    folder: Path
    paths: tuple[str, ...]


def plan(series, addons=(), tests=()):
    """Return the batches of a run, the fast ones first.

    :param series: names such as "19.0".
    :param addons: only these addons' own tests.
    :param tests: only these files, folders or node ids, relative to the repository.
    :raises Missing: an addon or a path that is not there.
    """
    batches = [*_pure(), *(batch for name in series for batch in _with_odoo(name))]
    if addons:
        batches = _only_addons(batches, addons)
    if tests:
        batches = _only_paths(batches, tests)
    return batches


def _pure():
    for folder in PURE:
        if folder.is_dir():
            yield _batch(None, folder)


def _with_odoo(series):
    own = database.addons()
    for name in own:
        folder = ADDONS / name
        yield _batch(series, folder if folder.is_dir() else TEST_ADDONS / name, (name,))
    for folder in sorted(TESTS.glob("*/")):
        if folder not in (*PURE, TEST_ADDONS) and any(folder.rglob("test_*.py")):
            yield from _shared(series, folder, tuple(name for name in own if _is_ours(name)))


def _is_ours(name):
    return (ADDONS / name).is_dir()


def _shared(series, folder, modules):
    """Yield the batch of a folder of ``tests/``, unless it is not meant for this series."""
    file = folder / "batch.toml"
    wishes = tomllib.loads(file.read_text()) if file.exists() else {}
    if series in wishes.get("series", [series]):
        yield _batch(series, folder, tuple(wishes.get("modules", modules)))


def _batch(series, folder, modules=()):
    path = str(folder.relative_to(ROOT))
    return Batch(path, series, modules, folder, (path,))


def _only_addons(batches, addons):
    chosen = [batch for batch in batches if batch.series and batch.folder.name in addons]
    _refuse(set(addons) - {batch.folder.name for batch in chosen}, "addon")
    return chosen


def _only_paths(batches, tests):
    """Narrow the batches to the given tests; several in one folder stay one batch."""
    files = {test: (ROOT / test.split("::")[0]).resolve() for test in tests}
    _refuse({test for test, file in files.items() if not _held(batches, file)}, "test")
    chosen = []
    for batch in batches:
        inside = tuple(test for test, file in files.items() if _holds(batch.folder, file))
        if inside:
            chosen.append(replace(batch, paths=inside))
        elif any(_holds(file, batch.folder) for file in files.values()):
            chosen.append(batch)
    return chosen


def _held(batches, file):
    related = (_holds(batch.folder, file) or _holds(file, batch.folder) for batch in batches)
    return file.exists() and any(related)


def _holds(folder, file):
    return folder == file or folder in file.parents


def _refuse(unknown, kind):
    if unknown:
        raise Missing(f"there is no {kind} named {', '.join(sorted(unknown))}")
