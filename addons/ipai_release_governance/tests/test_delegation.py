from datetime import timedelta

from odoo import fields
from odoo.addons.ipai_series.compat import GROUPS
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import GROUP, ReleaseCommon


class TestDelegation(ReleaseCommon):
    """Somebody signs in the place of a signer who is away."""

    def setUp(self):
        super().setUp()
        self.person("stand_in")
        self.today = fields.Date.context_today(self.env.user)

    def _delegate(self, who="finance", delegate="stand_in", by=None, **values):
        return self.as_(by or who, self.env["ipai.release.delegation"]).create(
            {
                "user_id": self.people[who].id,
                "delegate_id": self.people[delegate].id,
                "role_id": self.role["finance_manager"].id,
                "date_from": self.today,
                "date_to": self.today + timedelta(days=7),
                "reason": "Annual leave",
                **values,
            }
        )

    def _deployed(self):
        release = self.start()
        self.deploy(release)
        return release

    def test_the_delegate_is_asked_and_signs_for_the_signer(self):
        self._delegate()
        release = self._deployed()
        self.assertIn(self.people["stand_in"], release.activity_ids.user_id)
        signoff = self.sign(release, "finance_manager", who="stand_in")
        self.assertEqual(signoff.signed_by_id, self.people["stand_in"])
        self.assertEqual(signoff.on_behalf_of_id, self.people["finance"])
        [event] = self.events(release, "signoff_approved")
        self.assertEqual(event["on_behalf_of"], "rel_finance")
        self.assertEqual(event["name"], self.people["stand_in"].name)
        self.assertFalse(release.activity_ids.user_id & signoff.asked_user_ids)

    def test_the_signer_may_still_sign(self):
        self._delegate()
        signoff = self.sign(self._deployed(), "finance_manager")
        self.assertFalse(signoff.on_behalf_of_id)

    def test_it_holds_for_its_days_and_its_role_only(self):
        self._delegate(
            date_from=self.today - timedelta(days=9), date_to=self.today - timedelta(days=1)
        )
        self._delegate(date_from=self.today + timedelta(days=1))
        self._delegate(role_id=self.role["qa"].id)
        release = self._deployed()
        with self.assertRaisesRegex(AccessError, "of this release is"):
            self.sign(release, "finance_manager", who="stand_in")

    def test_without_a_role_it_holds_for_all(self):
        self._delegate("devops", role_id=False)
        signoff = self.sign(self._deployed(), "devops", who="stand_in")
        self.assertEqual(signoff.on_behalf_of_id, self.people["devops"])

    def test_duties_hold_for_both(self):
        self._delegate()
        for busy in ("finance", "stand_in"):
            with self.subTest(busy):
                release = self._deployed()
                item = self.item(release, "0.1")
                item._store({"executor_ids": [(4, self.people[busy].id)]})
                with self.assertRaisesRegex(AccessError, f"rel_{busy} .*executed a part"):
                    self.sign(release, "finance_manager", who="stand_in")
                release.action_roll_back("Next")
                self.do(release, "R.1")

    def test_who_signed_through_another_does_not_execute(self):
        self._delegate()
        release = self._deployed()
        self.sign(release, "finance_manager", who="stand_in")
        for who in ("finance", "stand_in"):
            self.assertIn(self.people[who], release._approvers())

    def test_nobody_counts_twice_through_a_delegate(self):
        self.person("fred")
        self._delegate("finance", "fred")
        runbook = self.published(signoff_ids=[self._signoff("finance_manager", quorum=2)])
        release = self._make_release(runbook)
        release.write({"member_ids": [self.member("finance_manager", "fred")]})
        release.action_schedule()
        self.do(release, "T.1")
        release.action_start()
        self.deploy(release)
        first, second = release.signoff_ids
        self.as_("fred", first)._sign("approved", typed_name="Fred")
        with self.assertRaisesRegex(AccessError, "counts twice"):
            self.as_("fred", second)._sign("approved", typed_name="Fred")

    # -- who makes one -----------------------------------------------------------------------

    def test_only_the_signer_or_a_manager_delegates(self):
        self._delegate(by="manager")
        with self.assertRaises(AccessError):
            self._delegate(by="devops")
        with self.assertRaises(AccessError):
            self._delegate(by="viewer")

    def test_nobody_takes_a_signature_over_by_themselves(self):
        with self.assertRaises(AccessError):
            self._delegate(by="stand_in")
        self.people["manager"].write({GROUPS: [(4, self.env.ref(GROUP + "approver").id)]})
        with self.assertRaisesRegex(AccessError, "by themselves"):
            self._delegate(delegate="manager", by="manager")

    def test_the_delegate_needs_the_group(self):
        with self.assertRaisesRegex(ValidationError, "does not hold the group"):
            self._delegate(delegate="tester")
        with self.assertRaisesRegex(ValidationError, "does not hold the group"):
            self._delegate(delegate="tester", role_id=False)

    def test_a_delegate_who_lost_the_group_signs_no_more(self):
        self._delegate()
        release = self._deployed()
        self.people["stand_in"].write({GROUPS: [(3, self.env.ref(GROUP + "approver").id)]})
        with self.assertRaisesRegex(AccessError, "does not hold the role"):
            self.sign(release, "finance_manager", who="stand_in")

    def test_what_has_begun_stays_but_for_its_last_day(self):
        row = self._delegate()
        with self.assertRaisesRegex(UserError, "Only its last day"):
            row.delegate_id = self.people["devops"]
        with self.assertRaisesRegex(UserError, "Only its last day"):
            row.unlink()
        row.date_to = self.today
        later = self._delegate(date_from=self.today + timedelta(days=1))
        later.reason = "Training"
        later.unlink()

    @mute_logger("odoo.sql_db")
    def test_two_people_and_days_in_order(self):
        for values in ({"delegate_id": self.people["finance"].id}, {"date_to": "2001-01-01"}):
            with self.subTest(values), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self._delegate(**values)

    def test_others_see_it_and_do_not_write_it(self):
        row = self._delegate()
        self.assertEqual(self.as_("viewer", row).reason, "Annual leave")
        for who in ("viewer", "stand_in", "devops", "executor"):
            with self.assertRaises(AccessError):
                self.as_(who, row).date_to = self.today
