from odoo import fields, models


class ReleaseReasonWizard(models.TransientModel):
    """Asks why a release is aborted or rolled back, or has to act in a freeze."""

    _name = "ipai.release.reason.wizard"
    _description = "Reason of a Release"

    release_id = fields.Many2one("ipai.release", required=True, readonly=True)
    act = fields.Selection(
        [
            ("abort", "Abort"),
            ("roll_back", "Roll Back"),
            ("freeze", "Ask to Act in a Freeze"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Text(required=True)

    def action_confirm(self):
        self.ensure_one()
        if self.act == "abort":
            return self.release_id.action_abort(self.reason)
        if self.act == "freeze":
            return self.release_id.action_ask_freeze_override(self.reason)
        return self.release_id.action_roll_back(self.reason)
