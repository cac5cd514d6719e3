from odoo import models

from ..core import guard


class AccountResequence(models.TransientModel):
    _inherit = "account.resequence.wizard"

    def resequence(self):
        payments = self.move_ids._posted_payments()._locked()
        payments._check_may_change({"name"}, "account.move")
        before = {payment: payment.name for payment in payments}
        # Odoo clears all numbers before it gives the new ones; the history shows what came of it.
        result = super(AccountResequence, guard.lifted_for(self, payments)).resequence()
        payments._record_edits(
            {
                payment: {"name": (name, payment.name)}
                for payment, name in before.items()
                if payment.name != name
            }
        )
        return result
