from odoo import fields, models


class AccountPaymentReason(models.AbstractModel):
    """A question for the reason, asked about the payments that were selected."""

    _name = "account.payment.reason"
    _description = "Reason of a Decision on Payments"

    payment_ids = fields.Many2many(
        "account.payment",
        string="Payments",
        default=lambda self: self.env.context.get("active_ids"),
        required=True,
    )
    reason = fields.Char(required=True)

    def _close(self):
        return {"type": "ir.actions.act_window_close"}
