from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestSystemPaths(PaymentCommon):
    """What Odoo itself does with posted payments goes on, for ordinary users too."""

    def clerk_of(self, records):
        return records.with_user(self.clerk)

    def test_clerk_reconciles_a_posted_payment(self):
        payment, bill = self.posted(), self.bill()
        line = payment._seek_for_lines()[1]
        self.clerk_of(bill).js_assign_outstanding_line(line.id)
        self.assertEqual(bill.amount_residual, 0.0)

    def test_exchange_difference(self):
        currency = self.new_currency({"2000-01-01": 2.0, "2024-01-10": 4.0})
        bill = self.bill(100.0, currency_id=currency.id)
        payment = self.posted(currency_id=currency.id, date="2024-01-15")
        lines = payment._seek_for_lines()[1] + self.payable(bill)
        self.clerk_of(lines).reconcile()
        self.assertEqual(bill.amount_residual, 0.0)
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        self.assertTrue(partials.exchange_move_id or lines.full_reconcile_id.exchange_move_id)
        self.manager_unreconciles(lines)

    def manager_unreconciles(self, lines):
        lines.with_user(self.manager).remove_move_reconcile()
        self.assertFalse(lines.matched_debit_ids | lines.matched_credit_ids)

    def test_matching_with_the_bank_and_back(self):
        payment, bill = self.reconciled()
        liquidity = payment._seek_for_lines()[0]
        statement_line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "date": "2024-01-20", "payment_ref": "x", "amount": -100.0}
        )
        _bank, suspense, _other = statement_line._seek_for_lines()
        suspense.account_id = liquidity.account_id
        basic = self.env.ref("account.group_account_basic", raise_if_not_found=False)
        group = "account.group_account_basic" if basic else "account.group_account_user"
        bookkeeper = self.new_user("bookkeeper", f"account.group_account_invoice,{group}")
        (suspense + liquidity).with_user(bookkeeper).reconcile()
        self.assertTrue(payment.is_matched)
        statement_line.with_user(bookkeeper).action_undo_reconciliation()
        self.assertFalse(payment.is_matched)
        self.assertEqual(bill.amount_residual, 0.0)

    def test_sending_messages_documents_and_activities(self):
        payment = self.clerk_of(self.posted())
        payment.mark_as_sent()
        payment.unmark_as_sent()
        payment.message_post(body="a note")
        document = (
            self.env["ir.attachment"]
            .with_user(self.clerk)
            .create(
                {"name": "a.txt", "raw": b"a", "res_model": payment._name, "res_id": payment.id}
            )
        )
        payment.message_main_attachment_id = document
        payment.activity_schedule("mail.mail_activity_data_todo", user_id=self.clerk.id)
        payment.message_subscribe(partner_ids=self.clerk.partner_id.ids)

    def test_clerk_resets_and_cancels_drafts(self):
        payment = self.payment(user=self.clerk)
        payment.write({"amount": 7.0, MEMO: "changed"})
        payment.action_cancel()
        payment.action_draft()
        payment.unlink()
        self.assertFalse(payment.exists())

    def test_hash_lock(self):
        journal = self.bank.copy({"restrict_mode_hash_table": True, "code": "HASH"})
        payment = self.posted(journal_id=journal.id)
        if not payment.move_id.inalterable_hash:
            payment.move_id.button_hash()
        self.assertTrue(payment.move_id.inalterable_hash)
        self.assertFalse(payment._tampering())
        for user in (self.clerk, self.manager):
            for reset in (
                payment.with_user(user).action_draft,
                payment.move_id.with_user(user).button_draft,
                lambda user=user: payment.move_id.with_user(user).write({"state": "draft"}),
                lambda user=user: payment.move_id.with_user(user).write({"state": "cancel"}),
            ):
                with self.assertRaises(UserError):
                    reset()
        self.assertEqual(payment.move_id.state, "posted")

    def test_hash_lock_of_other_documents(self):
        """Stock Odoo lets anybody reset these by writing the state."""
        journal = self.company_data["default_journal_sale"]
        journal.restrict_mode_hash_table = True
        invoice = self.invoice()
        if not invoice.inalterable_hash:
            invoice.button_hash()
        for user in (self.clerk, self.manager):
            with self.assertRaisesRegex(UserError, "locked by its hash"):
                invoice.with_user(user).write({"state": "draft"})

    def test_other_company_is_not_held_back(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.assertFalse(other.payment_approval_since)
        self.assertFalse(other._payment_approval_in_force())
        self.assertTrue(self.company._payment_approval_in_force())

    def test_companies_do_not_see_each_other(self):
        payment = self.posted()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.new_user("stranger", "account.group_account_invoice")
        stranger.write({"company_ids": [fields.Command.set(other.ids)], "company_id": other.id})
        for model in ("account.payment.history", "account.payment.allocation"):
            self.assertFalse(self.env[model].with_user(stranger).search([]))
        history = self.env["account.payment.history"].with_user(self.clerk)
        self.assertTrue(history.search([("payment_key", "=", payment.id)]))


@tagged("post_install", "-at_install")
class TestCashBasis(PaymentCommon):
    """Taxes that become due with the payment: Odoo books and reverses them by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.tax_exigibility = True
        cls.company.tax_cash_basis_journal_id = cls.company_data["default_journal_misc"]
        base = cls.company_data["default_account_expense"]
        cls.company.account_cash_basis_base_account_id = base.copy({"code": "CABA1"})
        cls.transition = base.copy({"code": "CABA2", "reconcile": True})
        cls.tax = cls.company_data["default_tax_purchase"].copy(
            {
                "name": "on payment",
                "amount": 10.0,
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": cls.transition.id,
            }
        )

    def taxed_bill(self):
        bill = self.bill()
        bill.button_draft()
        bill.invoice_line_ids.tax_ids = self.tax
        bill.action_post()
        return bill

    def cash_basis(self, bill):
        """Return the entries that book the tax of a bill, and those that take it back."""
        moves = self.env["account.move"]
        entries = moves.search([("tax_cash_basis_origin_move_id", "=", bill.id)])
        return entries | moves.search([("reversed_entry_id", "in", entries.ids)])

    def tax_due(self, bill):
        items = self.cash_basis(bill).line_ids.filtered("tax_line_id")
        return sum(items.mapped("balance"))

    def test_posting_an_approved_payment_books_the_tax(self):
        bill = self.taxed_bill()
        self.assertFalse(self.cash_basis(bill))
        payment = self.pay(bill, self.user)
        self.assertFalse(self.cash_basis(bill))
        self.decide(payment)
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertEqual(self.cash_basis(bill).mapped("state"), ["posted"])
        self.assertEqual(abs(self.tax_due(bill)), 10.0)

    def test_clerk_reconciles_and_a_manager_takes_it_back(self):
        bill = self.taxed_bill()
        payment = self.posted(amount=110.0)
        line = payment._seek_for_lines()[1]
        bill.with_user(self.clerk).js_assign_outstanding_line(line.id)
        self.assertEqual(self.cash_basis(bill).mapped("state"), ["posted"])
        with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details"):
            line.with_user(self.clerk).remove_move_reconcile()
        line.with_user(self.manager).remove_move_reconcile()
        self.assertEqual(bill.amount_residual, 110.0)
        self.assertEqual(self.cash_basis(bill).mapped("state"), ["posted", "posted"])
        self.assertEqual(self.tax_due(bill), 0.0)
        self.assertFalse(payment._tampering())

    def test_reset_by_a_manager_reverses_the_tax(self):
        bill = self.taxed_bill()
        payment = self.pay(bill, self.user)
        self.decide(payment)
        payment.with_user(self.manager).action_cancel()
        self.assertEqual(payment.approval_state, "cancelled")
        self.assertEqual(self.tax_due(bill), 0.0)

    def test_void_reverses_the_tax(self):
        bill = self.taxed_bill()
        payment = self.pay(bill, self.user)
        self.decide(payment)
        payment.with_user(self.manager)._void("paid twice", payment.date)
        self.assertEqual(bill.amount_residual, 110.0)
        self.assertEqual(self.tax_due(bill), 0.0)
