"""Reads the log of Odoo's test runner. Imports no Odoo."""

import json
import re
from dataclasses import dataclass

#: ``… ERROR db odoo.addons.account.tests.test_x: FAIL: TestX.test_y``, and for a whole class
#: ``… ERROR: setUpClass (odoo.addons.account.tests.test_x.TestX)``
FAILURE = re.compile(
    r" (?:ERROR|FAIL)\b.*?: (?:ERROR|FAIL): (?:Subtest )?(\w+\.\w+|\w+ \([\w.]+\))"
)
#: ``… odoo.tests.result: 1 failed, 0 error(s) of 602 tests when loading …``
SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


@dataclass(frozen=True)
class Results:
    """``number`` of tests that ran, and the names of those that failed, as ``Class.test``."""

    number: int
    failed: frozenset

    @classmethod
    def parse(cls, log):
        """Return the results in a log; no summary line means that no test ran.

        :param str log: of Odoo, level info.
        """
        number = max((int(found[2]) for found in SUMMARY.findall(log)), default=0)
        return cls(number, frozenset(FAILURE.findall(log)))

    @classmethod
    def loads(cls, text):
        """Return what :meth:`dumps` wrote."""
        values = json.loads(text)
        return cls(values["number"], frozenset(values["failed"]))

    def dumps(self):
        return json.dumps({"number": self.number, "failed": sorted(self.failed)}, indent=1)

    def problems_beside(self, without, expected):
        """Return in words what is worse than ``without``.

        :param Results without: of the same tests without the addon.
        :param dict expected: names of tests that must differ → reason.
        """
        problems = [f"fails with the addon only: {name}" for name in self._new(without, expected)]
        if not self.number:
            problems.append("no test ran with the addon")
        elif self.number != without.number:
            problems.append(f"{self.number} tests ran with the addon, {without.number} without")
        return problems

    def _new(self, without, expected):
        return sorted(self.failed - without.failed - set(expected))

    def __str__(self):
        return f"{self.number} tests, {len(self.failed)} failed"
