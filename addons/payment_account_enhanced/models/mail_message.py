from odoo import SUPERUSER_ID, _, models
from odoo.exceptions import UserError

from ..core import guard
from .account_payment_guard import MANAGER

CONTENT = {
    "author_id",
    "body",
    "date",
    "email_from",
    "message_type",
    "model",
    "res_id",
    "subject",
    "tracking_value_ids",
}


class MailMessage(models.Model):
    """What was said on a posted payment stays there."""

    _inherit = "mail.message"

    def write(self, vals):
        if CONTENT & vals.keys():
            self._check_posted_payments()
        return super().write(vals)

    def unlink(self):
        self._check_posted_payments()
        return super().unlink()

    def _check_posted_payments(self):
        # Not ``env.su``: Odoo deletes with sudo what a user asked it to delete.
        if self.env.uid == SUPERUSER_ID or guard.is_lifted(self.env) or not self:
            return
        payments = (
            self.env["account.payment"]
            ._behind(
                (message.model, message.res_id)
                for message in self.sudo()  # sudo: to see what is hidden
            )
            .filtered(lambda payment: payment._is_posted())
        )
        if payments and not self.env.user.has_group(MANAGER):
            raise UserError(
                _(
                    "Posted payments cannot be modified: the messages of %s stay with it. "
                    "Ask a Payment Manager.",
                    ", ".join(payments.mapped("approval_label")),
                )
            )
