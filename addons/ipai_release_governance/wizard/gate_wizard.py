from odoo import fields, models

from ..core.vocabulary import GATE_POLICIES


class ReleaseGateWizard(models.TransientModel):
    """Asks a person for the decision at a gate that holds."""

    _name = "ipai.release.gate.wizard"
    _description = "Decision at a Gate"

    phase_id = fields.Many2one("ipai.release.phase", required=True, readonly=True)
    blocking = fields.Char(related="phase_id.gate_reason", related_sudo=False)
    decision = fields.Selection(GATE_POLICIES, required=True, default="investigate")
    reason = fields.Text(required=True)

    def action_confirm(self):
        self.ensure_one()
        self.phase_id._decide(self.decision, self.reason)
