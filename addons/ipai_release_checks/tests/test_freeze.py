import json
from datetime import timedelta

from odoo import fields
from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon


class TestFreeze(ReleaseCommon):
    """The machine does nothing disruptive in a freeze, and finishes what it has begun."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.freeze = cls._freeze_now("Audit", timedelta(minutes=1), timedelta(hours=1))

    def _automated(self, **values):
        now = fields.Datetime.now()
        release = self._make_release(
            window_start=now - timedelta(hours=1), window_end=now + timedelta(hours=1)
        )
        item = self.item(release, "0.1")
        params = {
            "sql": "SELECT true AS ok",
            "expect": [{"column": "ok", "op": "==", "value": True}],
        }
        item._store(
            {
                "mode": "automated",
                "check_kind": "sql",
                "check_params": json.dumps(params),
                "outcome": "running",
                "date_start": fields.Datetime.now(),
                "disruptive": True,
                **values,
            }
        )
        return item

    def test_a_disruptive_item_is_not_run_in_a_freeze(self):
        result = self._automated()._execute()
        self.assertEqual(result.outcome, "error")
        self.assertIn("Not run: Freeze: Audit", result.summary)
        self.assertFalse(result.files)

    def test_what_disturbs_nobody_is_run(self):
        self.assertEqual(self._automated(disruptive=False)._execute().outcome, "passed")

    def test_what_began_before_the_freeze_is_finished(self):
        begun = self.freeze.date_start - timedelta(seconds=1)
        item = self._automated(date_start=begun)
        self.assertEqual(item._execute().outcome, "passed")

    def test_the_shipped_runbook_names_what_disturbs_the_users(self):
        runbook = self.env.ref("ipai_release_checks.runbook_payment_hardening")
        disruptive = runbook.phase_ids.item_ids.filtered("disruptive")
        self.assertEqual(disruptive.mapped("code"), ["2.1.1", "3.0"])
