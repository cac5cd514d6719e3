from odoo import _, models
from odoo.exceptions import UserError


class ReleasePhase(models.Model):
    _inherit = "ipai.release.phase"

    def action_run_checks(self):
        """Run the automated items of this phase that are not settled for good."""
        self.release_id._require_executor()
        items = self.item_ids._runnable()
        if not items:
            raise UserError(_("Nothing to run: the phase is not open, or all its checks are done."))
        items._start_again()
