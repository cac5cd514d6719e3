from odoo import models

from ..core import guard


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def action_undo_reconciliation(self):
        """Take a matching with the bank back; a payment keeps its entry and its bills.

        Only the partials with the statement's own items are Odoo's doing. Payments that are to be
        deleted with it still ask for themselves.
        """
        if self:  # since 19 Odoo asks with every reconciliation, mostly for none
            guard.lifted(self.line_ids).remove_move_reconcile()
        return super().action_undo_reconciliation()
