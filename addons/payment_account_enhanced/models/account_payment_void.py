from odoo import _, models
from odoo.exceptions import AccessError, UserError

from ..core import guard, states
from .account_payment_guard import MANAGER


class AccountPayment(models.Model):
    """Giving a posted payment up: the books are reversed, the number and the record stay."""

    _inherit = "account.payment"

    def action_open_void(self):
        return self._open_reason("payment_account_enhanced.action_payment_void")

    def _void(self, reason, date):
        """Reverse posted payments and mark them void.

        :param str reason: kept in the history, on the reversal and on the voucher.
        :param date: of the reversal.
        :raises AccessError: the user is no Payment Manager.
        :raises UserError: a payment is not posted or younger than ``date``, or no reason is given.
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(_("Only a Payment Manager voids a payment."))
        wrong = self.filtered(lambda payment: payment.approval_state != states.POSTED)
        if wrong:
            raise UserError(_("Only posted payments can be voided: %s", wrong._names_with_state()))
        if not (reason or "").strip():
            raise UserError(_("Say why the payment is void: Reason."))
        for payment in self:
            payment._check_voidable(date)
            payment._void_one(reason, date)

    def _check_voidable(self, date):
        if date < self.date:
            raise UserError(
                _(
                    "%(payment)s is of %(date)s and cannot be void before: Reversal Date.",
                    payment=self.approval_label,
                    date=self.date,
                )
            )

    def _void_one(self, reason, date):
        self.ensure_one()
        bills = self._reconciled_documents()
        self._record_history(
            "void",
            from_state=states.POSTED,
            to_state=states.VOID,
            reason=reason,
            changes=self._reset_note(),
            digest=self.sealed_digest,
        )
        reversal = self._reverse_entry(reason, date)
        self._write_workflow(
            {"approval_state": states.VOID, "void_reason": reason, "void_move_id": reversal.id}
        )
        self._cancel_state()
        note = _("Payment %(name)s is void: %(reason)s", name=self._history_name(), reason=reason)
        for record in (self, *bills):
            record._message_log(body=note)

    def _reverse_entry(self, reason, date):
        """Post the reversal of the entry and reconcile the two; nothing without an entry."""
        self.ensure_one()
        if not self.move_id:
            return self.move_id
        values = {
            "date": date,
            "ref": _("Void of %(name)s: %(reason)s", name=self.name, reason=reason),
        }
        moves = guard.lifted(self.move_id)
        return moves._reverse_moves([values], cancel=True).with_env(self.env)

    def _cancel_state(self):
        """Show it in Odoo's own state too, where that is not the state of the entry (since 18)."""
        if not self._fields["state"].inherited:
            self._write_workflow({"state": "canceled"})
