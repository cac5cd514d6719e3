from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint

from ..core.vocabulary import GATE_POLICIES, STAGES


class RunbookPhase(models.Model):
    """An ordered part of a runbook, with a gate at its end."""

    _name = "ipai.runbook.phase"
    _description = "Runbook Phase"
    _inherit = ["ipai.runbook.part.mixin"]
    _order = "sequence, id"

    runbook_id = fields.Many2one("ipai.runbook", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="runbook_id.company_id")
    sequence = fields.Integer(default=10)
    code = fields.Char(required=True, help="Short name that items start with, for example 4.")
    name = fields.Char(required=True)
    stage = fields.Selection(
        STAGES,
        required=True,
        default="execution",
        help="Preparation is done while the release is scheduled, execution inside the maintenance "
        "window, verification after it, rollback only when the release is rolled back.",
    )
    instructions = fields.Html()
    gate_policy = fields.Selection(
        GATE_POLICIES,
        string="If an Item Fails",
        required=True,
        default="investigate",
        help="What the gate does by itself when all items are settled and one failed. "
        "Items that measured nothing always wait for a person.",
    )
    item_ids = fields.One2many("ipai.runbook.item", "phase_id", copy=True)

    _code_unique = Constraint("unique(runbook_id, code)", "Two phases have the same code.")

    @api.depends("code", "name")
    def _compute_display_name(self):
        for phase in self:
            phase.display_name = f"{phase.code or ''} {phase.name or ''}".strip()

    def _publish_errors(self):
        self.ensure_one()
        if not self.item_ids:
            return [_("Phase %s has no items: add one or delete the phase.", self.display_name)]
        return [error for item in self.item_ids for error in item._publish_errors()]

    def _snapshot(self):
        """This phase as JSON data."""
        self.ensure_one()
        return {
            "code": self.code,
            "name": self.name,
            "sequence": self.sequence,
            "stage": self.stage,
            "instructions": self.instructions or "",
            "gate_policy": self.gate_policy,
            "items": [item._snapshot() for item in self.item_ids],
        }
