"""The record of a release is what its journal tells, whoever changed it and however."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from psycopg2 import OperationalError

from .evidence_case import EvidenceCase


class TestVerify(EvidenceCase):
    def test_an_untouched_release_verifies_at_each_step(self):
        release = self._make_release()
        self.assertEqual(release._findings(), [])
        release.title = "Another title"
        release.member_ids.filtered(lambda row: row.role_id.code == "qa").unlink()
        self.assertEqual(release._findings(), [])
        release = self.ended()
        self.assertEqual(release._findings(), [])
        self.assertEqual(self.begun()._findings(), [])

    def test_the_result_is_an_event_and_on_the_form(self):
        release = self.ended()
        self.env.cr.flush()
        head = release.journal_head
        self.as_("auditor", release).action_verify()
        self.assertEqual((release.verified_result, release.verified_findings), ("passed", False))
        self.assertTrue(release.verified_at)
        self.assertEqual(
            (release.event_ids[-1].kind, release.event_ids[-1].actor), ("verified", "rel_auditor")
        )
        self.assertEqual(release.event_ids[-1].previous, head)
        self.assertEqual(release._findings(), [])

    def test_findings_are_shown_kept_and_told_to_the_auditors(self):
        release = self.ended()
        self.tamper(
            "UPDATE ipai_release_item SET outcome = 'passed' WHERE id = %s",
            self.item(release, "0.2").id,
        )
        self.as_("manager", release).action_verify()
        self.assertEqual(release.verified_result, "failed")
        self.assertIn("item 0.2: outcome is 'passed', and 'waived'", release.verified_findings)
        self.assertIn("0.2", release.event_ids[-1].payload)
        activity = release.activity_ids.filtered(lambda row: row.user_id == self.people["auditor"])
        self.assertIn("does not verify", activity.summary)
        self.as_("manager", release).action_verify()
        self.assertEqual(
            len(release.activity_ids.filtered(lambda row: row.user_id == self.people["auditor"])), 1
        )

    def test_only_auditors_and_managers_verify(self):
        release = self.start()
        for who in ("viewer", "tester", "executor", "finance"):
            with self.subTest(who=who), self.assertRaisesRegex(AccessError, "Only auditors"):
                self.as_(who, release).action_verify()

    def test_a_journal_no_event_can_follow_is_told_all_the_same(self):
        release = self.start()
        self.tamper("UPDATE ipai_release SET journal_length = 3 WHERE id = %s", release.id)
        self.as_("auditor", release).action_verify()
        self.assertEqual(release.verified_result, "failed")

    def test_a_record_that_cannot_be_read_is_a_finding(self):
        release = self.start()
        with patch.object(type(release), "_verify_actors", side_effect=ValueError("not base64")):
            self.as_("auditor", release).action_verify()
        self.assertEqual(release.verified_result, "failed")
        self.assertIn("read to its end: ValueError: not base64", release.verified_findings)
        self.assertIn(self.people["auditor"], release.activity_ids.user_id)
        self.assertEqual(release.event_ids[-1].kind, "verified")
        self.assertEqual(release._findings(), [])

    def test_a_record_somebody_writes_to_is_no_finding(self):
        release = self.start()
        busy = patch.object(type(release), "_verify_actors", side_effect=OperationalError("busy"))
        with busy, self.assertRaises(OperationalError):
            release._verify()
        self.assertFalse(release.verified_result)

    def test_the_weekly_run_takes_what_is_due(self):
        release = self._make_release()
        self.assertNotIn(release, release._due_for_verification(0))
        release.action_schedule()
        self.assertIn(release, release._due_for_verification(0))
        self.as_("auditor", release).action_verify()
        self.assertNotIn(release, release._due_for_verification(0))
        release._store({"verified_at": release.verified_at - timedelta(days=7)})
        self.assertIn(release, release._due_for_verification(0))

    def test_a_restored_record_tells_its_new_ids_and_nothing_else(self):
        release = self.begun()
        incident = release.incident_ids[:1]
        self.tamper("UPDATE ipai_release_incident SET id = id + 1000 WHERE id = %s", incident.id)
        self.tamper(
            "UPDATE ipai_release_signoff SET user_id = NULL WHERE release_id = %s", release.id
        )
        self.assertTrue(release._findings())
        self.tamper(
            "UPDATE ipai_release_item SET outcome = 'failed' WHERE id = %s",
            self.item(release, "0.1").id,
        )
        release._note_reseated()
        release._log("replayed", {})
        [finding] = release._findings()
        self.assertIn("item 0.1: outcome is 'failed', and 'passed'", finding)

    def tamper(self, statement, *values):
        """Change the record past the ORM."""
        self.env["ipai.release"]._journal_pending()
        self.env.flush_all()
        self.env.cr.execute(statement, values)
        self.env.invalidate_all()
