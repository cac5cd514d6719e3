"""Run one batch of tests: its database, the installation log, pytest."""

import os
import re
import subprocess
import time

from tools import database, pytest
from tools.places import BUILD, ROOT, made
from tools.results import Result, read
from tools.say import Missing, say

REPORTS = BUILD / "tests"
OPTIONS = ("-q", "--tb=short", "--no-header", "-p", "no:cacheprovider")


def run(batch, runtimes):
    """Run a batch and return its :class:`~tools.results.Result`.

    :param runtimes: ``{series: Runtime}``.
    """
    say(f"\n== {batch.label} ({'Odoo ' + batch.series if batch.series else 'no Odoo'})")
    result = Result(batch.label, batch.series)
    started = time.monotonic()
    if batch.series:
        _run_on_odoo(batch, runtimes[batch.series], result)
    else:
        _run_pure(batch, next(iter(runtimes.values())), result)
    result.seconds = time.monotonic() - started
    return result


def _run_pure(batch, chosen, result):
    """Run without pytest-odoo. Odoo's tree can be found, for its files; nothing imports it.

    More processes than processors: these tests mostly wait for others.
    """
    plugins = ("-p", "no:odoo", "-p", "tools.pure")
    argv = [chosen.python, "-m", "pytest", *plugins, "--numprocesses=4"]
    _pytest(batch, result, argv, chosen.variables)


def _run_on_odoo(batch, chosen, result):
    name = f"ipai_test_{chosen.series.replace('.', '')}_{os.getpid()}"
    try:
        database.new(chosen, name)
        for action in (database.install, database.update) if batch.modules else ():
            log = _report(batch, f"{action.__name__}.log")
            lines = action(chosen, name, batch.modules, log)
            result.failed += [f"{action.__name__}: {line}" for line in lines]
        _pytest(batch, result, pytest.arguments(chosen, name), chosen.variables)
    except Missing as problem:
        result.failed.append(f"{batch.label}: {problem}")
    finally:
        database.drop(chosen, name)


def _report(batch, ending):
    """Return the path of one file about this batch."""
    return made(REPORTS) / f"{batch.series or 'pure'}-{batch.label.replace('/', '-')}-{ending}"


def _pytest(batch, result, argv, variables):
    report = _report(batch, "tests.xml")
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [*argv, *OPTIONS, f"--junit-xml={report}", *batch.paths],
        env=variables,
        cwd=ROOT,
        check=False,
    )
    read(result, report, done.returncode)


def drop_left_over(runtimes):
    """Drop the databases of test runs that were killed. Only on our own cluster."""
    for chosen in runtimes if not os.environ.get("PGHOST") else ():
        for name in database.names(chosen):
            match = re.fullmatch(r"ipai_test_(\d+)_(\d+)", name)
            same = match and match[1] == chosen.series.replace(".", "")
            if same and not os.path.exists(f"/proc/{match[2]}"):
                database.drop(chosen, name)
