from odoo import _, models
from odoo.exceptions import UserError

from ..core import guard, states
from . import locks
from .series import POSTED_STATES


class AccountPayment(models.Model):
    """Posting by writing, and the link to a journal entry: Odoo's own doing, nobody else's."""

    _inherit = "account.payment"

    def _generate_journal_entry(self, *args, **kwargs):
        # Another entry is a change of what was approved, unless Odoo makes it from the payment.
        payments = guard.lifted_for(self, self)
        return super(AccountPayment, payments)._generate_journal_entry(*args, **kwargs)

    def _create_paired_internal_transfer_payment(self):
        # Before 18 Odoo notes the second half of a transfer on the first one, posted by then.
        payments = guard.lifted_for(self, self)
        return super(AccountPayment, payments)._create_paired_internal_transfer_payment()

    def _check_posting(self, vals):
        """Raise when ``vals`` would post payments that are not approved.

        Before 18 the state is the entry's, and the entry's own choke point decides.

        :return: the payments that ``vals`` may post and that nobody has approved.
        """
        if not {"state", "move_id"} & vals.keys():
            return self.browse()
        pending = self.filtered(lambda payment: not payment._is_posted())
        if "move_id" in vals:
            pending._check_linking(vals)
        elif vals["state"] in POSTED_STATES and not self._fields["state"].inherited:
            pending._check_approved()
            changed = locks.CONTENT & vals.keys()
            if changed:
                pending._held()._refuse_change_while_posting(changed)
        return pending.filtered(lambda payment: payment.approval_state != states.APPROVED)

    def _refuse_change_while_posting(self, names):
        if self:
            raise UserError(
                _(
                    "%(payment)s cannot be changed while it is posted: %(fields)s. Change it "
                    "first, and submit it again.",
                    payment=self._names_with_state(),
                    fields=self._content_labels(names),
                )
            )

    def _check_linking(self, vals):
        """Raise when ``vals`` link payments to an entry and post them by that, or by its absence.

        Approved or not: this entry was not made from the payment.
        """
        move = self.env["account.move"].browse(vals["move_id"] or [])
        if move and not all(payment._is_permitted() for payment in self):
            self._refuse_entry()
        posted = self
        if move.state != "posted":
            posted = self.filtered(lambda payment: payment._is_posted_by(vals))
        held = posted._held()
        if held:
            raise UserError(
                _(
                    "%(payment)s needs approval, so it cannot be linked to another entry: "
                    "Journal Entry %(entry)s. Post the payment itself once it is approved.",
                    payment=held._names_with_state(),
                    entry=move.display_name or _("(none)"),
                )
            )

    def _refuse_entry(self):
        """Raise for a journal entry that somebody enters: it may be another payment's, or any.

        :raises UserError: unless the system itself links them.
        """
        if not self.env.su:
            raise UserError(
                _(
                    "The journal entry of a payment cannot be entered, it is made from the "
                    "payment: Journal Entry. Leave it empty and post the payment."
                )
            )

    def _is_posted_by(self, vals):
        """Whether the payment's own state (since 18) is a posted one once ``vals`` are written.

        Odoo writes one with the draft entry that it makes from the payment.
        """
        if self._fields["state"].inherited or (vals["move_id"] and self._is_permitted()):
            return False
        return vals.get("state", self.state) in POSTED_STATES

    def _held(self):
        """Return the payments that are posted by nothing but their approval."""
        handed_in = self.filtered(lambda payment: payment.approval_state in states.HANDED_IN)
        return handed_in | (self - handed_in)._needing_approval()
