import sys

from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import TransactionCase

PACKAGE = "odoo.addons.ipai_series"


class TestTranslationScope(TransactionCase):
    def test_a_series_imports_only_what_it_needs(self):
        loaded = {name for name in sys.modules if name.startswith(f"{PACKAGE}.below_")}
        packages = {name for name in loaded if name.count(".") == PACKAGE.count(".") + 1}
        expected = {f"{PACKAGE}.below_{series}" for series in (18, 19) if series > SERIES}
        self.assertEqual(packages, expected)
        self.assertEqual(bool(loaded), SERIES < 19)

    def test_nothing_is_added_to_models_on_the_last_series(self):
        self.assertEqual(hasattr(self.env["res.users"], "_series_values"), SERIES < 19)
