"""The measurement itself, in an Odoo process: ``python -m tools.bench.inside DATABASE``.

:mod:`tools.bench` starts this in the virtual environment of a series.
"""

import argparse
import statistics
import time
from datetime import timedelta

from lxml import etree
from odoo.tests import new_test_user

from tools.inside import add_arguments, environment
from tools.say import command, say

#: Items of the release that is printed, and of those whose form is opened.
PRINTED = 500
OPENED = (20, 200)
ROUNDS = 5
#: Lines of output that each item keeps as evidence.
OUTPUT = 12


def main():
    arguments = _arguments()
    with environment(arguments) as env:
        bench = Bench(env(context={"lang": "en_US"}))
        bench.print_pdf()
        bench.open_form()
        env.cr.rollback()


def _arguments():
    parser = argparse.ArgumentParser(prog="tools.bench.inside", description=__doc__)
    add_arguments(parser)
    return parser.parse_args()


class Bench:
    """Releases of several sizes, made in one transaction that is rolled back."""

    def __init__(self, env):
        self.env = env
        # Importable only now that the addons path was read.
        from odoo.addons.ipai_release_governance.core.result import Result  # noqa: PLC0415
        from odoo.addons.ipai_release_governance.tests.test_screens import (  # noqa: PLC0415
            read_specification,
        )

        self._result = Result
        group = "ipai_release_governance.group_release_approver"
        self._signer = new_test_user(env, login="bench-signer", groups=group)
        self._specification = read_specification

    # -- what is measured --------------------------------------------------------------------

    def print_pdf(self):
        """Seconds for the execution log, as PDF/A-3 with the journal embedded."""
        release = self._release(PRINTED)
        seconds, computing, content = self._timed(lambda: self._pdf(release))
        say(
            f"PDF of {PRINTED} items: {seconds:.1f} s, of which {computing:.1f} s computing "
            f"(median of {ROUNDS}), {len(content) / 1e6:.1f} MB"
        )

    def open_form(self):
        """SQL queries and seconds for what the form reads."""
        for count in OPENED:
            release = self._release(count)
            self._read(release)  # fills the caches that belong to no release
            seconds, _computing, queries = self._timed(lambda release=release: self._read(release))
            say(f"Form with {count} items: {queries} SQL queries, {seconds * 1000:.0f} ms")

    def _timed(self, act):
        """Seconds that passed and seconds of computing (on a busy machine they differ), medians
        of several rounds, and what the last round returned.
        """
        passed, computing = [], []
        for _round in range(ROUNDS):
            self.env.flush_all()
            self.env.invalidate_all()
            started, worked = time.perf_counter(), time.process_time()
            returned = act()
            passed.append(time.perf_counter() - started)
            computing.append(time.process_time() - worked)
        return statistics.median(passed), statistics.median(computing), returned

    def _pdf(self, release):
        report = "ipai_release_governance.action_report_execution_log"
        return self.env["ir.actions.report"]._render_qweb_pdf(report, release.ids)[0]

    def _read(self, release):
        arch = etree.fromstring(release.get_view(view_type="form")["arch"])
        before = self.env.cr.sql_log_count
        release.web_read(self._specification(release, arch))
        return self.env.cr.sql_log_count - before

    # -- what it is measured on --------------------------------------------------------------

    def _release(self, count):
        """A running release of ``count`` items, all but one settled with output."""
        role = self.env.ref("ipai_release_governance.role_executor")
        signing = self.env.ref("ipai_release_governance.role_devops")
        runbook = self._runbook(count, role, signing)
        runbook.action_publish()
        target = self.env["ipai.release.target"].create({"name": f"Shop {count}", "tz": "UTC"})
        now = self.env.cr.now().replace(microsecond=0)
        release = self.env["ipai.release"].create(
            {
                "title": f"{count} items",
                "runbook_id": runbook.id,
                "target_id": target.id,
                "window_start": now,
                "window_end": now + timedelta(days=1),
                "member_ids": [
                    (0, 0, {"role_id": role.id, "user_id": self.env.uid}),
                    (0, 0, {"role_id": signing.id, "user_id": self._signer.id}),
                ],
            }
        )
        release.action_schedule()
        release.action_start()
        output = "\n".join(f"{line:>4}  a line as a check prints it" for line in range(OUTPUT))
        for item in release.item_ids[:-1]:
            item._settle(self._result("passed", "12 rows, expected 12", output=output))
        return release

    def _runbook(self, count, role, signing):
        items = [
            (0, 0, {"code": f"1.{number}", "name": f"Item {number}", "role_id": role.id})
            for number in range(1, count + 1)
        ]
        phase = {"code": "1", "name": "Everything", "stage": "execution", "item_ids": items}
        return self.env["ipai.runbook"].create(
            {
                "name": f"Bench {count}",
                "code": f"bench-{count}",
                "phase_ids": [(0, 0, phase)],
                "signoff_ids": [(0, 0, {"role_id": signing.id, "meaning": "Seen"})],
            }
        )


if __name__ == "__main__":
    command(main)
