# pylint: disable=invalid-commit
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.ipai_release_governance.core import quality
from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..checks.base import CheckError, Measurement, Verdict
from ..models import release_queue, release_queue_snapshot
from ..models.snapshot_pool import SnapshotPool
from .common import GROUP, QueueCase, sql

YES = sql("SELECT true AS ok")
NO = sql("SELECT false AS ok")
#: A few tenths of a second.
TAKES_TIME = sql("SELECT count(*) > 0 AS ok FROM generate_series(1, 2000000)")
SLOW = sql("SELECT true AS ok FROM generate_series(1, 100000000)")

QUEUE_LOG = "odoo.addons.ipai_release_checks.models.release_queue"

#: PostgreSQL refuses to let this test's items pass: always, or the first time only.
REFUSAL = """
CREATE SEQUENCE ipai_test_refusals;
CREATE FUNCTION ipai_test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('ipai_test_refusals') <= %(times)s THEN
        RAISE 'refused by the test' USING ERRCODE = %(code)s;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ipai_test_refusal BEFORE UPDATE ON ipai_release_item
   FOR EACH ROW WHEN (NEW.outcome = 'passed') EXECUTE FUNCTION ipai_test_refuse();
"""
NO_REFUSAL = """
DROP FUNCTION ipai_test_refuse CASCADE;
DROP SEQUENCE ipai_test_refusals;
"""


class TestQueue(QueueCase):
    @contextmanager
    def refusing(self, code, times):
        """PostgreSQL answers so many attempts to pass an item with the error of this code."""
        self.cr.execute(REFUSAL, {"code": code, "times": times})
        self.cr.commit()
        try:
            with mute_logger("odoo.sql_db"):
                yield
        finally:
            self.cr.rollback()
            self.cr.execute(NO_REFUSAL)
            self.cr.commit()
            self.env.invalidate_all()

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
        self.assertEqual(item.failed_attempts, 2)
        self.assertEqual(set(item.evidence_ids.mapped("attempt")), {1, 2})

    def test_who_presses_has_a_hand_in_it(self):
        release = self.make_release([("1", "sql", NO)])
        self.work()
        other = new_test_user(
            self.env,
            login=f"other_{self.stamp}",
            groups=f"{GROUP}executor,{GROUP}approver",
        )
        release.with_user(other).action_retry_failed()
        self.assertIn(other, release._executors())
        self.assertIn("executed a part", release._duty_obstacle(other))

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
        # The machine measured again what never failed: nobody retried, and the score knows.
        kinds = release.event_ids.mapped("kind")
        self.assertIn("remeasured", kinds)
        self.assertNotIn("retry", kinds)
        failed = self.item(release, "1").failed_attempts
        self.assertEqual(quality.item_score("passed", "critical", failed), quality.BEST)

    def test_a_pass_finishes_the_phase_whose_snapshot_it_has(self):
        release = self.make_release([(code, "sql", TAKES_TIME) for code in "123"])
        with patch.object(release_queue, "BUDGET", 0.05):
            self.work()
        self.assertEqual(set(self.outcomes(release).values()), {"passed"})
        self.assertEqual(release.item_ids.mapped("attempt"), [1, 1, 1])
        self.assertEqual(len(set(release.item_ids.mapped("snapshot_name"))), 1)

    def test_a_phase_that_takes_longer_than_any_pass_is_given_up(self):
        release = self.make_release([(code, "sql", TAKES_TIME) for code in "123"])
        with (
            patch.object(release_queue, "BUDGET", 0.05),
            patch.object(release_queue_snapshot, "longest_pass", lambda: 0.1),
        ):
            self.work()
            self.work()
        self.assertEqual(
            self.outcomes(release), {"1": "passed", "2": "inconclusive", "3": "inconclusive"}
        )
        self.assertIn("limit_time_real_cron", self.item(release, "2").hint)
        self.assertEqual(release.phase_ids.state, "blocked")
        release.with_user(self.executor).action_retry_failed()
        self.work()
        self.assertEqual(set(self.outcomes(release).values()), {"passed"})
        self.assertEqual(len(set(release.item_ids.mapped("snapshot_name"))), 1)

    def test_a_role_that_does_not_exist_is_an_error_and_not_for_ever(self):
        release = self.make_release([("1", "sql", YES), ("2", "sql", YES)])
        target = release.sudo().target_id
        target.check_role = "no_such_role"
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "error", "2": "error"})
        self.assertIn("no_such_role", self.item(release, "1").summary)
        self.assertFalse(self.item(release, "1").snapshot_name)
        target.check_role = False
        release.with_user(self.executor).action_retry_failed()
        self.work()
        self.assertEqual(self.outcomes(release), {"1": "passed", "2": "passed"})

    def test_a_pool_hands_out_no_snapshot_that_was_lost_or_never_open(self):
        phase = self.make_release([("1", "sql", YES)]).phase_ids
        pool = SnapshotPool(self.cr.dbname)
        self.addCleanup(pool.close)
        phase.release_id.sudo().target_id.check_role = "no_such_role"
        for _time in range(2):
            with self.assertRaisesRegex(CheckError, "no_such_role"):
                pool.snapshot(phase)
            self.assertIsNone(pool.name(phase))
        phase.release_id.sudo().target_id.check_role = False
        lost = pool.snapshot(phase)
        self.cr.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'ipai_release_checks'"
        )
        with self.assertRaisesRegex(CheckError, "connection"):
            lost.query("SELECT 1 AS one")
        self.assertIsNone(pool.name(phase))
        self.assertEqual(len(pool.snapshot(phase).query("SELECT 1 AS one").rows), 1)

    def test_what_keeps_a_result_from_being_written_becomes_the_result(self):
        release = self.make_release([("1", "sql", YES), ("2", "sql", NO)])
        with self.refusing("P0001", times=99), self.assertLogs(QUEUE_LOG, "ERROR"):
            self.work()
        item = self.item(release, "1")
        self.assertEqual(self.outcomes(release), {"1": "error", "2": "failed"})
        self.assertIn("refused by the test", item.summary)
        self.assertIn("Traceback", item.evidence_ids.output)
        self.assertFalse(item.lease_until)

    def test_a_write_that_met_another_is_repeated(self):
        for code in ("40001", "40P01", "55P03"):
            with self.subTest(code=code), self.refusing(code, times=2):
                release = self.make_release([("1", "sql", YES)])
                self.work()
                self.assertEqual(self.outcomes(release), {"1": "passed"})
                self.assertEqual(release.item_ids.attempt, 1)

    def test_a_result_with_nul_characters_is_kept_without_them(self):
        item = self.make_release([("1", "sql", YES)]).item_ids
        item._settle(
            item._result(
                Measurement({"name": "a\0b"}, output="a\0b"),
                Verdict("failed", "a\0b", ("a\0b",), "a\0b"),
            )
        )
        self.env.flush_all()
        self.assertEqual(
            {item.summary, item.records, item.hint, item.evidence_ids[:1].output}, {"ab"}
        )
        self.assertEqual(item.measurement_ids.value, "ab")

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

    def test_however_often_it_is_killed_its_job_is_not_put_behind_others(self):
        """Odoo counts a failure after three deaths of a job that has said nothing of progress."""
        if "ir.cron.progress" not in self.env:
            self.assertEqual(SERIES, 17)
            return
        job = self.env.ref("ipai_release_checks.cron_queue")
        progress = job._add_progress(timed_out_counter=2)[1]
        self.cr.commit()
        with self.other_session() as other:
            told = {"cron_id": job.id, "ir_cron_progress_id": progress.id}
            other["ipai.release.queue"].with_context(**told)._work()
        self.env.invalidate_all()
        self.assertTrue(progress.done)
        self.assertFalse(progress.remaining)
