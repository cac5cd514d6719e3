from collections import Counter

from odoo import _, api, models
from odoo.exceptions import UserError

from ..core import guard, states
from . import locks

#: The two items of a partial: which way their open balance points, and the field that says how
#: much of it is taken in their own currency.
SIDES = {
    "debit_move_id": (1, "debit_amount_currency"),
    "credit_move_id": (-1, "credit_amount_currency"),
}


class AccountPartialReconcile(models.Model):
    """The choke point of reconciliations: no unreconciling first, and none that is no payment."""

    _inherit = "account.partial.reconcile"

    def _get_to_update_payments(self, from_state):
        # Since 18 Odoo marks payments without an entry as paid, or as open again: its own doing.
        payments = super()._get_to_update_payments(from_state)
        return guard.lifted(payments) if payments else payments

    @api.model_create_multi
    def create(self, vals_list):
        self._check_open_balance(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if not guard.is_lifted(self.env) and locks.PARTIAL & vals.keys():
            self._check_payments()
            items = self.env["account.move.line"].browse(
                [vals[side] for side in SIDES if vals.get(side)]
            )
            items.move_id._posted_payments()._locked()._check_may_unreconcile()
        return super().write(vals)

    def unlink(self):
        if not self:  # Odoo asks with every reconciliation, and an environment costs time
            return super().unlink()
        self._check_followers()
        payments = self.env["account.payment"]
        if not guard.is_lifted(self.env):
            payments = self._check_payments()
        payments._record_history(
            "unreconcile",
            from_state=states.POSTED,
            to_state=states.POSTED,
            changes=self._note,
        )
        # What follows (cash basis and exchange entries, other partials) is Odoo's own doing.
        return super(AccountPartialReconcile, guard.lifted(self)).unlink()

    def _check_open_balance(self, vals_list):
        """Raise when more is reconciled with a posted payment's item than is open of it.

        Odoo never does that, and takes it from whoever enters a partial. It is asked in the
        currency of the item: in the company's, a difference of rates is booked afterwards.

        :raises UserError: the user may not unreconcile the payment either.
        """
        taken = Counter()
        items = self.env["account.move.line"]
        for vals in vals_list:
            for side, (sign, currency_amount) in SIDES.items():
                item = items.browse(vals.get(side))
                foreign = item.currency_id != item.company_currency_id
                taken[item, sign] += vals.get(currency_amount if foreign else "amount") or 0.0
        for (item, sign), amount in taken.items():
            # A cent more than is open may come from rounding.
            if amount - sign * item.amount_residual_currency > item.currency_id.rounding:
                items |= item
        if items:
            items.move_id._posted_payments()._locked()._check_may_unreconcile()

    def _check_payments(self):
        """Return the posted payments these partials reconcile, if the user may undo that.

        :raises UserError: the user may not.
        """
        payments = self._payments()._locked()
        payments._check_may_unreconcile()
        return payments

    def _check_followers(self):
        """Raise when a payment's entry is linked as one that Odoo made for these partials.

        Odoo would reverse it with them. No payment's entry is one; such a link was entered.
        """
        followers = self.exchange_move_id | self.env["account.move"].search(
            [("tax_cash_basis_rec_id", "in", self.ids)]
        )
        payments = followers._entry_payments() if followers else self.env["account.payment"]
        if payments:
            raise UserError(
                _(
                    "Cannot modify reconciled payment details: the entry of %s is linked to "
                    "another reconciliation and would be reversed with it. Ask an administrator "
                    "to take that link away.",
                    ", ".join(payments.mapped("approval_label")),
                )
            )

    def _payments(self):
        return (self.debit_move_id | self.credit_move_id).move_id._posted_payments()

    def _note(self, payment):
        """Return what ``payment`` was reconciled with."""
        moves = (self.debit_move_id | self.credit_move_id).move_id - payment.move_id
        return _("Reconciled with %s", ", ".join(moves.filtered("name").mapped("name")))
