from odoo import fields, models


class AccountPaymentReject(models.TransientModel):
    _name = "account.payment.reject"
    _description = "Reject Payments"

    payment_ids = fields.Many2many(
        "account.payment",
        string="Payments",
        default=lambda self: self.env.context.get("active_ids"),
        required=True,
    )
    reason = fields.Char(required=True)

    def action_reject(self):
        self.payment_ids.action_reject_with_reason(self.reason)
        return {"type": "ir.actions.act_window_close"}
