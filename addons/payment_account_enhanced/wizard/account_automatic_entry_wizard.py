from odoo import models


class AccountAutomaticEntryWizard(models.TransientModel):
    _inherit = "account.automatic.entry.wizard"

    def do_action(self):
        payments = self.move_line_ids.move_id._posted_payments()._locked()
        payments._check_may_change({"line_ids"}, "account.move")
        return super().do_action()
