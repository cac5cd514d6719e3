from odoo import SUPERUSER_ID, _, models
from odoo.exceptions import UserError

from ..core import guard
from .account_payment_guard import MANAGER

CONTENT = {
    "datas",
    "db_datas",
    "mimetype",
    "name",
    "raw",
    "res_field",
    "res_id",
    "res_model",
    "store_fname",
    "type",
    "url",
}


class IrAttachment(models.Model):
    """The documents somebody relied on stay with the payment."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT & vals.keys():
            self._check_payments(vals)
        return super().write(vals)

    def unlink(self):
        self._check_payments({})
        return super().unlink()

    def _check_payments(self, vals):
        # Not ``env.su``: Odoo deletes with sudo what a user asked it to delete.
        if self.env.uid == SUPERUSER_ID or guard.is_lifted(self.env) or not self:
            return
        payments = self.env["account.payment"]._behind(
            (attachment.res_model, attachment.res_id)
            for attachment in self
            if not vals or self._moves_away(attachment, vals)
        )
        kept = payments.filtered(lambda payment: payment._keeps_documents())
        if kept and not self.env.user.has_group(MANAGER):
            self._refuse(kept)

    def _refuse(self, payments):
        """Raise, in the words of the lock where one of the payments is posted."""
        names = ", ".join(payments.mapped("approval_label"))
        if any(payment._is_posted() for payment in payments):
            raise UserError(
                _(
                    "Posted payments cannot be modified: the documents of %s stay with it. "
                    "Add another one instead, or ask a Payment Manager.",
                    names,
                )
            )
        raise UserError(
            _(
                "Payments under approval or verified keep their documents: %s. "
                "Add another one instead, or ask a Payment Manager.",
                names,
            )
        )

    def _moves_away(self, attachment, vals):
        """Whether ``vals`` change what the attachment is or where it belongs."""
        same_place = all(
            vals.get(name, attachment[name]) == attachment[name] for name in ("res_id", "res_model")
        )
        return not same_place or bool(CONTENT - {"res_id", "res_model"} & vals.keys())
