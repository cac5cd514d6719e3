"""Run Odoo's own ``account`` tests with and without the payment addon and compare.

    python3 -m tests.upstream 19.0 [--tags /account] [--fresh]

The addon is installed in its default configuration. A test that fails with the addon and not
without it is a fault, unless ``differs.toml`` names it and says why it must differ. Ends with
status 1 when there is a fault, or when no test ran.

What Odoo's tests give without the addon depends on Odoo and this machine only, so it is kept in
the cache folder and taken from there; the output says from when it is. ``--fresh`` runs it again.
"""

import argparse
import sys
from pathlib import Path

import tomllib

from tools import database, runtime
from tools.places import LOGS, made
from tools.say import command, say, step

from . import kept
from .results import Results

DIFFERS = Path(__file__).with_name("differs.toml")
MODULE = "payment_account_enhanced"


def main():
    arguments = _arguments()
    chosen = runtime.get(arguments.series)
    without = _without(chosen, arguments)
    with_addon = _run(chosen, arguments, "with", [MODULE])
    expected = tomllib.loads(DIFFERS.read_text()).get(arguments.series, {})
    problems = with_addon.problems_beside(without, expected)
    say(f"without: {without}")
    say(f"with:    {with_addon}")
    for name, reason in expected.items():
        say(f"differs by design: {name}: {reason}")
    say("\n".join(problems) or "no new failures")
    sys.exit(bool(problems))


def _without(chosen, arguments):
    """Return the results of stock Odoo, those of an earlier run where nothing has changed."""
    place = kept.place(chosen.source, arguments.tags)
    if place.exists() and not arguments.fresh:
        say(f"{chosen.series}: tests without the addon: results of {kept.age(place)}, kept")
        return Results.loads(place.read_text())
    results = _run(chosen, arguments, "without", [])
    if results.number:
        place.write_text(results.dumps())
    return results


def _run(chosen, arguments, label, modules):
    """Run the tests in a fresh database and return their :class:`Results`."""
    name = f"{arguments.prefix}upstream_{label}"
    for line in database.new(chosen, name, modules):
        say(line)
    argv = chosen.odoo(
        f"--database={name}",
        "--update=account",
        f"--test-tags={arguments.tags}",
        "--stop-after-init",
        f"--http-port={arguments.port}",
        "--max-cron-threads=0",
        "--log-level=info",
    )
    log = made(LOGS) / f"{chosen.series}-{name}-tests.log"
    with step(f"{chosen.series}: tests {label} the addon, log in {log}"), log.open("w") as handle:
        chosen.run(argv, stderr=handle, check=False)
    database.drop(chosen, name)
    return Results.parse(log.read_text())


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.upstream", description=__doc__)
    parser.add_argument("series")
    parser.add_argument("--tags", default="/account", help="Odoo's --test-tags")
    parser.add_argument("--fresh", action="store_true", help="run the stock half again")
    parser.add_argument("--prefix", default="", help="of the databases' names")
    parser.add_argument("--port", type=int, default=8135, help="for the tests over HTTP")
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
