from lxml import etree
from odoo.addons.ipai_release_governance.core.result import Result
from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon
from odoo.exceptions import UserError

BUTTON = "//button[@name='action_run_checks'][@string='Run This Phase']"


class TestPhase(ReleaseCommon):
    """Run This Phase: where it is found, for whom, and when."""

    def _buttons(self, model, who):
        arch = self.env[model].with_user(self.people[who]).get_view(view_type="form")["arch"]
        return etree.fromstring(arch).xpath(BUTTON)

    def _automated(self, code, policy):
        check = self.env["ipai.release.check"].create(
            {"name": code, "kind": "sql", "sql": "SELECT 1", "parameters": '{"expect_rows": 1}'}
        )
        phase = self._phase(code, "execution", policy, [])
        item = self._item(f"{code}.1", "executor", mode="automated", check_id=check.id)
        phase[2]["item_ids"] = [(0, 0, item)]
        return phase

    def test_executors_find_the_button_on_both_screens(self):
        for model in ("ipai.release", "ipai.release.phase"):
            with self.subTest(model=model):
                (button,) = self._buttons(model, "executor")
                self.assertEqual(button.get("invisible"), "not runnable_count")
                self.assertFalse(self._buttons(model, "viewer"))

    def test_it_runs_what_the_open_phase_has_to_run(self):
        runbook = self._make_runbook(
            code="phases",
            phase_ids=[self._automated("0", "investigate"), self._automated("4", "investigate")],
        )
        runbook.with_user(self.people["manager"]).action_publish()
        release = self._make_release(runbook)
        release.action_schedule()
        release.action_start()
        first, second = release.phase_ids
        self.assertEqual((first.runnable_count, second.runnable_count), (1, 0))
        first.item_ids._settle(Result("failed"))
        self.assertEqual(first.runnable_count, 1)
        self.as_("executor", first).action_run_checks()
        self.assertEqual(first.item_ids.outcome, "pending")
        first.item_ids._settle(Result("passed"))
        self.assertEqual((first.runnable_count, second.runnable_count), (0, 1))
        with self.assertRaisesRegex(UserError, "Nothing to run"):
            self.as_("executor", first).action_run_checks()
