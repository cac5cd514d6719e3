from odoo import models


class AccountPaymentReject(models.TransientModel):
    _name = "account.payment.reject"
    _inherit = "account.payment.reason"
    _description = "Reject Payments"

    def action_reject(self):
        self.payment_ids.action_reject_with_reason(self.reason)
        return self._close()
