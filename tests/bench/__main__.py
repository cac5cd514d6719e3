"""Measure payments with and without the payment addon, alternating in one process.

    python3 -m tests.bench 19.0 [--count 500] [--rounds 5]

Makes two databases, or takes those of the last run with ``--keep``. Ends with status 1 when the
addon costs more than the limits in :mod:`tests.bench.verdict`.
"""

import argparse
import subprocess
import sys

from tools import database, runtime
from tools.say import command, say

WITHOUT, WITH = "bench_without", "bench_with"


def main():
    arguments = _arguments()
    chosen = runtime.get(arguments.series)
    names = [f"{arguments.prefix}{name}" for name in (WITHOUT, WITH)]
    if not arguments.keep:
        for name, modules in zip(
            names, ([], ["payment_account_enhanced", *arguments.beside]), strict=True
        ):
            for line in database.new(chosen, name, modules):
                say(line)
    run = chosen.run(
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
    sys.exit(run.returncode)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("series")
    parser.add_argument("--count", type=int, default=500, help="payments in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each database")
    parser.add_argument("--prefix", default="", help="of the databases' names")
    parser.add_argument("--keep", action="store_true", help="use the databases of the last run")
    parser.add_argument("--beside", action="append", default=[], help="another module to install")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        command(main)
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
