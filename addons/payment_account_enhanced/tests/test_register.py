from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PAID, PaymentCommon


@tagged("post_install", "-at_install")
class TestRegister(PaymentCommon):
    """The Pay button keeps working."""

    def test_payment_waits_with_its_bill_and_pays_it_when_posted(self):
        bill = self.bill()
        payment = self.pay(bill, self.user)
        self.assertEqual(payment.approval_state, "under_review")
        self.assertEqual(payment.allocation_ids.move_id, bill)
        self.assertEqual(bill.payment_state, "not_paid")
        self.assertTrue(bill.payment_under_approval)
        self.assertIn(
            bill, self.env["account.move"].search([("payment_under_approval", "=", True)])
        )
        self.decide(payment)
        bill.invalidate_recordset()
        self.assertIn(bill.payment_state, PAID)
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertFalse(bill.payment_under_approval)
        self.assertNotIn(
            bill, self.env["account.move"].search([("payment_under_approval", "=", True)])
        )

    def test_billing_user_without_a_role_leaves_it_in_draft(self):
        payment = self.pay(self.bill(), self.clerk)
        self.assertEqual(payment.approval_state, "draft")
        self.assertTrue(payment.allocation_ids)

    def test_inbound_is_paid_at_once(self):
        invoice = self.invoice()
        payment = self.pay(invoice, self.user)
        self.assertEqual(payment.approval_state, "posted")
        self.assertIn(invoice.payment_state, PAID)
        self.assertFalse(payment.allocation_ids)

    def test_partial_payment(self):
        bill = self.bill()
        payment = self.pay(bill, self.user, amount=40.0)
        self.assertEqual(payment.allocation_ids.amount, 40.0)
        self.decide(payment)
        self.assertEqual(bill.amount_residual, 60.0)

    def test_grouped_payment_with_a_credit_note(self):
        bills = self.bill(100.0) + self.bill(50.0)
        refund = self.bill(30.0, move_type="in_refund")
        payment = self.pay(bills + refund, self.user, group_payment=True)
        self.assertEqual(len(payment), 1)
        self.assertEqual(payment.amount, 120.0)
        self.assertEqual(sum(payment.allocation_ids.mapped("amount")), 120.0)
        self.decide(payment)
        self.assertEqual((bills + refund).mapped("amount_residual"), [0.0, 0.0, 0.0])

    def test_one_payment_for_each_bill(self):
        bills = self.bill(100.0) + self.bill(50.0, partner=self.partner_b)
        payments = self.pay(bills, self.user, group_payment=False)
        self.assertEqual(len(payments), 2)
        self.decide(payments)
        self.assertEqual(bills.mapped("amount_residual"), [0.0, 0.0])

    def test_many_bills_at_once(self):
        bills = self.env["account.move"].union(*(self.bill(10.0 + n) for n in range(12)))
        payments = self.pay(bills, self.user, group_payment=False)
        self.assertEqual(len(payments), 12)
        self.decide(payments)
        self.assertEqual(set(bills.mapped("amount_residual")), {0.0})

    def test_write_off(self):
        bill = self.bill(100.0)
        account = self.company_data["default_account_expense"]
        payment = self.pay(
            bill,
            self.user,
            amount=99.0,
            payment_difference_handling="reconcile",
            writeoff_account_id=account.id,
        )
        self.assertEqual(payment.approval_state, "under_review")
        self.assertEqual(payment.state, "draft")
        self.decide(payment)
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertIn(account, payment.move_id.line_ids.account_id)

    def test_foreign_currency(self):
        currency = self.new_currency({"2000-01-01": 2.0, "2024-01-10": 2.5})
        bill = self.bill(100.0, currency_id=currency.id)
        payment = self.pay(bill, self.user, currency_id=self.company.currency_id.id)
        self.assertEqual(payment.currency_id, self.company.currency_id)
        self.decide(payment)
        self.assertEqual(bill.amount_residual, 0.0)

    def test_bill_is_not_paid_twice(self):
        bill = self.bill()
        payment = self.pay(bill, self.user)
        with self.assertRaisesRegex(UserError, "already paid by"):
            self.pay(bill, self.user)
        payment.with_user(self.reviewer).action_reject_with_reason("no")
        payment.with_user(self.user).action_cancel()
        self.assertTrue(self.pay(bill, self.user))

    def test_two_partial_payments_wait_side_by_side(self):
        bill = self.bill()
        payments = self.pay(bill, self.user, amount=40.0) + self.pay(bill, self.user, amount=60.0)
        self.decide(payments)
        self.assertEqual(bill.amount_residual, 0.0)

    def test_bills_of_a_posted_payment_are_closed(self):
        payment = self.pay(self.bill(), self.user)
        self.decide(payment)
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.allocation_ids.with_user(self.clerk).unlink()
