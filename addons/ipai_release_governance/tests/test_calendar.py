from datetime import datetime, timedelta, timezone

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ReleaseCommon


@tagged("post_install", "-at_install")
class TestCalendar(ReleaseCommon):
    """A release acts in its window and outside of freezes, or with the signature of finance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.freeze = cls._freeze_now("Inventory", timedelta(hours=1), timedelta(hours=5))

    def _ready(self, **values):
        """A release that is prepared and could start."""
        release = self._make_release(**values)
        release.action_schedule()
        self.do(release, "T.1")
        return release

    def _allow(self, release):
        self.as_("executor", release).action_ask_freeze_override("The bank changed its format")
        signoff = release.signoff_ids.filtered(lambda row: row.stage == "freeze")
        self.as_("finance", signoff)._sign("approved", typed_name="Fin")
        return signoff

    def test_no_start_in_a_freeze_and_nothing_is_begun(self):
        release = self._ready()
        with self.assertRaisesRegex(UserError, "Freeze: Inventory, .* \\(UTC\\)"):
            release.action_start()
        self.assertEqual(release.state, "scheduled")
        self.assertIn("Inventory", release.freeze_text)

    def test_planning_is_free_and_warns(self):
        release = self._make_release()
        self.assertIn("Freeze: Inventory", release.plan_warning_text)
        release.action_schedule()
        self.assertEqual(release.state, "scheduled")

    def test_a_freeze_of_another_target_or_company_is_none(self):
        self.freeze.target_ids = self.target.copy({"name": "Other shop"})
        self.assertFalse(self._ready().freeze_text)
        self.freeze.write(
            {"target_ids": False, "company_id": self.env["res.company"].create({"name": "B"}).id}
        )
        release = self._ready()
        release.action_start()
        self.assertEqual(release.state, "running")

    def test_no_start_outside_of_the_window(self):
        self.freeze.active = False
        now = fields.Datetime.now()
        early = self._ready(
            window_start=now + timedelta(hours=1), window_end=now + timedelta(hours=2)
        )
        late = self._ready(
            window_start=now - timedelta(hours=2), window_end=now - timedelta(hours=1)
        )
        for release in (early, late):
            with self.assertRaisesRegex(UserError, "Maintenance Window: it is"):
                release.action_start()

    def test_no_start_outside_of_the_hours_of_the_target(self):
        self.freeze.active = False
        tomorrow = str((datetime.now(timezone.utc).weekday() + 1) % 7)
        self.env["ipai.release.target.window"].create(
            {"target_id": self.target.id, "weekday": tomorrow, "hour_from": 1, "hour_to": 2}
        )
        release = self._ready()
        self.assertIn("outside of the hours", release.plan_warning_text)
        with self.assertRaisesRegex(UserError, "Maintenance Hours of the target: .* 01:00–02:00"):
            release.action_start()

    def test_finance_signs_that_it_may_act(self):
        release = self._ready()
        signoff = self._allow(release)
        self.assertIn("Inventory", signoff.meaning)
        self.assertIn("The bank changed its format", signoff.meaning)
        self.assertFalse(release.freeze_text)
        release.action_start()
        self.assertEqual(release.state, "running")

    def test_the_signature_is_for_the_freezes_it_names(self):
        release = self._ready()
        self._allow(release)
        other = self._freeze_now("Payroll", timedelta(hours=1), timedelta(hours=5))
        with self.assertRaisesRegex(UserError, "Freeze: Payroll"):
            release.action_start()
        other.active = False
        release.action_start()
        self.item(release, "0.1")._store({"disruptive": True})
        other.active = True
        with self.assertRaisesRegex(UserError, "Freeze: Payroll"):
            self.do(release, "0.1")

    def test_the_signature_ends_with_the_window_but_for_what_began(self):
        release = self._ready()
        signoff = self._allow(release)
        signoff._store({"signed_at": signoff.signed_at - timedelta(days=2)})
        self.assertFalse(release._calendar_obstacles())
        after = release.window_end.replace(tzinfo=timezone.utc) + timedelta(minutes=1)
        self.assertRegex(
            " ".join(release._calendar_obstacles(after)), "Maintenance Window: .*Freeze: Inventory"
        )
        release.action_start()
        self.assertFalse(release._calendar_obstacles(after))
        # It was over before the start: what began then did not begin under it.
        release._store({"actual_start": release.window_end + timedelta(minutes=1)})
        self.assertRegex(" ".join(release._calendar_obstacles(after)), "Freeze: Inventory")

    def test_finance_is_asked_before_the_window_for_what_will_be_frozen(self):
        start = self.freeze.date_end - timedelta(hours=1)
        self.freeze.date_start = start
        release = self._ready(window_start=start, window_end=start + timedelta(minutes=30))
        signoff = self._allow(release)
        self.assertIn("Inventory", signoff.meaning)
        moment = start.replace(tzinfo=timezone.utc) + timedelta(minutes=1)
        self.assertFalse(release._calendar_obstacles(moment))

    def test_nobody_but_the_finance_manager_signs_that(self):
        release = self._ready()
        self.as_("executor", release).action_ask_freeze_override("Now")
        signoff = release.signoff_ids.filtered(lambda row: row.stage == "freeze")
        for who in ("devops", "executor", "manager"):
            with self.assertRaises(AccessError):
                self.as_(who, signoff)._sign("approved", typed_name="Me")

    def test_a_rejection_keeps_it_closed(self):
        release = self._ready()
        self.as_("executor", release).action_ask_freeze_override("Now")
        signoff = release.signoff_ids.filtered(lambda row: row.stage == "freeze")
        self.as_("finance", signoff)._sign("rejected", "After the audit", "Fin")
        with self.assertRaisesRegex(UserError, "Freeze: Inventory"):
            release.action_start()

    def test_another_plan_needs_another_signature(self):
        release = self._ready()
        self._allow(release)
        release.action_unschedule()
        release.action_schedule()
        with self.assertRaisesRegex(UserError, "Freeze: Inventory"):
            release.action_start()

    def test_without_an_obstacle_finance_is_not_asked(self):
        self.freeze.active = False
        with self.assertRaisesRegex(UserError, "Nothing keeps"):
            self._ready().action_ask_freeze_override("Just in case")

    def test_a_disruptive_item_waits_in_a_freeze_that_began_meanwhile(self):
        self.freeze.active = False
        release = self._ready()
        release.action_start()
        item = self.item(release, "0.1")
        item._store({"disruptive": True})
        self.freeze.active = True
        with self.assertRaisesRegex(UserError, "Freeze: Inventory"):
            self.do(release, "0.1")
        self.assertEqual(item._frozen_result().outcome, "error")
        self.do(release, "0.2")
        self.assertEqual(item.outcome, "pending")

    def test_what_began_in_its_window_goes_on_after_it(self):
        self.freeze.active = False
        release = self._ready()
        after = release.window_end.replace(tzinfo=timezone.utc) + timedelta(hours=1)
        self.assertRegex(release._calendar_obstacles(after)[0], "Maintenance Window: it is")
        release.action_start()
        self.assertFalse(release._calendar_obstacles(after))

    def test_a_way_back_is_open_in_a_freeze(self):
        self.freeze.active = False
        release = self._ready()
        release.action_start()
        self.freeze.active = True
        self.as_("executor", release).action_roll_back("Orders are lost")
        self.item(release, "R.1")._store({"disruptive": True})
        self.do(release, "R.1")
        self.assertEqual(release.state, "rolled_back")

    def test_clashes_are_shown_when_planning(self):
        other = self._make_release()
        release = self._make_release()
        self.assertIn(f"Clash: {other.name} is planned", release.plan_warning_text)
        self.as_("executor", other).action_abort("Later")
        release.invalidate_recordset(["plan_warning_text"])
        self.assertNotIn("Clash", release.plan_warning_text)
