from odoo import models
from odoo.addons.ipai_series.compat import SERIES

from ..core import guard, states
from .series import POSTING_DROPS_STALE


class AccountMove(models.Model):
    """Posting an entry posts the payment behind it, and is asked for as that."""

    _inherit = "account.move"

    def write(self, vals):
        if vals.get("state") == "cancel" and SERIES < 18:
            self._entry_payments()._submitted()._note_cancellation()
        unapproved = self._check_payments_approved(vals)
        result = super().write(vals)
        # With what was written they may need an approval that they did not need before.
        unapproved._check_approved()
        return result

    def _check_payments_approved(self, vals):
        """Raise when ``vals`` post the entries of payments that need an approval first.

        :return: the payments that they post and that nobody has approved.
        """
        if vals.get("state") != "posted":
            return self.env["account.payment"]
        payments = self._entry_payments()
        payments._check_approved()
        return payments.filtered(lambda payment: payment.approval_state != states.APPROVED)

    def _post(self, soft=True):
        self._check_reversed()
        # What posting a bill drops is Odoo's own doing.
        moves = guard.lifted(self) if POSTING_DROPS_STALE else self
        posted = super(AccountMove, moves)._post(soft=soft).with_env(self.env)
        payments = posted._entry_payments()
        if payments:
            # Not those that an entry only names: whoever enters one may name any.
            payments.filtered(lambda payment: payment.move_id in posted)._after_posting()
        return posted

    def _check_reversed(self):
        """Raise when these reverse entries of posted payments, and the user may not reset those.

        Posting reconciles the two, however they came to be linked.
        """
        reversed_entries = self.reversed_entry_id.filtered(lambda move: move.move_type == "entry")
        if reversed_entries:
            reversed_entries._posted_payments()._locked()._check_may_change({"state"})
