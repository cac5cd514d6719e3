import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError

from ..core import journal
from .common import ReleaseCommon


class TestLifecycle(ReleaseCommon):
    def test_a_release_runs_from_draft_to_done(self):
        release = self.start()
        self.assertEqual(release.state, "running")
        self.assertRegex(release.name, r"^REL/\d{4}/\d{4}$")
        self.assertEqual(release.module_ids.version_before[-5:], "1.0.0")
        self.deploy(release)
        self.assertEqual(release.state, "running", "the sign-offs are open")
        self.assertTrue(release.actual_end)
        self.sign(release, "devops")
        self.sign(release, "finance_manager")
        self.assertEqual(release.state, "verifying")
        self.do(release, "7.1")
        self.sign(release, "verifier")
        self.assertEqual(release.state, "done")
        self.assertEqual(release.verdict, "complete_success")
        self.assertEqual(set(release.score_ids.mapped("score")), {5, 0})
        self.assertEqual(release.progress, 100.0)
        self.assertGreater(release.retention_date, release.closed_at.date() + timedelta(days=360))

    def test_phases_open_one_after_another(self):
        release = self.start()
        states = {phase.code: phase.state for phase in release.phase_ids}
        self.assertEqual(
            states, {"T": "passed", "0": "running", "4": "pending", "7": "pending", "R": "pending"}
        )
        with self.assertRaisesRegex(UserError, "not open"):
            self.do(release, "4.1")

    def test_start_needs_the_preparation(self):
        release = self._make_release()
        release.action_schedule()
        with self.assertRaisesRegex(UserError, "preparation is not finished.*T.1"):
            release.action_start()

    def test_started_twice_names_who_was_faster(self):
        release = self.start()
        with self.assertRaisesRegex(UserError, "started already, by"):
            release.action_start()

    def test_one_running_release_per_target(self):
        self.start()
        other = self._make_release()
        other.action_schedule()
        self.do(other, "T.1")
        with self.assertRaisesRegex(UserError, "is running on Test shop"):
            other.action_start()

    def test_scheduling_names_what_is_missing(self):
        release = self._make_release(window_start=False, window_end=False, member_ids=[])
        with self.assertRaisesRegex(UserError, "(?s)Maintenance Window.*Team: name somebody"):
            release.action_schedule()

    def test_a_team_member_needs_the_group_of_the_role(self):
        release = self._make_release()
        self.as_("executor", release.member_ids).filtered(
            lambda member: member.role_id.code == "finance_manager"
        ).user_id = self.people["viewer"]
        with self.assertRaisesRegex(UserError, "rel_viewer.*cannot be Finance Manager"):
            release.action_schedule()

    def test_the_plan_is_fixed_after_scheduling(self):
        release = self._make_release()
        release.action_schedule()
        with self.assertRaisesRegex(UserError, "Title of .* is fixed"):
            release.title = "Another"
        release.action_unschedule()
        release.title = "Another"

    def test_cleared_planned_times_are_a_plan_problem(self):
        release = self._make_release()
        release.planned_start = False
        self.assertIn("enter both", release.plan_problem_text)

    def test_set_to_draft_lets_nothing_run_and_keeps_what_was_recorded(self):
        release = self._make_release()
        release.action_schedule()
        release.action_unschedule()
        with self.assertRaisesRegex(UserError, "not open"):
            self.do(release, "T.1")
        release.action_schedule()
        self.do(release, "T.1")
        self.assertEqual(release.phase_ids[0].state, "passed")

    def test_abort_asks_for_a_reason(self):
        release = self.start()
        self.assertEqual(release.action_abort()["res_model"], "ipai.release.reason.wizard")
        self.assertEqual(release.state, "running")
        release.action_abort("Window too short")
        self.assertEqual(release.state, "aborted")
        self.assertEqual(release.end_reason, "Window too short")
        self.assertEqual(self.item(release, "0.1").outcome, "skipped")
        self.assertEqual(release.verdict, "critical_failure")

    def test_roll_back_works_off_its_own_phase(self):
        release = self.start()
        self.do(release, "0.1")
        release.action_roll_back("Shop is slow")
        self.assertTrue(release.rolling_back)
        self.assertEqual(release.state, "running")
        self.do(release, "R.1")
        self.assertEqual(release.state, "rolled_back")

    def test_nothing_leads_out_of_an_end(self):
        release = self.start()
        release.action_abort("enough")
        for act in (release.action_schedule, release.action_start, release.action_unschedule):
            with self.assertRaises(UserError):
                act()

    def test_a_release_is_never_deleted(self):
        release = self._make_release()
        with self.assertRaises(AccessError):
            release.unlink()
        with self.assertRaisesRegex(UserError, "not deleted"):
            release.sudo().unlink()

    def test_the_journal_chains_what_happened(self):
        release = self.start()
        events = [
            {
                "release": release.name,
                **{
                    key: event[key]
                    for key in ("sequence", "kind", "actor", "time", "previous", "hash")
                },
                "payload": json.loads(event.payload),
            }
            for event in release.event_ids
        ]
        self.assertEqual(list(journal.broken_links(events)), [])
        self.assertEqual(events[-1]["hash"], release.journal_head)
        self.assertEqual(release.journal_length, len(events))
        self.assertIn("phase_start", [event["kind"] for event in events])
        events[3]["payload"] = {"item": "forged"}
        self.assertEqual(len(list(journal.broken_links(events))), 1)
