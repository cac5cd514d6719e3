from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import UserError

from ..core import vocabulary
from ..guard import is_setter


class ReleaseMeasurement(models.Model):
    """A named value: a check took it, or a tester enters it where no machine can know it."""

    _name = "ipai.release.measurement"
    _description = "Release Measurement"
    _inherit = ["ipai.guarded.mixin", "ipai.journaled.mixin"]
    _order = "item_id, sequence, id"
    _guarded_rows = True
    _open_fields = frozenset({"value"})

    item_id = fields.Many2one(
        "ipai.release.item", required=True, ondelete="cascade", readonly=True, index=True
    )
    release_id = fields.Many2one(related="item_id.release_id", store=True, index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    sequence = fields.Integer(readonly=True)
    name = fields.Char(required=True, readonly=True)
    label = fields.Char(required=True, readonly=True)
    unit = fields.Char(readonly=True)
    required = fields.Boolean(readonly=True)
    value = fields.Char()

    _name_unique = Constraint(
        "unique(item_id, name)", "Two measurements of the item have the same name."
    )

    @api.depends("label", "value", "unit")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.label}: {line.value or ''} {line.unit or ''}".strip()

    def write(self, vals):
        if not is_setter(self.env):
            self.item_id._refuse_settled()
        return super().write(vals)

    def _take(self, item, values, units):
        """Keep the values a check took: in the rows the runbook named, and in new ones.

        :param values: ``{name: scalar}``
        :param units: ``{name: unit}``; the runbook's own unit comes first
        """
        rows = {line.name: line for line in self}
        new = []
        for name, value in values.items():
            text = "" if value is None else str(value)
            if name in rows:
                unit = rows[name].unit or units.get(name)
                rows[name]._store({"value": text, "unit": unit})
            else:
                new.append(self._new_values(item, name, text, units.get(name)))
        self._insert(new)

    def _new_values(self, item, name, text, unit):
        return {
            "item_id": item.id,
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "value": text,
            "unit": unit,
            "sequence": 100,
        }


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def write(self, vals):
        if not is_setter(self.env) and {"actual", "notes", "measurement_ids"} & set(vals):
            self._refuse_settled()
        return super().write(vals)

    def _refuse_settled(self):
        """What was recorded stays; another attempt records anew."""
        settled = self.filtered(
            lambda item: item.outcome not in vocabulary.OPEN or item.mode == "automated"
        )
        if settled:
            raise UserError(
                _(
                    "%s is settled: what it recorded cannot be changed. Press Retry to do it "
                    "again.",
                    settled[0].display_name,
                )
            )
        for item in self:
            item._refuse_stranger()
            item._refuse_closed_phase()
