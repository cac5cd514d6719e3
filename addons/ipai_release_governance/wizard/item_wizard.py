from odoo import fields, models


class ReleaseItemWizard(models.TransientModel):
    """Asks for the words that a failure, a skipped item or a waiver needs."""

    _name = "ipai.release.item.wizard"
    _description = "Words on a Release Item"

    item_id = fields.Many2one("ipai.release.item", required=True, readonly=True)
    act = fields.Selection(
        [("fail", "Fail"), ("skip", "Skip"), ("waive", "Waive")], required=True, readonly=True
    )
    reason = fields.Text(required=True)
    until = fields.Date(string="Accepted Until")

    def action_confirm(self):
        self.ensure_one()
        if self.act == "fail":
            self.item_id.actual = self.reason
            return self.item_id.action_fail()
        if self.act == "skip":
            return self.item_id.action_skip(self.reason)
        return self.item_id.action_waive(self.reason, self.until)
