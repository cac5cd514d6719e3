"""Measure payments with and without the payment addon, alternating in one process.

    python3 -m tests.bench 19.0 [--count 500] [--rounds 5]

On 18.0 OCA's approval of payments is measured in the same run, in a database of its own. Makes
the databases, or takes those of the last run with ``--keep``. Ends with status 1 when the addon
costs more than the limits in :mod:`tests.bench.verdict`.
"""

import argparse
import subprocess
import sys

from tools import database, runtime
from tools.say import command, say

from . import oca

WITHOUT, WITH, BESIDE = "bench_without", "bench_with", "bench_oca"


def main():
    arguments = _arguments()
    chosen = runtime.get(arguments.series)
    modules = {WITHOUT: [], WITH: ["payment_account_enhanced"]}
    with_oca = oca.runtime(chosen)
    if with_oca:
        chosen = with_oca
        modules[BESIDE] = [oca.MODULE]
    names = {f"{arguments.prefix}{name}": wanted for name, wanted in modules.items()}
    if not arguments.keep:
        _make(chosen, names)
    sys.exit(_measure(chosen, arguments, names).returncode)


def _make(chosen, names):
    for name, modules in names.items():
        for line in database.new(chosen, name, modules):
            say(line)


def _measure(chosen, arguments, names):
    return chosen.run(
        [
            chosen.python,
            "-m",
            "tests.bench.measure",
            f"--addons-path={chosen.addons_path}",
            f"--data-dir={chosen.data}",
            f"--count={arguments.count}",
            f"--rounds={arguments.rounds}",
            *names,
        ]
    )


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("series")
    parser.add_argument("--count", type=int, default=500, help="payments in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each database")
    parser.add_argument("--prefix", default="", help="of the databases' names")
    parser.add_argument("--keep", action="store_true", help="use the databases of the last run")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        command(main)
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
