"""Measure a large release: ``python3 -m tools.bench [--series 19.0]``.

Prints the seconds that the PDF of a release with 500 items takes, and the SQL queries with which
the form of a release opens that has 20 or 200 items, and what each level of compression of a dump
costs. Makes a database of its own and drops it.
Before that, prints what the way to a host costs.
"""

import argparse

from tools import database, setup, source
from tools.bench import dump, verifier
from tools.say import Missing, command

DATABASE = "ipai_bench"


def main():
    arguments = _arguments()
    [runtime] = setup.prepare([arguments.series], testing=True)
    _run(runtime, "tools.bench.connection")
    verifier.main()
    try:
        database.new(runtime, arguments.database, ["ipai_release_checks"])
        _measure(runtime, arguments.database)
        dump.measure(runtime, arguments.database)
    finally:
        database.drop(runtime, arguments.database)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tools.bench", description=__doc__)
    parser.add_argument("--series", default=source.DEFAULT, choices=source.SERIES)
    parser.add_argument("--database", default=DATABASE, help="is replaced, and dropped at the end")
    return parser.parse_args()


def _measure(runtime, name):
    options = (f"--addons-path={runtime.addons_path}", f"--data-dir={runtime.data}")
    _run(runtime, "tools.bench.inside", name, *options)
    _run(runtime, "tools.bench.together", name, *options)


def _run(runtime, module, *arguments):
    if runtime.run([runtime.python, "-m", module, *arguments], check=False).returncode:
        raise Missing("the measurement failed: see the lines above")


if __name__ == "__main__":
    command(main)
