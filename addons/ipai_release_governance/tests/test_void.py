from datetime import timedelta

from odoo.exceptions import AccessError, UserError

from ..bundle import verify_bundle
from ..core import vocabulary
from ..core.result import Result
from .common import ReleaseCommon


class TestVoid(ReleaseCommon):
    """An approval holds for what it saw, and as long as the runbook says."""

    def _signed(self, **runbook):
        release = self.start(runbook=runbook and self.published(**runbook))
        self.deploy(release)
        return release, self.sign(release, "finance_manager")

    def _asked(self, release, role="finance_manager"):
        return release.signoff_ids.filtered(
            lambda row: row.role_id.code == role and row.state == "requested"
        )

    def test_evidence_that_changes_voids_at_once_and_asks_again(self):
        release, signoff = self._signed()
        release.activity_ids.unlink()
        mails = self.env["mail.mail"].search_count([])
        self.item(release, "0.2")._settle(Result("passed", output="other output"))
        self.assertEqual(signoff.state, "void")
        self.assertIn("0.2 Item 0.2", signoff.void_reason)
        self.assertNotIn("0.1", signoff.void_reason)
        again = self._asked(release)
        self.assertEqual(again.renews_id, signoff)
        self.assertEqual(again.user_id, self.people["finance"])
        activity = release.activity_ids.filtered(lambda a: a.user_id == self.people["finance"])
        self.assertIn("0.2 Item 0.2", activity.note)
        self.assertEqual(self.env["mail.mail"].search_count([]) - mails, 1)
        mail = self.env["mail.mail"].search([], limit=1, order="id desc")
        self.assertIn("0.2 Item 0.2", mail.body_html)
        [event] = self.events(release, "signoff_void")
        self.assertIn("0.2 Item 0.2", event["reason"])

    def test_what_was_signed_stays_on_the_void_record(self):
        release, signoff = self._signed()
        before = (signoff.signed_by_id, signoff.signed_at, signoff.evidence_digest)
        self.item(release, "0.2")._settle(Result("passed"))
        self.assertEqual((signoff.signed_by_id, signoff.signed_at, signoff.evidence_digest), before)

    def test_a_signature_is_given_again_and_the_release_goes_on(self):
        release, _signoff = self._signed()
        self.item(release, "0.2")._settle(Result("passed"))
        self.sign(release, "devops")
        self.assertEqual(release.state, "running")
        self.sign(release, "finance_manager")
        self.assertEqual(release.state, "verifying")

    def test_what_comes_after_it_voids_nothing(self):
        release, signoff = self._signed()
        self.sign(release, "devops")
        self.do(release, "7.1")
        self.assertEqual(signoff.state, "approved")

    def test_one_of_the_deployment_is_given_again_while_it_is_verified(self):
        release, signoff = self._signed()
        self.sign(release, "devops")
        self.item(release, "0.2")._settle(Result("passed"))
        self.assertEqual(signoff.state, "void")
        self.do(release, "7.1")
        self.sign(release, "verifier")
        self.assertEqual(release.state, "verifying", "finance and devops are asked again")
        self.sign(release, "devops")
        self.sign(release, "finance_manager")
        self.assertEqual(release.state, "done")

    def test_a_release_that_ended_keeps_its_signatures(self):
        release, signoff = self._signed()
        self.sign(release, "devops")
        self.do(release, "7.1")
        self.sign(release, "verifier")
        self.item(release, "0.2")._store({"actual": "forged"})
        release._log("note", {})
        self.assertEqual(signoff.state, "approved")

    def test_going_back_voids_nothing(self):
        release, signoff = self._signed()
        release.action_roll_back("Slow")
        self.do(release, "R.1")
        self.assertEqual(release.state, "rolled_back")
        self.assertEqual(signoff.state, "approved")

    def test_an_approval_expires_before_the_release_goes_on(self):
        rules = [self._signoff("devops"), self._signoff("finance_manager", valid_days=3)]
        release, signoff = self._signed(signoff_ids=rules)
        signoff._store({"signed_at": signoff.signed_at - timedelta(days=2)})
        self.env["ipai.release"]._cron_signatures()
        self.assertEqual(signoff.state, "approved")
        signoff._store({"signed_at": signoff.signed_at - timedelta(days=2)})
        self.env["ipai.release"]._cron_signatures()
        self.assertEqual(signoff.state, "void")
        self.assertIn("3 days", signoff.void_reason)
        self.assertTrue(self._asked(release))

    def test_an_expired_approval_does_not_let_the_release_go_on(self):
        rules = [self._signoff("devops"), self._signoff("finance_manager", valid_days=3)]
        release, signoff = self._signed(signoff_ids=rules)
        signoff._store({"signed_at": signoff.signed_at - timedelta(days=4)})
        self.sign(release, "devops")
        self.assertEqual((signoff.state, release.state), ("void", "running"))

    def test_an_approval_does_not_expire_when_the_release_has_gone_on(self):
        rules = [self._signoff("devops"), self._signoff("finance_manager", valid_days=3)]
        release, signoff = self._signed(
            signoff_ids=[*rules, self._signoff("verifier", "verification")]
        )
        self.sign(release, "devops")
        signoff._store({"signed_at": signoff.signed_at - timedelta(days=40)})
        self.env["ipai.release"]._cron_signatures()
        self.assertEqual(signoff.state, "approved")

    def test_the_verifier_knows_what_each_signature_is_about(self):
        """It stands alone and cannot import the vocabulary."""
        self.assertEqual(verify_bundle.STAGES_SEEN, vocabulary.EVIDENCE_SEEN)


class TestQuorum(ReleaseCommon):
    """Several signatures of one role, and signatures one after another."""

    def _deployed(self, *members, **runbook):
        release = self._make_release(self.published(**runbook))
        release.write({"member_ids": [self.member(role, who) for role, who in members]})
        release.action_schedule()
        self.do(release, "T.1")
        release.action_start()
        self.deploy(release)
        return release

    def _states(self, release):
        return {row.role_id.code: row.state for row in release.signoff_ids}

    def test_two_of_three_sign_and_nobody_counts_twice(self):
        self.person("fred")
        self.person("greta")
        release = self._deployed(
            ("finance_manager", "fred"),
            ("finance_manager", "greta"),
            signoff_ids=[self._signoff("finance_manager", quorum=2)],
        )
        asked = release.signoff_ids.filtered(lambda row: row.state == "requested")
        self.assertEqual(asked.user_id, self.people["finance"] | self.people["fred"])
        self.as_("finance", asked[0])._sign("approved", typed_name="Fin")
        self.assertEqual(release.state, "running")
        self.assertFalse(self.as_("finance", asked[1]).is_mine)
        with self.assertRaisesRegex(AccessError, "nobody counts twice"):
            self.as_("finance", asked[1])._sign("approved", typed_name="Fin")
        self.as_("greta", asked[1])._sign("approved", typed_name="Greta")
        self.assertEqual(release.state, "verifying")

    def test_each_is_shown_one_of_several(self):
        self.person("fred")
        release = self._deployed(
            ("finance_manager", "fred"),
            signoff_ids=[self._signoff("finance_manager", quorum=2)],
        )
        for who in ("finance", "fred"):
            mine = self.as_(who, release.signoff_ids).filtered("is_mine")
            self.assertEqual(mine.user_id, self.people[who])

    def test_too_few_people_for_a_quorum_is_a_plan_problem(self):
        runbook = self.published(signoff_ids=[self._signoff("finance_manager", quorum=2)])
        release = self._make_release(runbook)
        with self.assertRaisesRegex(UserError, "needs more signatures than it has people"):
            release.action_schedule()

    def test_a_rejection_of_one_is_answered_for_one(self):
        self.person("fred")
        release = self._deployed(
            ("finance_manager", "fred"),
            signoff_ids=[self._signoff("finance_manager", quorum=2)],
        )
        first, second = release.signoff_ids
        self.as_("finance", first)._sign("rejected", "Totals differ", typed_name="Fin")
        self.as_("fred", second)._sign("approved", typed_name="Fred")
        self.assertEqual(release.rejected_signoff_id, first)
        self.as_("executor", first).action_ask_again()
        self.assertFalse(release.rejected_signoff_id)
        with self.assertRaisesRegex(UserError, "asked again already"):
            self.as_("executor", first).action_ask_again()
        self.sign(release, "finance_manager")
        self.assertEqual(release.state, "verifying")

    def test_signatures_in_sequence(self):
        roles = ("devops", "finance_manager", "qa")
        release = self._deployed(
            signoffs_in_sequence=True, signoff_ids=[self._signoff(role) for role in roles]
        )
        self.assertEqual(
            self._states(release),
            {"devops": "requested", "finance_manager": "waiting", "qa": "waiting"},
        )
        self.sign(release, "devops")
        self.assertEqual(self._states(release)["finance_manager"], "requested")
        self.assertEqual(self._states(release)["qa"], "waiting")
        self.sign(release, "finance_manager", "rejected", reason="Totals differ")
        self.assertEqual(self._states(release)["qa"], "waiting")
        rejected = release.rejected_signoff_id
        self.as_("executor", rejected).action_ask_again()
        self.sign(release, "finance_manager")
        self.assertEqual(self._states(release)["qa"], "requested")
        self.sign(release, "qa")
        self.assertEqual(release.state, "verifying")
