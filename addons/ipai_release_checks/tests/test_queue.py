# pylint: disable=invalid-commit
from datetime import timedelta

from odoo import fields

from .common import QueueCase, sql

YES = sql("SELECT true AS ok")
NO = sql("SELECT false AS ok")
SLOW = sql("SELECT true AS ok FROM generate_series(1, 100000000)")


class TestQueue(QueueCase):
    def test_automated_items_run_by_themselves_after_the_start(self):
        release = self.make_release([("1", "sql", YES), ("2", "sql", YES)])
        self.assertEqual(self.outcomes(release), {"1": "pending", "2": "pending"})
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "passed", "2": "passed"})
        self.assertEqual(release.phase_ids.state, "passed")
        self.assertEqual(release.signoff_ids.state, "requested")

    def test_a_check_waits_for_the_manual_item_before_it(self):
        release = self.make_release([("1", "manual", {}), ("2", "sql", YES)])
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "pending", "2": "pending"})
        self.item(release, "1").with_user(self.executor).action_pass()
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "passed", "2": "passed"})

    def test_all_checks_of_a_phase_run_although_one_fails(self):
        release = self.make_release([("1", "sql", NO), ("2", "sql", YES)], gate="abort")
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "failed", "2": "passed"})
        self.assertEqual(release.state, "aborted")
        self.assertIn("Item 1", release.end_reason)

    def test_what_measured_nothing_holds_the_phase_for_a_person(self):
        missing = sql("SELECT true AS ok FROM no_such_table")
        release = self.make_release([("1", "sql", missing)], gate="abort")
        self.work()
        self.assertIn(self.item(release, "1").outcome, ("error", "inconclusive"))
        self.assertIn("no_such_table", self.item(release, "1").summary)
        self.assertEqual(release.phase_ids.state, "blocked")
        self.assertEqual(release.state, "running")

    def test_retry_failed_runs_it_again_and_keeps_the_first_attempt(self):
        release = self.make_release([("1", "sql", NO)])
        self.work()
        release.with_user(self.executor).action_retry_failed()
        self.work()
        item = self.item(release, "1")
        self.assertEqual((item.outcome, item.attempt), ("failed", 2))
        self.assertEqual(set(item.evidence_ids.mapped("attempt")), {1, 2})

    def test_all_figures_of_a_phase_come_from_one_snapshot(self):
        name = sql("SELECT true AS ok, pg_current_snapshot()::text AS name")
        release = self.make_release([("1", "sql", name), ("2", "manual", {}), ("3", "sql", name)])
        self.work()
        first = self.item(release, "1").snapshot_name
        self.assertTrue(first)
        self.item(release, "2").with_user(self.executor).action_pass()
        self.work()
        self.assertEqual(
            self.item(release, "1").snapshot_name, self.item(release, "3").snapshot_name
        )
        self.assertNotEqual(self.item(release, "1").snapshot_name, first)
        self.assertEqual(self.item(release, "1").attempt, 2)

    def test_a_time_out_is_inconclusive(self):
        release = self.make_release([("1", "sql", SLOW)])
        release.sudo().target_id.statement_timeout = 1
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "inconclusive")

    def test_a_dead_worker_s_item_is_taken_over(self):
        release = self.make_release([("1", "sql", YES)])
        item = self.item(release, "1")
        worker = self.registry.cursor()
        claimed = self.env(cr=worker)["ipai.release.queue"]._claim()
        self.assertEqual(claimed.id, item.id)
        self.kill(worker)
        self.cr.rollback()
        self.env.invalidate_all()
        self.assertEqual(item.outcome, "running")
        self.work()
        self.assertEqual((item.outcome, item.fence), ("passed", 2))

    def test_a_live_worker_keeps_its_item_until_the_lease_is_over(self):
        release = self.make_release([("1", "sql", YES)])
        item = self.item(release, "1")
        with self.other_session() as other:
            other["ipai.release.queue"]._claim()
            self.work()
            self.assertEqual((item.outcome, item.fence), ("running", 1))
            item._store({"lease_until": fields.Datetime.now() - timedelta(seconds=1)})
            self.work()
            self.assertEqual((item.outcome, item.fence), ("passed", 2))

    def test_a_result_of_a_lost_claim_is_dropped(self):
        release = self.make_release([("1", "sql", NO)])
        with self.other_session() as other:
            queue = other["ipai.release.queue"]
            claimed = queue._claim()
            result = claimed._execute()
            self.item(release, "1")._store({"fence": 7})
            self.cr.commit()
            other.cr.rollback()
            queue._settle(claimed, 1, result, None)
        self.env.invalidate_all()
        self.assertEqual(self.item(release, "1").outcome, "running")

    def test_a_broken_check_is_an_error_with_its_trace(self):
        release = self.make_release([("1", "sql", YES)])
        self.item(release, "1")._store({"check_params": "no JSON"})
        with self.assertLogs("odoo.addons.ipai_release_checks.models.release_item", "ERROR"):
            self.work()
        item = self.item(release, "1")
        self.assertEqual(item.outcome, "error")
        self.assertIn("Traceback", item.evidence_ids.output)
