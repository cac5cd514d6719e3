from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import TransactionCase


class TestResGroups(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls._create("ir.module.category", "root", {"name": "Root"})
        cls.category = cls._create(
            "ir.module.category",
            "category",
            {"name": "Series Test", "parent_id": cls.root.id, "sequence": 7},
        )
        cls.groups = cls._create("res.groups", "one", {"name": "One"})
        cls.groups |= cls._create("res.groups", "two", {"name": "Two"})

    @classmethod
    def _create(cls, model, name, values):
        data = {"xml_id": f"ipai_series.test_{name}", "values": values, "noupdate": False}
        return cls.env[model]._load_records([data])

    def _set_application(self):
        self.env["res.groups"]._set_application(
            "ipai_series.test_category", ["ipai_series.test_one", "ipai_series.test_two"]
        )

    def test_groups_share_the_application(self):
        self._set_application()
        if SERIES < 19:
            self.assertEqual(self.groups.category_id, self.category)
            return
        privilege = self.groups.privilege_id
        self.assertEqual(privilege, self.env.ref("ipai_series.test_category_privilege"))
        self.assertEqual((privilege.name, privilege.sequence), ("Series Test", 7))
        self.assertEqual(privilege.category_id, self.root)

    def test_again_changes_what_is_there(self):
        self._set_application()
        self.category.name = "Renamed"
        self._set_application()
        if SERIES >= 19:
            self.assertEqual(self.groups.privilege_id.name, "Renamed")
        else:
            self.assertEqual(self.groups.category_id.name, "Renamed")

    def test_unknown_external_id(self):
        with self.assertRaisesRegex(ValueError, "ipai_series.test_nothing"):
            self.env["res.groups"]._set_application("ipai_series.test_nothing", [])
