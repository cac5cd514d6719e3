"""Run the tests on every series found: ``python3 -m tools.test``, or ``make test``.

The last line is ``N passed, N failed``. A skipped test counts as failed unless its reason says
``missing tool: NAME``, ``missing series: NAME`` or ``missing right: NAME`` and that is true.
"""

import argparse

from tools import batches, results, setup, testrun
from tools.say import command


def main():
    options = _options()
    runtimes = setup.prepare(options.series, testing=True)
    testrun.drop_left_over(runtimes)
    by_series = {chosen.series: chosen for chosen in runtimes}
    plan = batches.plan(by_series, options.addons, options.tests)
    outcome = [testrun.run(batch, by_series) for batch in plan]
    return results.summary(outcome, [] if options.series else setup.not_found())


def _options():
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--series", type=str.split, default=[], help='such as "19.0 17.0"')
    parser.add_argument("--addons", type=str.split, default=[], help="only these addons")
    parser.add_argument("--tests", type=str.split, default=[], help="only these paths")
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
