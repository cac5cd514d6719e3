from datetime import timedelta

from odoo.exceptions import AccessError, UserError

from .common import ReleaseCommon


class TestVerification(ReleaseCommon):
    """The verification some hours after the deployment."""

    def _verifying(self, hours=24):
        release = self.start(runbook=self.published(verification_hours=hours))
        self.deploy(release)
        self.sign(release, "finance_manager")
        self.sign(release, "devops")
        return release

    def _late(self, release, **age):
        """As if the verification had been due so long ago."""
        release._store({"verification_due": release._database_now() - timedelta(**age)})

    def _stage(self, release):
        return release.signoff_ids.filtered(lambda row: row.stage == "verification")

    def test_it_is_due_the_runbooks_hours_after_the_deployment(self):
        release = self._verifying()
        wait = release.verification_due - release._database_now()
        self.assertAlmostEqual(wait.total_seconds(), 24 * 3600, delta=60)
        self.assertEqual(self.item(release, "7.1").scheduled_at, release.verification_due)
        self.assertTrue(self.events(release, "verification_scheduled"))
        self.assertIn("stable from", release.now_text)

    def test_items_with_a_time_of_their_own_keep_it(self):
        release = self._verifying()
        item = self.item(release, "7.1")
        item._store({"due_minutes": 90})
        deployed = release.verification_due - timedelta(hours=24)
        self.assertEqual(item._due_at(None), deployed + timedelta(minutes=90))

    def test_nobody_calls_it_stable_before_the_hours_are_over(self):
        release = self._verifying()
        self.do(release, "7.1")
        with self.assertRaisesRegex(UserError, "from .* on: the runbook asks for 24 hours"):
            self.sign(release, "verifier")
        self.assertEqual(self._stage(release).state, "requested")
        note = self.as_("verifier", self._stage(release))._notes_for(self.people["verifier"])
        self.assertIn("stable from", note[0])
        self.hours_later(release)
        self.sign(release, "verifier")
        self.assertEqual(release.state, "done")

    def test_issues_are_told_as_soon_as_they_are_found(self):
        release = self._verifying()
        self.do(release, "7.1")
        self.sign(release, "verifier", "rejected", reason="Vouchers are empty")
        self.assertEqual((self._stage(release).state, release.state), ("rejected", "verifying"))

    def test_the_time_is_no_field_to_write(self):
        release = self._verifying()
        for who in ("verifier", "executor", "manager"):
            with self.assertRaises(AccessError):
                self.as_(who, release).verification_due = release.actual_start

    def test_a_late_one_escalates_once_a_step(self):
        release = self._verifying()
        self.do(release, "7.1")
        self.env["ipai.release"]._cron_signatures()
        self.assertFalse(self.events(release, "escalated"))
        self._late(release, days=1, minutes=1)
        self.env["ipai.release"]._cron_signatures()
        self.env["ipai.release"]._cron_signatures()
        [first] = self.events(release, "escalated")
        self.assertEqual((first["step"], first["to"]), (1, ["rel_verifier"]))
        self._late(release, days=2, minutes=1)
        self.env["ipai.release"]._cron_signatures()
        second = self.events(release, "escalated")[-1]
        self.assertEqual(second["step"], 2)
        self.assertIn("rel_manager", second["to"])
        summaries = release.activity_ids.filtered(
            lambda row: row.user_id == self.people["manager"]
        ).mapped("summary")
        self.assertIn("is late", summaries[0])

    def test_who_has_an_item_to_do_hears_of_it_too(self):
        release = self._verifying()
        self._late(release, days=1, minutes=1)
        self.env["ipai.release"]._cron_signatures()
        [event] = self.events(release, "escalated")
        self.assertIn("rel_tester", event["to"])

    def test_one_that_was_judged_escalates_no_more(self):
        release = self._verifying()
        self.do(release, "7.1")
        self._late(release, days=5)
        self.sign(release, "verifier")
        self.env["ipai.release"]._cron_signatures()
        self.assertFalse(self.events(release, "escalated"))
