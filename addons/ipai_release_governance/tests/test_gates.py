from odoo.addons.ipai_series.compat import GROUPS
from odoo.exceptions import AccessError, UserError

from ..core import vocabulary
from .common import ReleaseCommon


class TestGateRule(ReleaseCommon):
    """The rule alone, without a release around it."""

    def test_waits_while_an_item_is_open(self):
        self.assertEqual(vocabulary.gate(["failed", "pending"], "abort"), "wait")

    def test_passes_when_nothing_blocks(self):
        accepted = ["passed", "warned", "skipped", "waived"]
        self.assertEqual(vocabulary.gate(accepted, "abort"), "pass")

    def test_a_failure_sets_off_the_policy(self):
        for policy, act in (
            ("abort", "abort"),
            ("roll_back", "roll_back"),
            ("investigate", "hold"),
            ("proceed", "pass"),
        ):
            with self.subTest(policy=policy):
                self.assertEqual(vocabulary.gate(["passed", "failed"], policy), act)

    def test_what_measured_nothing_waits_for_a_person(self):
        for outcome in ("error", "inconclusive"):
            with self.subTest(outcome=outcome):
                self.assertEqual(vocabulary.gate(["passed", outcome], "abort"), "hold")

    def test_proceed_does_not_wave_through_what_measured_nothing(self):
        self.assertEqual(vocabulary.gate(["failed", "error"], "proceed"), "hold")

    def test_no_items_is_no_failure(self):
        self.assertEqual(vocabulary.gate([], "abort"), "pass")


class TestGates(ReleaseCommon):
    def test_abort_by_itself(self):
        release = self.start()
        self.do(release, "0.1")
        self.assertEqual(release.state, "running")
        self.do(release, "0.2", "failed")
        self.assertEqual(release.state, "aborted")
        self.assertIn("0.2 Item 0.2 failed", release.end_reason)
        states = {phase.code: phase.state for phase in release.phase_ids}
        self.assertEqual((states["0"], states["4"]), ("failed", "abandoned"))

    def test_roll_back_by_itself(self):
        release = self.start()
        self.do(release, "0.1")
        self.do(release, "0.2")
        self.do(release, "4.1", "failed")
        self.assertTrue(release.rolling_back)
        self.do(release, "R.1")
        self.assertEqual(release.state, "rolled_back")
        self.assertEqual(release.verdict, "critical_failure")

    def test_held_until_a_person_retries(self):
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "inconclusive", summary="time-out")
        phase = release.phase_ids.filtered(lambda row: row.code == "0")
        self.assertEqual((release.state, phase.state), ("running", "blocked"))
        self.assertIn(self.people["executor"], release.activity_ids.user_id)
        self.as_("tester", self.item(release, "0.2")).action_retry()
        self.assertEqual(phase.state, "running")
        self.assertNotIn(self.people["executor"], release.activity_ids.user_id)
        self.do(release, "0.2")
        self.assertEqual(phase.state, "passed")
        self.assertEqual(self.item(release, "0.2").attempt, 2)

    def test_waived_by_somebody_else(self):
        release = self.start()
        self.do(release, "0.2")
        self.settle(release, "0.1", "error")
        item = self.item(release, "0.1")
        with self.assertRaisesRegex(AccessError, "approvers and runbook managers"):
            self.as_("executor", item).action_waive("fine")
        self.as_("finance", item).action_waive("The mirror is down; checked by hand")
        self.assertEqual(item.outcome, "waived")
        self.assertEqual(item.waived_by_id, self.people["finance"])
        self.assertEqual(item.phase_id.state, "passed")

    def test_who_executed_never_waives(self):
        self.people["tester"].write(
            {GROUPS: [(4, self.env.ref("ipai_release_governance.group_release_manager").id)]}
        )
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "error")
        item = self.item(release, "0.2")
        item._store({"executed_by_id": self.people["tester"].id})
        with self.assertRaisesRegex(AccessError, "had a hand"):
            self.as_("tester", item).action_waive("fine")

    def test_a_decision_at_a_blocked_gate(self):
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "error")
        phase = release.phase_ids.filtered(lambda row: row.state == "blocked")
        wizard = self.env["ipai.release.gate.wizard"].with_user(self.people["executor"])
        wizard = wizard.create({"phase_id": phase.id, "decision": "abort", "reason": "No time"})
        wizard.action_confirm()
        self.assertEqual((release.state, release.end_reason), ("aborted", "No time"))
        self.assertEqual(
            (phase.gate_decision, phase.gate_by_id), ("abort", self.people["executor"])
        )

    def test_a_failure_is_not_accepted_until_a_day_that_is_over(self):
        release = self.start()
        self.do(release, "0.2", "failed")
        with self.assertRaisesRegex(UserError, "Until: choose today"):
            self.as_("finance", self.item(release, "0.2")).action_waive("Fine", "2020-01-31")
        self.assertEqual(self.item(release, "0.2").outcome, "failed")

    def test_nobody_decides_at_a_gate_that_does_not_hold(self):
        release = self.start()
        with self.assertRaisesRegex(UserError, "waits for nobody"):
            release.phase_ids[1].action_gate()

    def test_a_failed_minor_item_is_a_warning(self):
        release = self.start()
        self.item(release, "0.2")._store({"severity": "minor"})
        self.do(release, "0.1")
        self.do(release, "0.2", "failed")
        self.assertEqual(self.item(release, "0.2").outcome, "warned")
        self.assertEqual(release.state, "running")
        self.assertFalse(release.incident_ids)

    def test_only_minor_items_are_skipped(self):
        release = self.start()
        item = self.as_("tester", self.item(release, "0.2"))
        with self.assertRaisesRegex(UserError, "not minor"):
            item.action_skip("no time")
        item._store({"severity": "minor"})
        item.action_skip("no time")
        self.assertEqual(item.outcome, "skipped")

    def test_a_blocking_failure_proposes_an_incident_once(self):
        release = self.start()
        for _attempt in range(2):
            self.settle(release, "0.2", "error", summary="no connection")
            self.as_("tester", self.item(release, "0.2"))._reopen()
        incident = release.incident_ids
        self.assertEqual(len(incident), 1)
        self.assertEqual((incident.status, incident.severity), ("proposed", "critical"))
        self.assertIn("no connection", incident.description)

    def test_a_rollback_that_fails_waits_for_a_person(self):
        release = self.start()
        release.action_roll_back("slow")
        self.do(release, "R.1", "failed")
        self.assertEqual(release.state, "running")
        self.assertEqual(self.item(release, "R.1").phase_id.state, "blocked")
