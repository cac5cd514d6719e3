from odoo.addons.ipai_series import compat
from odoo.exceptions import AccessError
from odoo.release import major_version
from odoo.tests import TransactionCase


class TestCompat(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env["res.groups"].create({"name": "Series test"})
        cls.user = cls.env["res.users"].create(
            {
                "name": "Plain user",
                "login": "series_plain_user",
                compat.GROUPS: [(6, 0, cls.env.ref("base.group_user").ids)],
            }
        )

    def test_series(self):
        self.assertEqual(f"{compat.SERIES}.0", major_version)

    def test_groups_fields(self):
        self.group[compat.GROUP_USERS] = self.user
        implied = self.env["res.groups"].create({"name": "Implied"})
        self.group.implied_ids = implied
        self.assertIn(self.group, self.user[compat.GROUPS])
        self.assertIn(implied, self.user[compat.ALL_GROUPS])
        self.assertEqual(implied[compat.ALL_GROUP_USERS], self.user)
        for model in ("ir.actions.act_window", "ir.actions.report", "ir.ui.menu", "ir.ui.view"):
            self.assertIn(compat.GROUPS, self.env[model]._fields)

    def test_domain(self):
        names = [[("login", "=", "series_plain_user")], [("login", "=", "nobody")]]
        users = self.env["res.users"]
        self.assertEqual(users.search(compat.Domain.OR(names)), self.user)
        self.assertFalse(users.search(compat.Domain.AND(names)))
        self.assertIsInstance(list(compat.Domain.OR(names)), list)

    def test_check_access_by_rights(self):
        config = self.env["ir.config_parameter"].with_user(self.user)
        compat.check_access(self.env["ir.config_parameter"], "create")
        with self.assertRaises(AccessError):
            compat.check_access(config, "create")

    def test_check_access_by_rules(self):
        company = self.env["res.company"].create({"name": "Other"})
        partner = self.env["res.partner"].create({"name": "P", "company_id": company.id})
        compat.check_access(partner, "read")
        with self.assertRaises(AccessError):
            compat.check_access(partner.with_user(self.user), "read")

    def test_aggregator(self):
        field = self.env["res.partner"]._fields["color"]
        self.assertTrue(hasattr(field, compat.AGGREGATOR))

    def test_constraint_needs_an_underscore(self):
        with self.assertRaisesRegex(Exception, "_"):
            type("Model", (), {"name": compat.Constraint("CHECK(true)"), "_sql_constraints": []})
