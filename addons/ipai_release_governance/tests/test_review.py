from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from .common import ReleaseCommon


class TestReview(ReleaseCommon):
    """After a failure somebody writes down why, and what is done about it."""

    def _rolled_back(self):
        release = self.start()
        self.as_("executor", release).action_roll_back("Payments were doubled")
        self.do(release, "R.1")
        return release

    def test_a_failure_asks_for_a_review(self):
        release = self._rolled_back()
        review = release.review_ids
        self.assertEqual(review.state, "open")
        self.assertEqual(review.end_reason, "Payments were doubled")
        self.assertEqual(review.activity_ids.user_id, release.started_by_id)

    def test_what_went_well_is_reviewed_only_when_somebody_wants_to(self):
        release = self.start()
        release._store({"state": "done"})
        release._conclude()
        self.assertFalse(release.review_ids)
        action = self.as_("executor", release).action_review()
        self.assertEqual(release.review_ids.id, action["res_id"])

    def test_a_plan_that_never_started_is_not_reviewed(self):
        release = self._make_release()
        release.action_abort("Not now")
        self.assertFalse(release.review_ids)

    def test_a_grave_incident_asks_for_one_too(self):
        release = self.start()
        self.env["ipai.release.incident"].with_user(self.people["tester"]).create(
            {"release_id": release.id, "description": "Two hours down", "severity": "critical"}
        )
        release._store({"state": "done"})
        release._conclude()
        self.assertTrue(release.review_ids)

    def test_a_release_that_goes_on_is_not_reviewed_yet(self):
        with self.assertRaisesRegex(UserError, "has not ended"):
            self.as_("executor", self.start()).action_review()

    def test_it_is_closed_with_a_cause_and_final_then(self):
        release = self._rolled_back()
        review = self.as_("executor", release.review_ids)
        with self.assertRaisesRegex(UserError, "What Went Wrong"):
            review.action_close()
        review.cause = "The import ran twice"
        review.action_ids = [(0, 0, self._follow_up())]
        self.assertIn(self.people["devops"], release.review_ids.activity_ids.user_id)
        review.action_close()
        event = release.event_ids.sorted("sequence")[-1]
        self.assertEqual(event.kind, "reviewed")
        self.assertIn("The import ran twice", event.payload)
        with self.assertRaisesRegex(UserError, "closed and final"):
            review.cause = "Nothing"
        review.action_ids.done = True
        self.assertFalse(review.open_action_count)

    def test_its_follow_up_is_final_then_but_for_what_is_done(self):
        other = self.as_("executor", self._rolled_back().review_ids)
        review = self.as_("executor", self._rolled_back().review_ids)
        review.write({"cause": "The import ran twice", "action_ids": [(0, 0, self._follow_up())]})
        other.action_ids = [(0, 0, self._follow_up())]
        review.action_close()
        actions, final = review.action_ids, "only Done can be ticked"
        form = Form(review)
        with form.action_ids.edit(0) as line:
            line.done = True
        form.save()
        self.assertFalse(review.open_action_count)
        for values in ({"name": "Nothing"}, {"deadline": "2030-01-01"}, {"review_id": other.id}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, final):
                actions.write(values)
        with self.assertRaisesRegex(UserError, final):
            other.action_ids.review_id = review
        with self.assertRaisesRegex(UserError, final):
            review.action_ids = [(0, 0, self._follow_up())]
        with self.assertRaisesRegex(UserError, final):
            actions.unlink()

    def _follow_up(self):
        devops = self.people["devops"].id
        return {"name": "Lock the import", "user_id": devops, "deadline": "2027-01-15"}

    def test_viewers_read_it_and_nobody_writes_its_state(self):
        review = self._rolled_back().review_ids
        self.assertTrue(self.as_("viewer", review).display_name)
        with self.assertRaises(AccessError):
            self.as_("viewer", review).cause = "Mine"
        with self.assertRaises(AccessError):
            self.as_("executor", review).state = "closed"
        with self.assertRaises(UserError):
            self.as_("manager", review).unlink()
