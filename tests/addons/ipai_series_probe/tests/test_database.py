from odoo.tests import TransactionCase
from odoo.tools import mute_logger
from psycopg2 import IntegrityError


class TestDatabase(TransactionCase):
    def test_constraint_names(self):
        self.env.cr.execute(
            "SELECT conname, contype FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('u', 'c') ORDER BY conname",
            ["ipai_series_probe"],
        )
        self.assertEqual(
            self.env.cr.fetchall(),
            [
                ("ipai_series_probe_amount_positive", "c"),
                ("ipai_series_probe_name_company_uniq", "u"),
            ],
        )

    def test_constraint_messages(self):
        constraints = self.env["ir.model.constraint"].search(
            [("model.model", "=", "ipai.series.probe"), ("type", "=", "u")]
        )
        self.assertEqual(
            sorted((constraint.name, constraint.message) for constraint in constraints),
            [
                ("ipai_series_probe_amount_positive", "The amount must not be negative."),
                ("ipai_series_probe_name_company_uniq", "The name must be unique."),
            ],
        )

    def test_constraints_hold(self):
        probes = self.env["ipai.series.probe"]
        probes.create({"name": "Twice"})
        for values in ({"name": "Twice"}, {"name": "Less", "amount": -1}):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
                probes.create(values)

    def test_aggregates(self):
        probes = self.env["ipai.series.probe"]
        probes.create(
            [{"name": "a", "amount": 1, "rank": 3}, {"name": "b", "amount": 2, "rank": 2}]
        )
        ((total, highest),) = probes._read_group([], aggregates=["amount:sum", "rank:max"])
        self.assertEqual((total, highest), (3, 3))
        fields = probes.fields_get(["amount", "rank"])
        key = "aggregator" if "aggregator" in fields["rank"] else "group_operator"
        self.assertEqual((fields["amount"][key], fields["rank"][key]), ("sum", "max"))
