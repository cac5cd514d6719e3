"""Results of tests: read from pytest's JUnit XML, judged, added up and printed."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tools import source
from tools.say import say

# Only these reasons excuse a skipped test, and only when they are true.
EXCUSE = re.compile(r"missing (tool|series|right): (\S+)")
SPACES = ("unshare", "--mount", "--pid", "--cgroup", "--fork")
# What a test needs to be allowed, by a program that ends well where it is.
RIGHTS = {"namespaces": (*SPACES, "mount", "-t", "cgroup2", "cgroup2", "/mnt")}


@dataclass
class Result:
    """Outcome of one batch: number passed, what failed, what was excusably skipped."""

    label: str
    series: str | None
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def place(self):
        return f"Odoo {self.series}" if self.series else "no Odoo"


def read(result, report, status):
    """Add to ``result`` what pytest wrote to ``report``.

    :param report: path of the JUnit XML.
    :param status: exit status of pytest. No report, no test at all, or a failure that the report
        does not hold counts as one failure: silence is never a success.
    """
    # pytest wrote the file a moment ago.
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314
    for case in cases:
        _add(result, case)
    if not result.passed and not result.failed:
        result.failed.append(f"{result.label}: no test ran (pytest ended with status {status})")
    elif status and not result.failed:
        result.failed.append(f"{result.label}: pytest ended with status {status}")


def _add(result, case):
    name = f"{case.get('classname')}::{case.get('name')}"
    skip = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        result.failed.append(name)
    elif skip is None:
        result.passed += 1
    elif _excused(skip.get("message") or "", result.series):
        result.skipped.append(f"{name}: {skip.get('message')}")
    else:
        result.failed.append(f"{name}: skipped: {skip.get('message')}")


def _excused(reason, series):
    """A skip is excused when it names a tool, a series or a right that really is not there."""
    match = EXCUSE.search(reason)
    if match is None:
        return False
    kind, name = match.groups()
    if kind == "tool":
        return shutil.which(name) is None
    if kind == "right":
        return name in RIGHTS and not has_right(name)
    return name in source.SERIES and name != series


def has_right(name):
    """Whether this process may do what :data:`RIGHTS` says under this name."""
    return subprocess.run(RIGHTS[name], capture_output=True, check=False).returncode == 0


def summary(results, not_found):
    """Print the table, what failed, what did not run, and the sum. Return the exit status."""
    width = max((len(result.label) for result in results), default=0)
    say("")
    say(f"{'where':10}  {'tests':{width}}  passed  failed  skipped  seconds")
    for result in results:
        counts = f"{result.passed:6}  {len(result.failed):6}  {len(result.skipped):7}"
        say(f"{result.place:10}  {result.label:{width}}  {counts}  {result.seconds:7.0f}")
    _details(results)
    ran = sorted({result.series for result in results if result.series}, reverse=True)
    say(f"Series that ran: {', '.join(ran) or 'none'}")
    for name in not_found:
        say(f"Series not found: {name} (set {source.variable(name)} to a folder that holds it)")
    passed = sum(result.passed for result in results)
    failed = sum(len(result.failed) for result in results)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def _details(results):
    for result in results:
        for name in result.failed:
            say(f"FAILED  {result.place}  {name}")
        for name in result.skipped:
            say(f"SKIPPED {result.place}  {name}")
