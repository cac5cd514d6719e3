"""Expenses that the company paid: Odoo makes and posts their payment in one go."""

from odoo import fields
from odoo.addons.ipai_series.compat import SERIES
from odoo.addons.payment_account_enhanced.models.series import POSTED_STATES
from odoo.addons.payment_account_enhanced.tests.common import PaymentCommon
from odoo.exceptions import UserError
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestCompanyPaid(PaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.new_user(
            "accountant", "account.group_account_invoice,hr_expense.group_hr_expense_user"
        )
        cls.boss = cls.new_user("boss", "hr_expense.group_hr_expense_manager")
        worker = cls.new_user("worker", "base.group_user")
        cls.employee = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Worker", "user_id": worker.id, "expense_manager_id": cls.boss.id})
        )
        cls.product = cls.product_a
        cls.product.write({"can_be_expensed": True, "standard_price": 0.0})

    def expense(self, mode="company_account", amount=100.0):
        """Return an expense that nobody has approved yet."""
        return (
            self.env["hr.expense"]
            .sudo()
            .create(
                {
                    "name": "Dinner",
                    "employee_id": self.employee.id,
                    "product_id": self.product.id,
                    "total_amount_currency": amount,
                    "payment_mode": mode,
                    "tax_ids": [fields.Command.clear()],
                }
            )
        )

    def submit(self, expense):
        """Hand an expense in and return what is approved and posted: itself, or its report."""
        if SERIES >= 19:
            expense.action_submit()
            return expense
        report = (
            self.env["hr.expense.sheet"]
            .sudo()
            .create(
                {
                    "name": "Dinners",
                    "employee_id": self.employee.id,
                    "expense_line_ids": [fields.Command.set(expense.ids)],
                }
            )
        )
        report.action_submit_sheet()
        return report

    def approve(self, report):
        approver = report.with_user(self.boss)
        (approver.action_approve if SERIES >= 19 else approver.action_approve_expense_sheets)()

    def post(self, report):
        """Post as the accountant and return the payments."""
        names = {17: "action_sheet_move_create", 18: "action_sheet_move_post", 19: "action_post"}
        getattr(report.with_user(self.accountant), names[SERIES])()
        moves = report.account_move_id if SERIES >= 19 else report.account_move_ids
        return moves._entry_payments()

    def test_approved_expense_is_posted_without_another_approval(self):
        report = self.submit(self.expense())
        self.approve(report)
        payment = self.post(report)
        self.assertEqual((payment.amount, payment.payment_type), (100.0, "outbound"))
        self.assertEqual(payment.approval_state, "posted")
        self.assertIn(payment.state, POSTED_STATES)
        self.assertFalse(payment._tampering())

    def test_its_payment_is_locked_like_any_other(self):
        report = self.submit(self.expense())
        self.approve(report)
        payment = self.post(report)
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.with_user(self.clerk).write({"document_number": "x"})
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be reset"):
            payment.with_user(self.clerk).action_draft()

    def test_expense_that_an_employee_paid_is_no_payment_yet(self):
        report = self.submit(self.expense(mode="own_account"))
        self.approve(report)
        if SERIES < 19:  # on 19.0 a wizard asks for the journal
            self.assertFalse(self.post(report))

    def forged(self, expense, amount=100.0):
        """Return a payment whose entry somebody has linked to an expense."""
        payment = self.payment(amount=amount)
        if not payment.move_id:
            payment.sudo()._generate_journal_entry()
        items = payment.move_id.line_ids
        items.filtered(lambda line: line.balance > 0).with_context(
            skip_account_move_synchronization=True
        ).expense_id = expense
        return payment

    def test_link_to_an_expense_is_no_approval(self):
        unapproved = self.expense()
        self.submit(unapproved)
        of_the_employee = self.expense(mode="own_account", amount=200.0)
        self.approve(self.submit(of_the_employee))
        booked = self.expense(amount=300.0)
        report = self.submit(booked)
        self.approve(report)
        self.post(report)
        for expense in (unapproved, of_the_employee, booked):
            forged = self.forged(expense, amount=expense.total_amount_currency)
            with self.subTest(expense.state), self.assertRaisesRegex(UserError, "needs approval"):
                forged.action_post()

    def test_amount_must_be_that_of_the_expense(self):
        expense = self.expense()
        self.approve(self.submit(expense))
        with self.assertRaisesRegex(UserError, "needs approval"):
            self.forged(expense, amount=100.01).action_post()
