from odoo import fields, models


class AccountPaymentVoid(models.TransientModel):
    _name = "account.payment.void"
    _description = "Void Payments"

    payment_ids = fields.Many2many(
        "account.payment",
        string="Payments",
        default=lambda self: self.env.context.get("active_ids"),
        required=True,
    )
    reason = fields.Char(required=True)
    date = fields.Date(string="Reversal Date", required=True, default=fields.Date.context_today)

    def action_void(self):
        self.payment_ids._void(self.reason, self.date)
        return {"type": "ir.actions.act_window_close"}
