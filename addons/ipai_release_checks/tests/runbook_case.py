"""Runs the items of the shipped runbook one by one, in the transaction of a test."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase

from .. import checks
from ..checks.snapshot import Snapshot
from ..models.check_context import ItemContext

RUNBOOK = "ipai_release_checks.runbook_payment_hardening"


class OwnTransaction(Snapshot):
    """The real snapshot, only that it reads what the test's own transaction sees."""

    def __init__(self, cr):
        super().__init__({})
        self._connection = cr._obj.connection


class RecordedContext(ItemContext):
    """The real surroundings; baselines are those the test has just recorded."""

    def __init__(self, item, snapshot, recorded):
        super().__init__(item, snapshot)
        self._recorded = recorded

    def baseline(self, item_code):
        return self._recorded.get(item_code)


class RunbookCase(TransactionCase):
    """A release of the runbook Payment Workflow Hardening, planned and not started."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        now = fields.Datetime.now()
        cls.runbook = cls.env.ref(RUNBOOK)
        cls.target = cls.env["ipai.release.target"].create(
            {
                "name": "Runbook shop",
                "tz": "UTC",
                "min_posted_payments": 1,
                "min_posted_invoices": 1,
                "min_free_disk_gb": 0.001,
            }
        )
        cls.release = cls.env["ipai.release"].create(
            {
                "title": "Go live",
                "runbook_id": cls.runbook.id,
                "target_id": cls.target.id,
                "window_start": now,
                "window_end": now + timedelta(hours=1),
            }
        )
        cls.recorded = {}

    def item(self, code):
        return self.release.item_ids.filtered(lambda item: item.code == code)

    def run_item(self, code):
        """Run the check of an item and return its measurement and verdict."""
        self.env.flush_all()
        item = self.item(code)
        context = RecordedContext(item, OwnTransaction(self.env.cr), self.recorded)
        return checks.run(item._kind(), context, json.loads(item.check_params))

    def record(self, *codes):
        """Run items and keep what they measured as baselines."""
        for code in codes:
            measurement, verdict = self.run_item(code)
            self.assertEqual(verdict.outcome, "passed", f"{code}: {verdict.summary}")
            self.recorded[code] = measurement

    def assert_passes(self, *codes):
        for code in codes:
            _measurement, verdict = self.run_item(code)
            self.assertEqual(
                verdict.outcome, "passed", f"{code}: {verdict.summary} {verdict.records}"
            )

    def assert_names(self, code, name, outcome="failed"):
        """The item has this outcome and names the record."""
        _measurement, verdict = self.run_item(code)
        self.assertEqual(verdict.outcome, outcome, f"{code}: {verdict.summary}")
        self.assertIn(name, "\n".join(verdict.records))
