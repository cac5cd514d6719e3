# pylint: disable=invalid-commit
from odoo.exceptions import UserError
from odoo.service.model import retrying

from .common import QueueCase, sql

YES = sql("SELECT true AS ok")


class TestTogether(QueueCase):
    """Two people press at the same moment: each in a transaction of their own."""

    def _scheduled(self, **values):
        runbook = self.make_release([("1", "sql", YES)]).runbook_id
        self.env["ipai.release"].search([("state", "=", "running")])._abort("made the runbook")
        release = self._plan(runbook)
        if values:
            release.write(values)
        release.action_schedule()
        self.cr.commit()
        return release

    def _press(self, env, release, button):
        release = env["ipai.release"].browse(release.id).with_user(self.executor.id)
        retrying(getattr(release, button), env)

    def test_one_starts_and_the_other_reads_who_was_faster(self):
        release = self._scheduled()
        with self.other_session() as first, self.other_session() as second:
            # The second transaction sees the release as scheduled from here on.
            self.assertEqual(second["ipai.release"].browse(release.id).state, "scheduled")
            self._press(first, release, "action_start")
            with self.assertRaisesRegex(UserError, "was started already, by executor_"):
                self._press(second, release, "action_start")
        self.env.invalidate_all()
        self.cr.rollback()
        kinds = release.event_ids.filtered(lambda row: '"to":"running"' in row.payload)
        self.assertEqual(len(kinds), 1)

    def test_two_releases_of_one_target(self):
        release = self._scheduled()
        other = self._scheduled(target_id=release.target_id.id)
        with self.other_session() as first, self.other_session() as second:
            self.assertEqual(second["ipai.release"].browse(other.id).state, "scheduled")
            self._press(first, release, "action_start")
            with self.assertRaisesRegex(UserError, "at the same moment|is running on"):
                self._press(second, other, "action_start")

    def test_run_checks_twice_runs_each_check_once(self):
        release = self.make_release([("1", "sql", YES)])
        with self.other_session() as first, self.other_session() as second:
            self.assertTrue(second["ipai.release"].browse(release.id).item_ids.queued_at)
            self._press(first, release, "action_run_checks")
            self._press(second, release, "action_run_checks")
        self.work()
        self.assertEqual((release.item_ids.outcome, release.item_ids.attempt), ("passed", 1))

    def test_two_workers_do_no_item_twice(self):
        release = self.make_release([("1", "sql", YES), ("2", "sql", YES)])
        with self.other_session() as first, self.other_session() as second:
            claimed = first["ipai.release.queue"]._claim()
            self.assertEqual(claimed.code, "1")
            self.assertFalse(second["ipai.release.queue"]._claim())
        self.assertEqual(release.item_ids.mapped("attempt"), [0, 0])
