"""Change a stored release and its bundle in 1,000 ways: ``python3 -m tests.tamper [SERIES]``.

All have to be found, and 1,000 releases and bundles that nobody touched have to verify. Prints the
table by kind last. Makes a database of its own and drops it.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import database, pytest, setup, source
from tools.places import ROOT
from tools.say import command, say

DATABASE = "ipai_tamper"
COUNT = 1000


def main():
    arguments = _arguments()
    [runtime] = setup.prepare([arguments.series], testing=True)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table"
        try:
            database.new(runtime, arguments.database, ["ipai_release_governance"])
            status = _run(runtime, arguments, table)
        finally:
            database.drop(runtime, arguments.database)
        lines = table.read_text() if table.exists() else ""
    say(f"\n{lines}\n{_sum(lines)}")
    sys.exit(status)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.tamper", description=__doc__)
    parser.add_argument("series", nargs="?", default=source.DEFAULT, choices=source.SERIES)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--database", default=DATABASE, help="is replaced, and dropped at the end")
    return parser.parse_args()


def _run(runtime, arguments, table):
    variables = {"IPAI_TAMPER": str(arguments.count), "IPAI_TAMPER_TABLE": str(table)}
    return subprocess.run(
        [*pytest.arguments(runtime, arguments.database), "-q", "--timeout=3600", "tests/tamper"],
        env={**runtime.variables, **variables},
        cwd=ROOT,
        check=False,
    ).returncode


def _sum(lines):
    """One line over all kinds."""
    rows = [line.rsplit(maxsplit=4) for line in lines.splitlines()]
    made, found = (
        sum(int(row[column]) for row in rows if not row[0].endswith("untouched"))
        for column in (1, 3)
    )
    untouched, alarms = next(
        ((row[1], row[3]) for row in rows if row[0].endswith("untouched")), (0, 0)
    )
    return f"{made} changes, {found} found; {untouched} untouched, {alarms} false alarms"


if __name__ == "__main__":
    command(main)
