from odoo import fields, models
from odoo.addons.ipai_series.compat import Constraint


class RunbookMeasurement(models.Model):
    """A named value that an item records, for example the size of a backup."""

    _name = "ipai.runbook.measurement"
    _description = "Runbook Measurement"
    _inherit = ["ipai.runbook.part.mixin"]
    _order = "sequence, id"

    item_id = fields.Many2one("ipai.runbook.item", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="item_id.company_id")
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="Technical name, for example file_size.")
    label = fields.Char(required=True)
    unit = fields.Char()
    required = fields.Boolean(default=True)

    _name_unique = Constraint(
        "unique(item_id, name)", "Two measurements of the item have the same name."
    )

    def _get_runbook(self):
        return self.mapped("item_id.phase_id.runbook_id")

    def _snapshot(self):
        self.ensure_one()
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit or "",
            "required": self.required,
            "sequence": self.sequence,
        }
