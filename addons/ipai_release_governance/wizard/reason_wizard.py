from odoo import fields, models


class ReleaseReasonWizard(models.TransientModel):
    """Asks for the reason of an act that needs one."""

    _name = "ipai.release.reason.wizard"
    _description = "Reason of a Release"

    release_id = fields.Many2one("ipai.release", required=True, readonly=True)
    act = fields.Selection(
        [
            ("abort", "Abort"),
            ("roll_back", "Roll Back"),
            ("freeze", "Ask to Act in a Freeze"),
            ("hold", "Legal Hold"),
            ("lift_hold", "Lift the Legal Hold"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Text(required=True)

    def action_confirm(self):
        self.ensure_one()
        act = {
            "abort": self.release_id.action_abort,
            "roll_back": self.release_id.action_roll_back,
            "freeze": self.release_id.action_ask_freeze_override,
            "hold": self.release_id.action_hold,
            "lift_hold": self.release_id.action_lift_hold,
        }[self.act]
        return act(self.reason)
