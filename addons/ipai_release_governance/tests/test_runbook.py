from odoo.exceptions import AccessError, UserError

from .common import ReleaseCommon


class TestRunbook(ReleaseCommon):
    def test_publishing_names_everything_that_is_missing(self):
        empty = self.env["ipai.runbook"].create({"name": "Empty", "code": "empty"})
        with self.assertRaisesRegex(UserError, "(?s)no phase of the stage Execution.*Nobody signs"):
            self.as_("manager", empty).action_publish()
        empty.phase_ids = [
            (0, 0, {"code": "0", "name": "Bare", "stage": "execution", "gate_policy": "roll_back"})
        ]
        with self.assertRaisesRegex(UserError, "(?s)0 Bare has no items.*stage Rollback"):
            self.as_("manager", empty).action_publish()

    def test_only_managers_publish(self):
        draft = self._make_runbook(code="another")
        with self.assertRaisesRegex(AccessError, "Only runbook managers"):
            self.as_("executor", draft).action_publish()

    def test_published_is_frozen(self):
        phase = self.runbook.phase_ids[0]
        item = phase.item_ids[0]
        manager = self.people["manager"]
        for records, values in (
            (self.runbook, {"name": "Other"}),
            (phase, {"gate_policy": "proceed"}),
            (item, {"severity": "minor"}),
            (self.runbook.signoff_ids[0], {"meaning": "Other"}),
        ):
            with self.subTest(model=records._name):
                with self.assertRaisesRegex(UserError, "New Version"):
                    records.with_user(manager).write(values)
                with self.assertRaises(UserError):
                    records.with_user(manager).unlink()
        with self.assertRaisesRegex(UserError, "New Version"):
            self.env["ipai.runbook.item"].with_user(manager).create(
                {"phase_id": phase.id, **self._item("0.9", "tester")}
            )

    def test_a_new_version_starts_as_a_copy(self):
        action = self.as_("manager", self.runbook).action_new_version()
        draft = self.env["ipai.runbook"].browse(action["res_id"])
        self.assertEqual((draft.state, draft.version), ("draft", 2))
        self.assertEqual(draft.item_count, self.runbook.item_count)
        draft.phase_ids[0].name = "Changed"
        self.assertNotEqual(self.runbook.phase_ids[0].name, "Changed")

    def test_a_runbook_of_a_company_gets_its_next_version(self):
        runbook = self._make_runbook(code="own", company_id=self.env.company.id)
        self.as_("manager", runbook).action_publish()
        action = self.as_("manager", runbook).action_new_version()
        self.assertEqual(self.env["ipai.runbook"].browse(action["res_id"]).version, 2)

    def test_a_duplicate_is_another_runbook(self):
        copied = self.as_("manager", self.runbook).copy()
        self.assertEqual((copied.code, copied.version), (self.runbook.code + "-copy", 1))
        with self.assertRaisesRegex(UserError, "exists already"):
            self._make_runbook(code=self.runbook.code)

    def test_no_release_is_planned_on_a_draft(self):
        with self.assertRaisesRegex(UserError, "is not published"):
            self._make_release(self._make_runbook(code="unfinished"))

    def test_a_release_works_on_its_snapshot(self):
        release = self._make_release()
        self.as_("manager", self.runbook).action_archive_runbook()
        self.assertEqual(len(release.item_ids), self.runbook.item_count)
        self.assertEqual(len(release.runbook_digest), 64)
        self.assertEqual(release._snapshot()["phases"][0]["code"], "T")

    def test_changing_the_runbook_of_a_draft_takes_a_new_snapshot(self):
        release = self._make_release()
        other = self._make_runbook(code="other", module_names="mail")
        self.as_("manager", other).action_publish()
        release.runbook_id = other
        self.assertEqual(release.module_ids.mapped("name"), ["mail"])
        self.assertEqual(len(release.item_ids), other.item_count)
