from odoo.addons.ipai_series.compat import GROUPS
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .common import GROUP, ReleaseCommon


class TestSignoff(ReleaseCommon):
    def _deployed(self):
        release = self.start()
        self.deploy(release)
        return release

    def test_signers_are_asked_by_activity_and_mail(self):
        release = self.start()
        before = self.env["mail.mail"].search_count([])
        self.deploy(release)
        asked = release.signoff_ids.filtered(lambda row: row.state == "requested")
        self.assertEqual(set(asked.mapped("role_id.code")), {"devops", "finance_manager"})
        self.assertLessEqual(
            {self.people["devops"], self.people["finance"]}, set(release.activity_ids.user_id)
        )
        mails = self.env["mail.mail"].search([], limit=2, order="id desc")
        self.assertEqual(self.env["mail.mail"].search_count([]) - before, 2)
        self.assertTrue(all(release.name in mail.subject for mail in mails))
        self.assertTrue(all("ipai.release" in mail.body_html for mail in mails))

    def test_a_signature_keeps_what_it_saw(self):
        release = self._deployed()
        digest = release._evidence_digest("execution")
        signoff = self.sign(release, "finance_manager")
        self.assertEqual(signoff.evidence_digest, digest)
        self.assertEqual(signoff.signed_by_id, self.people["finance"])
        self.assertEqual(signoff.typed_name, "Finance")
        self.assertTrue(signoff.signed_at)
        self.assertNotIn(self.people["finance"], release.activity_ids.user_id)

    def test_what_the_day_after_records_is_not_what_finance_signed(self):
        release = self._deployed()
        signoff = self.sign(release, "finance_manager")
        self.sign(release, "devops")
        later = release._evidence_digest("verification")
        self.do(release, "7.1")
        self.assertEqual(release._evidence_digest("execution"), signoff.evidence_digest)
        self.assertNotEqual(release._evidence_digest("verification"), later)

    def test_a_signature_is_drawn_or_typed(self):
        release = self._deployed()
        signoff = release.signoff_ids.filtered(lambda row: row.role_id.code == "devops")
        with self.assertRaisesRegex(UserError, "draw it, or type"):
            self.as_("devops", signoff)._sign("approved")

    def test_a_rejection_gives_a_reason_and_keeps_the_release(self):
        release = self._deployed()
        with self.assertRaisesRegex(UserError, "say why"):
            self.sign(release, "finance_manager", "rejected")
        self.sign(release, "finance_manager", "rejected", reason="Totals differ")
        self.sign(release, "devops")
        self.assertEqual(release.state, "running")
        self.assertIn("rejected", " ".join(release.activity_ids.mapped("summary")))

    def test_a_rejection_is_answered_and_asked_again(self):
        release = self._deployed()
        rejected = self.sign(release, "finance_manager", "rejected", reason="Totals differ")
        self.sign(release, "devops")
        self.as_("executor", rejected).action_ask_again()
        self.assertEqual(rejected.state, "rejected", "the rejection stays on the record")
        self.sign(release, "finance_manager")
        self.assertEqual(release.state, "verifying")

    def test_nobody_signs_before_being_asked(self):
        release = self.start()
        signoff = release.signoff_ids.filtered(lambda row: row.role_id.code == "devops")
        with self.assertRaisesRegex(UserError, "not asked"):
            self.as_("devops", signoff)._sign("approved", typed_name="Devops")

    def test_nobody_signs_for_another_role(self):
        release = self._deployed()
        with self.assertRaisesRegex(AccessError, "of this release is rel_finance|Finance Manager"):
            self.sign(release, "finance_manager", who="devops")
        with self.assertRaisesRegex(AccessError, "does not hold the role"):
            self.sign(release, "finance_manager", who="viewer")

    def test_nobody_signs_who_executed_administrators_included(self):
        executor = self.people["executor"]
        executor.write(
            {
                GROUPS: [
                    (4, self.env.ref(f"ipai_release_governance.{group}").id)
                    for group in ("group_release_approver", "group_release_manager")
                ]
                + [(4, self.env.ref("base.group_system").id)]
            }
        )
        release = self._make_release()
        release.member_ids = [
            (0, 0, {"role_id": self.role["finance_manager"].id, "user_id": executor.id})
        ]
        release.action_schedule()
        self.do(release, "T.1")
        release.action_start()
        self.deploy(release)
        with self.assertRaisesRegex(AccessError, "executed a part"):
            self.sign(release, "finance_manager", who="executor")

    def test_who_recorded_an_earlier_attempt_does_not_sign(self):
        release = self.start()
        self.settle(release, "0.1", "error")
        item = self.item(release, "0.1")
        item._store({"executor_ids": [(4, self.people["finance"].id)]})
        self.as_("executor", item).action_retry()
        self.deploy(release)
        with self.assertRaisesRegex(AccessError, "executed a part"):
            self.sign(release, "finance_manager")

    def test_a_role_whose_signers_all_have_items_to_do_is_a_plan_problem(self):
        release = self._make_release()
        self.as_("executor", release.member_ids).filtered(
            lambda member: member.role_id.code == "finance_manager"
        ).user_id = self.people["tester"]
        with self.assertRaisesRegex(UserError, "Finance Manager signs, and rel_tester"):
            release.action_schedule()

    def test_nobody_signs_a_release_that_goes_back(self):
        release = self._deployed()
        asked = release.signoff_ids.filtered(lambda row: row.state == "requested")
        release.action_roll_back("Shop is slow")
        self.assertEqual(set(asked.mapped("state")), {"withdrawn"})
        with self.assertRaisesRegex(UserError, "the release went on"):
            self.as_("finance", asked[-1])._sign("approved", typed_name="Fin")
        self.do(release, "R.1")
        self.assertEqual(release.state, "rolled_back")

    def test_somebody_joins_when_a_signer_is_away(self):
        release = self._deployed()
        stand_in = new_test_user(self.env, login="rel_standin", groups=GROUP + "approver")
        member = {"role_id": self.role["finance_manager"].id, "user_id": stand_in.id}
        with self.assertRaisesRegex(UserError, "not changed or removed"):
            release.member_ids[:1].user_id = stand_in
        release.member_ids = [(0, 0, member)]
        self.assertIn(stand_in, release.activity_ids.user_id)
        signoff = release.signoff_ids.filtered(lambda row: row.user_id == stand_in)
        signoff.with_user(stand_in)._sign("approved", typed_name="Stand-in")
        self.assertEqual(signoff.state, "approved")

    def test_all_who_may_sign_are_asked_once(self):
        release = self._deployed_for_finance_of("fred", "busy", quorum=1)
        fred, busy = self.people["fred"], self.people["busy"]
        [signoff] = release.signoff_ids
        self.assertEqual(signoff.asked_user_ids, self.people["finance"] | fred)
        self.assertEqual(self._reminded(release), [self.people["finance"], fred])
        mail = self.env["mail.mail"].search([], limit=1, order="id desc")
        self.assertEqual(mail.recipient_ids, signoff.asked_user_ids.partner_id)
        self.assertNotIn(busy.partner_id, mail.recipient_ids)
        self.sign(release, "finance_manager", who="fred")
        self.assertFalse(self._reminded(release))

    def test_who_may_still_sign_stays_asked(self):
        release = self._deployed_for_finance_of("fred", "fay", quorum=2)
        finance, fred, fay = (self.people[name] for name in ("finance", "fred", "fay"))
        self.assertEqual(self._reminded(release), [fay, finance, fred])
        first, second = release.signoff_ids
        self.assertEqual((first.user_id, second.user_id), (finance, fred))
        self.as_("fay", first)._sign("approved", typed_name="Fay")
        self.assertEqual(self._reminded(release), [finance, fred])
        self.as_("finance", second)._sign("approved", typed_name="Fin")
        self.assertFalse(self._reminded(release))

    def test_a_signature_takes_no_other_reminder_back(self):
        release = self._deployed()
        release._schedule_activity(self.people["finance"], "Look at the totals")
        self.sign(release, "finance_manager")
        reminders = release.activity_ids.filtered(lambda row: row.summary == "Look at the totals")
        self.assertEqual(reminders.user_id, self.people["finance"])

    def _deployed_for_finance_of(self, *names, quorum):
        """A release that waits for the finance managers: rel_finance and ``names``.

        One named ``busy`` had a hand in it.
        """
        runbook = self.published(signoff_ids=[self._signoff("finance_manager", quorum=quorum)])
        release = self._make_release(runbook)
        for name in names:
            self.person(name)
        release.write({"member_ids": [self.member("finance_manager", name) for name in names]})
        release.action_schedule()
        self.do(release, "T.1")
        release.action_start()
        if "busy" in names:
            self.item(release, "0.1")._store({"executor_ids": [(4, self.people["busy"].id)]})
        self.deploy(release)
        return release

    def _reminded(self, release):
        """Who is reminded to sign: users by login, one for each reminder."""
        reminders = release.activity_ids.filtered(lambda row: row.summary.startswith("Sign off"))
        return sorted((row.user_id for row in reminders), key=lambda user: user.login)

    def test_nobody_signs_what_came_after_they_looked(self):
        release = self._deployed()
        asked = release.signoff_ids.filtered(lambda row: row.role_id.code == "finance_manager")
        wizards = self.as_("finance", self.env["ipai.release.signoff.wizard"])
        dialog = Form(wizards.with_context(default_signoff_id=asked.id))
        dialog.typed_name = "Fin"
        self.settle(release, "0.2", "passed", output="Other output")
        opened = dialog.save()
        with self.assertRaisesRegex(UserError, "The evidence changed since you opened this"):
            opened.action_approve()
        self.assertEqual(asked.state, "requested")

    def test_is_mine_finds_what_waits_for_me(self):
        release = self._deployed()
        signoffs = self.env["ipai.release.signoff"]
        mine = self.as_("finance", signoffs).search([("is_mine", "=", True)])
        self.assertEqual(mine.mapped("role_id.code"), ["finance_manager"])
        self.assertFalse(self.as_("viewer", signoffs).search([("is_mine", "=", True)]))
        self.assertIn(mine, release.signoff_ids)

    def test_scores_are_proposed_and_changed_only_with_a_reason(self):
        release = self._deployed()
        score = release.score_ids.filtered(lambda row: row.aspect == "functional_tests")
        self.assertEqual((score.proposed, score.score), (5, 5))
        score = self.as_("finance", score)
        with self.assertRaisesRegex(UserError, "say why"):
            score.score = 4
        score.write({"score": 4, "reason": "Two screens were slow"})
        self.assertEqual((score.proposed, score.score), (5, 4))
        with self.assertRaises(AccessError):
            score.proposed = 1
