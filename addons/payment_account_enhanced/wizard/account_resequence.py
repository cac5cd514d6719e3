from odoo import models


class AccountResequence(models.TransientModel):
    _inherit = "account.resequence.wizard"

    def resequence(self):
        self.move_ids._posted_payments()._locked()._check_may_change({"name"}, "account.move")
        return super().resequence()
