from odoo import _, models

from ..core import guard, states
from . import locks


class AccountPartialReconcile(models.Model):
    """The choke point of reconciliations: no unreconciling first."""

    _inherit = "account.partial.reconcile"

    def _get_to_update_payments(self, from_state):
        # Since 18 Odoo marks payments without an entry as paid, or as open again: its own doing.
        payments = super()._get_to_update_payments(from_state)
        return guard.lifted(payments) if payments else payments

    def write(self, vals):
        if not guard.is_lifted(self.env) and locks.PARTIAL & vals.keys():
            self._check_payments()
        return super().write(vals)

    def unlink(self):
        if not self:  # Odoo asks with every reconciliation, and an environment costs time
            return super().unlink()
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

    def _check_payments(self):
        """Return the posted payments these partials reconcile, if the user may undo that.

        :raises UserError: the user may not.
        """
        payments = self._payments()._locked()
        payments._check_may_unreconcile()
        return payments

    def _payments(self):
        return (self.debit_move_id | self.credit_move_id).move_id._posted_payments()

    def _note(self, payment):
        """Return what ``payment`` was reconciled with."""
        moves = (self.debit_move_id | self.credit_move_id).move_id - payment.move_id
        return _("Reconciled with %s", ", ".join(moves.filtered("name").mapped("name")))
