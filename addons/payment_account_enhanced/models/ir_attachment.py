from odoo import SUPERUSER_ID, _, models
from odoo.exceptions import UserError

from ..core import guard
from .account_payment_guard import MANAGER

CONTENT = {"raw", "datas", "db_datas", "store_fname", "res_id", "res_model", "res_field"}


class IrAttachment(models.Model):
    """The documents of a posted payment stay with it."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT & vals.keys():
            self._check_posted_payments(vals)
        return super().write(vals)

    def unlink(self):
        self._check_posted_payments({})
        return super().unlink()

    def _check_posted_payments(self, vals):
        # Not ``env.su``: Odoo deletes with sudo what a user asked it to delete.
        if self.env.uid == SUPERUSER_ID or guard.is_lifted(self.env) or not self:
            return
        payments = self.env["account.payment"]._posted_behind(
            (attachment.res_model, attachment.res_id)
            for attachment in self
            if not vals or self._moves_away(attachment, vals)
        )
        if payments and not self.env.user.has_group(MANAGER):
            raise UserError(
                _(
                    "Posted payments cannot be modified: the documents of %s stay with it. "
                    "Add another one instead, or ask a Payment Manager.",
                    ", ".join(payments.mapped("approval_label")),
                )
            )

    def _moves_away(self, attachment, vals):
        """Whether ``vals`` change what the attachment is or where it belongs."""
        same_place = all(
            vals.get(name, attachment[name]) == attachment[name] for name in ("res_id", "res_model")
        )
        return not same_place or bool(CONTENT - {"res_id", "res_model"} & vals.keys())
