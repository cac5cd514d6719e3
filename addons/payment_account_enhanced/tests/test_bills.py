from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..core import guard
from .common import PAID, PaymentCommon


@tagged("post_install", "-at_install")
class TestBills(PaymentCommon):
    """What is paid of which bill: as much as was approved, and once."""

    def paying(self, *amounts, **values):
        """Return a payment with ``(bill, amount)`` allocated."""
        allocations = [
            {"move_line_id": self.payable(bill).id, "amount": amount} for bill, amount in amounts
        ]
        return self.payment(
            allocation_ids=[fields.Command.create(each) for each in allocations], **values
        )

    def approve(self, *payments):
        for payment in payments:
            payment.action_submit_for_review()
            payment.with_user(self.reviewer).action_review()
            payment.with_user(self.approver).action_approve()

    def test_paid_once(self):
        bill = self.bill()
        first, second = self.paying((bill, 100.0)), self.paying((bill, 100.0))
        self.approve(first, second)
        first.with_user(self.approver).action_post()
        with self.assertRaisesRegex(UserError, "is paid already, or cancelled"):
            second.with_user(self.approver).action_post()

    def test_paid_once_when_posted_together(self):
        bill = self.bill()
        payments = self.paying((bill, 100.0)) | self.paying((bill, 100.0))
        self.approve(*payments)
        with self.assertRaisesRegex(UserError, "is paid already, or cancelled"):
            payments.with_user(self.approver).action_post()

    def test_bill_cancelled_after_approval(self):
        bill = self.bill()
        payment = self.paying((bill, 100.0))
        self.approve(payment)
        bill.button_draft()
        bill.button_cancel()
        with self.assertRaises(UserError):
            payment.with_user(self.approver).action_post()

    def test_more_than_is_due(self):
        payment = self.paying((self.bill(60.0), 100.0))
        with self.assertRaisesRegex(UserError, "60.00 .* are due, not 100.00"):
            payment.action_submit_for_review()

    def test_each_bill_gets_its_own_amount(self):
        first, second = self.bill(), self.bill()
        payment = self.paying((first, 10.0), (second, 90.0))
        self.approve(payment)
        payment.with_user(self.approver).action_post()
        self.assertEqual(first.amount_residual, 90.0)
        self.assertEqual(second.amount_residual, 10.0)

    def test_the_rest_stays_on_account(self):
        bill = self.bill()
        payment = self.paying((bill, 30.0))
        self.approve(payment)
        payment.with_user(self.approver).action_post()
        self.assertEqual(bill.amount_residual, 70.0)
        self.assertEqual(self.payable(payment.move_id).amount_residual, 70.0)

    def test_own_amounts_in_a_foreign_currency(self):
        currency = self.new_currency({"2000-01-01": 2.0})
        bills = [self.bill(currency_id=currency.id) for _number in range(2)]
        payment = self.paying(
            (bills[0], 10.0), (bills[1], 90.0), currency_id=currency.id, date="2024-01-15"
        )
        self.approve(payment)
        payment.with_user(self.approver).action_post()
        self.assertEqual([bill.amount_residual for bill in bills], [90.0, 10.0])
        self.assertEqual(self.payable(bills[0]).amount_residual, -45.0)

    def test_the_rest_of_a_part_is_paid_in_full_later(self):
        bill = self.bill()
        for amount in (30.0, 70.0):
            payment = self.paying((bill, amount), amount=amount + 1.0)
            self.approve(payment)
            payment.with_user(self.approver).action_post()
        self.assertIn(bill.payment_state, PAID)

    def test_the_rate_is_the_wizards(self):
        bill = self.bill()
        payment = self.paying((bill, 50.0))
        with self.assertRaisesRegex(UserError, "follows from"):
            payment.allocation_ids.write({"forced_rate": 8.0})
        with self.assertRaisesRegex(UserError, "follows from"):
            self.paying((bill, 50.0)).allocation_ids.copy({"forced_rate": 8.0})
        with self.assertRaisesRegex(UserError, "follows from"):
            payment.allocation_ids.write({"company_id": self.company.id})
        self.approve(payment)
        guard.lifted(payment.allocation_ids).write({"forced_rate": 8.0})
        self.assertEqual(payment.approval_state, "draft", "a rate is a part of the content")

    def test_a_bill_of_a_company_one_may_not_see(self):
        other = self.other_company()
        bill = self.bill()
        payable = self.payable(bill)
        stranger = self.new_user("stranger", "payment_account_enhanced.group_payment_user")
        stranger.write({"company_ids": [fields.Command.set(other.ids)], "company_id": other.id})
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "bank")], limit=1
        )
        payment = self.payment(user=stranger, journal_id=journal.id)
        with self.assertRaises(UserError):
            payment.allocation_ids = [
                fields.Command.create({"move_line_id": payable.id, "amount": 1.0})
            ]
