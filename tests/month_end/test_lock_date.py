"""The freeze around the end of a month is over when the books of that month are closed."""

from datetime import datetime, timedelta, timezone

from odoo.addons.ipai_release_governance.core.calendar import Span
from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon
from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestLockDate(ReleaseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Shop with books"})
        cls.freeze = cls.env["ipai.release.freeze"].create(
            {"name": "Month-end", "kind": "month_end", "company_id": cls.company.id}
        )

    def frozen(self, month):
        """Whether the third of the month is in the freeze."""
        start = datetime(2026, month, 3, 10, tzinfo=timezone.utc)
        span = Span(start, start + timedelta(hours=1))
        found = self.freeze._within(self.target, self.company, span)
        return self.freeze in [freeze for freeze, _span in found]

    def test_the_lock_date_ends_it(self):
        self.assertIsNone(self.freeze._closed_until(self.company))
        self.assertTrue(self.frozen(month=2))
        self.company.fiscalyear_lock_date = "2026-01-30"
        self.assertTrue(self.frozen(month=2))
        self.company.fiscalyear_lock_date = "2026-01-31"
        self.assertEqual(str(self.freeze._closed_until(self.company)), "2026-01-31")
        self.assertFalse(self.frozen(month=2))
        self.assertTrue(self.frozen(month=3))

    def test_the_later_of_two_lock_dates_ends_it(self):
        self.company.fiscalyear_lock_date = "2026-01-31"
        if SERIES >= 18:
            self.company.hard_lock_date = "2026-02-28"
        # Odoo 17.0 has the one lock date alone.
        self.assertEqual(self.frozen(month=3), SERIES < 18)
        self.assertFalse(self.frozen(month=2))
