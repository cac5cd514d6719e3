from odoo import _, api, fields, models
from odoo.exceptions import UserError


class ReleasePhase(models.Model):
    _inherit = "ipai.release.phase"

    runnable_count = fields.Integer(compute="_compute_runnable_count")

    @api.depends("state", "item_ids.outcome", "item_ids.mode")
    def _compute_runnable_count(self):
        for phase in self:
            phase.runnable_count = len(phase.item_ids._runnable())

    def action_run_checks(self):
        """Run the automated items of this phase that are not settled for good."""
        self.release_id._require_executor()
        items = self.item_ids._runnable()
        if not items:
            raise UserError(_("Nothing to run: the phase is not open, or all its checks are done."))
        items._start_again()
