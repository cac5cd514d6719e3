from odoo.exceptions import AccessError, UserError

from .common import ReleaseCommon


class TestIncident(ReleaseCommon):
    """How bad it was is judged by somebody who had no hand in it."""

    def _proposed(self):
        """The incident of a failed item, which the tester worked on."""
        release = self.start()
        self.do(release, "0.2", "failed")
        return release.incident_ids

    def test_who_had_a_hand_plays_nothing_down(self):
        incident = self._proposed()
        for who in ("executor", "tester"):
            with self.assertRaisesRegex(AccessError, "had a hand"):
                self.as_(who, incident).severity = "low"
            with self.assertRaisesRegex(AccessError, "had a hand"):
                self.as_(who, incident).write({"resolution": "Nothing", "severity": "medium"})
            with self.assertRaisesRegex(AccessError, "had a hand"):
                self.as_(who, incident).action_dismiss()
        self.assertEqual((incident.severity, incident.status), ("critical", "proposed"))

    def test_an_incident_stays_with_its_item(self):
        incident = self._proposed()
        with self.assertRaisesRegex(UserError, "stays with the item"):
            self.as_("executor", incident).item_id = False

    def test_what_the_machine_reports_is_judged_by_approvers(self):
        release = self.start()
        incident = self.env["ipai.release.incident"]._insert(
            [{"release_id": release.id, "description": "Changed by hand", "severity": "high"}]
        )
        with self.assertRaisesRegex(AccessError, "had a hand"):
            self.as_("executor", incident).severity = "low"
        with self.assertRaisesRegex(AccessError, "Only approvers judge"):
            self.as_("tester", incident).severity = "low"
        self.as_("finance", incident).write({"severity": "low", "resolution": "A typing error"})
        self.as_("finance", incident).action_dismiss()
        self.assertEqual(incident.status, "dismissed")

    def test_everybody_may_say_that_it_is_worse(self):
        incident = self._proposed()
        self.as_("finance", incident).severity = "low"
        self.as_("tester", incident).severity = "high"
        self.assertEqual(incident.severity, "high")

    def test_who_had_no_hand_takes_back_what_they_reported(self):
        release = self.start()
        values = {"release_id": release.id, "description": "Slow", "severity": "high"}
        incident = self.as_("tester", self.env["ipai.release.incident"]).create(values)
        incident.severity = "low"
        self.assertEqual(incident.severity, "low")
