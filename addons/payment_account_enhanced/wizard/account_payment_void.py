from odoo import fields, models


class AccountPaymentVoid(models.TransientModel):
    _name = "account.payment.void"
    _inherit = "account.payment.reason"
    _description = "Void Payments"

    date = fields.Date(string="Reversal Date", required=True, default=fields.Date.context_today)

    def action_void(self):
        self.payment_ids._void(self.reason, self.date)
        return self._close()
