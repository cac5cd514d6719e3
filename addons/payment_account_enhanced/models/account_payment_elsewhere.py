from odoo import models

#: What an expense (19.0) or its report says once somebody approved it. Not its state: that of a
#: report follows from its entries before 18.
EXPENSE_APPROVED = ("approved", "approve")


class AccountPayment(models.Model):
    """Payments that need no approval here, because the decision was taken elsewhere.

    A link that anybody can write proves nothing: what it leads to must agree with the payment.
    """

    _inherit = "account.payment"

    def _is_settled_elsewhere(self):
        """Whether the money has moved already, or another approval stands behind the payment.

        Meant for extension.
        """
        self.ensure_one()
        return self._is_transaction() or self._is_second_half() or self._is_approved_expense()

    def _is_transaction(self):
        """Whether the system books what a payment provider has collected."""
        transaction = "payment_transaction_id" in self._fields and self.payment_transaction_id
        return self.env.su and bool(transaction)

    def _is_own_transfer(self):
        """Whether money goes from one own journal to another (17.0).

        From whichever end it is entered, it leaves one of them.
        """
        return "is_internal_transfer" in self._fields and self.is_internal_transfer

    def _is_second_half(self):
        """Whether this is what Odoo makes of an own transfer when its first half is posted.

        The halves must agree, and the first must have no other second one.
        """
        first = self.paired_internal_transfer_payment_id
        return (
            self._is_own_transfer()
            and first._is_own_transfer()
            and first._is_posted()
            and first.paired_internal_transfer_payment_id in (self.browse(), self)
            and first.payment_type != self.payment_type
            and (first.journal_id, first.destination_journal_id)
            == (self.destination_journal_id, self.journal_id)
            and (first.amount, first.currency_id) == (self.amount, self.currency_id)
        )

    def _is_approved_expense(self):
        """Whether the payment notes down an approved expense that the company itself has paid.

        Odoo makes and posts it in one go, so it could wait for nobody. It is one expense, of the
        same amount, which is not in the books yet.
        """
        # sudo: whoever posts need not be allowed to see expenses.
        items = self.sudo().move_id.line_ids
        expense = items.expense_id if "expense_id" in items._fields else ()
        if len(expense) != 1:
            return False
        report = expense if "approval_state" in expense._fields else expense.sheet_id
        return (
            expense.payment_mode == "company_account"
            and report.approval_state in EXPENSE_APPROVED
            and expense.currency_id == self.currency_id
            and self.currency_id.compare_amounts(expense.total_amount_currency, self.amount) == 0
            and not self._books_other_than(items, expense)
        )

    def _books_other_than(self, items, expense):
        """Return the balance of the expense in posted entries other than that of ``items``."""
        domain = [
            ("expense_id", "=", expense.id),
            ("move_id.state", "=", "posted"),
            ("move_id", "not in", items.move_id.ids),
        ]
        [[balance]] = items._read_group(domain, [], ["balance:sum"])
        return bool(balance) and not expense.company_currency_id.is_zero(balance)
