from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PAID, PaymentCommon


@tagged("post_install", "-at_install")
class TestCurrencies(PaymentCommon):
    """Amounts are compared in the company's currency, at the date of the payment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.new_currency({"2000-01-01": 2.0, "2024-03-01": 4.0})

    def test_threshold_of_authorization_at_the_date_of_the_payment(self):
        self.company.payment_authorization_threshold = 100.0
        values = {"amount": 300.0, "currency_id": self.foreign.id}
        early = self.approved(date="2024-02-01", **values)
        self.assertEqual(early.approval_state, "for_authorization")
        late = self.approved(date="2024-03-02", **values)
        self.assertEqual(late.approval_state, "approved")

    def test_amount_that_needs_approval_at_the_date_of_the_payment(self):
        self.company.write({"payment_approval_policy": "amount", "payment_approval_minimum": 100.0})
        values = {"amount": 300.0, "currency_id": self.foreign.id}
        self.assertTrue(self.payment(date="2024-02-01", **values).approval_required)
        self.assertFalse(self.payment(date="2024-03-02", **values).approval_required)

    def test_voucher_in_the_currency_of_the_payment(self):
        payment = self.posted(amount=12.5, currency_id=self.foreign.id, date="2024-02-01")
        report = "payment_account_enhanced.report_voucher"
        html = self.env["ir.actions.report"]._render_qweb_html(report, payment.ids)[0].decode()
        amount = html[html.index("Amount") : html.index("Method")]
        for text in ("12.50", "Q<", "Twelve Quux and Fifty Quuxcents"):
            self.assertIn(text, amount)
        self.assertNotIn(self.company.currency_id.symbol, amount)

    def test_other_rates_leave_posted_payments_alone(self):
        payment = self.posted(currency_id=self.foreign.id, date="2024-02-01")
        accountant = self.new_user("accountant", "account.group_account_manager")
        rates = self.foreign.with_user(accountant).rate_ids
        rates.filtered(lambda rate: rate.rate == 2.0).rate = 3.0
        rates.create({"currency_id": self.foreign.id, "name": "2024-02-01", "rate": 5.0})
        self.env.invalidate_all()
        self.assertFalse(payment._tampering())
        self.assertEqual(payment._voucher_verdict(), "valid")

    def test_partial_payment_of_a_bill_in_another_currency(self):
        bill = self.bill(100.0)
        payment = self.pay(
            bill, self.user, amount=80.0, currency_id=self.foreign.id, payment_date="2024-02-01"
        )
        self.assertEqual(payment.allocation_ids.amount, 80.0)
        self.decide(payment)
        self.assertEqual(bill.amount_residual, 60.0)


@tagged("post_install", "-at_install")
class TestRefunds(PaymentCommon):
    """Money going out needs approval, whomever it goes to; money coming in does not."""

    def test_outbound_refund_to_a_customer(self):
        refund = self.invoice("out_refund")
        payment = self.pay(refund, self.user)
        self.assertEqual((payment.payment_type, payment.partner_type), ("outbound", "customer"))
        self.assertEqual(payment.approval_state, "under_review")
        self.decide(payment)
        self.assertIn(refund.payment_state, PAID)
        with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details"):
            payment.with_user(self.clerk).write({"amount": 1.0})

    def test_inbound_refund_of_a_vendor(self):
        refund = self.bill(move_type="in_refund")
        payment = self.pay(refund, self.user)
        self.assertEqual((payment.payment_type, payment.partner_type), ("inbound", "supplier"))
        self.assertEqual(payment.approval_state, "posted")
        self.assertIn(refund.payment_state, PAID)

    def test_inbound_refund_where_all_payments_need_approval(self):
        self.company.payment_approval_policy = "all"
        refund = self.bill(move_type="in_refund")
        payment = self.pay(refund, self.user)
        self.assertEqual(payment.approval_state, "under_review")
        self.decide(payment)
        self.assertIn(refund.payment_state, PAID)


@tagged("post_install", "-at_install")
class TestTransfers(PaymentCommon):
    """Money from one own journal to another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cash = cls.company_data["default_journal_cash"]

    def transfer(self, **values):
        """Enter a transfer from the bank to the cash box as Odoo does until 17.0."""
        defaults = {
            "is_internal_transfer": True,
            "destination_journal_id": self.cash.id,
            "partner_id": self.company.partner_id.id,
        }
        return self.payment(**defaults | values)

    def paired(self):
        """Whether this series makes the second half of a transfer by itself."""
        return "is_internal_transfer" in self.env["account.payment"]._fields

    def test_transfer_waits_and_both_halves_are_posted_and_locked(self):
        if not self.paired():
            return  # since 18 a transfer is two payments, see below
        first = self.transfer()
        with self.assertRaisesRegex(UserError, "needs approval"):
            first.action_post()
        self.assertFalse(first.paired_internal_transfer_payment_id)
        first.action_submit_for_review()
        self.decide(first)
        halves = first + first.paired_internal_transfer_payment_id
        self.assertEqual(halves.mapped("approval_state"), ["posted", "posted"])
        self.assertEqual(halves.mapped("payment_type"), ["outbound", "inbound"])
        for half in halves:
            with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details"):
                half.with_user(self.clerk).write({"amount": 1.0})
            with self.assertRaisesRegex(UserError, "^Posted payments cannot be reset"):
                half.with_user(self.clerk).action_draft()
            self.assertFalse(half._tampering())

    def test_transfer_entered_from_where_it_arrives_waits_too(self):
        if not self.paired():
            return
        first = self.transfer(
            payment_type="inbound",
            journal_id=self.cash.id,
            destination_journal_id=self.bank.id,
        )
        with self.assertRaisesRegex(UserError, "needs approval"):
            first.action_post()
        first.action_submit_for_review()
        self.decide(first)
        second = first.paired_internal_transfer_payment_id
        self.assertEqual((second.payment_type, second.approval_state), ("outbound", "posted"))

    def test_link_to_a_posted_payment_is_no_approval(self):
        posted = self.posted()
        forged = self.payment(paired_internal_transfer_payment_id=posted.id)
        with self.assertRaisesRegex(UserError, "needs approval"):
            forged.action_post()
        if self.paired():
            first = self.transfer()
            first.action_submit_for_review()
            self.decide(first)
            swapped = {
                "payment_type": "inbound",
                "journal_id": self.cash.id,
                "destination_journal_id": self.bank.id,
                "paired_internal_transfer_payment_id": first.id,
            }
            with self.assertRaisesRegex(UserError, "needs approval"):
                self.transfer(**swapped).action_post()  # the first half has its second one
            with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
                first.with_user(self.clerk).paired_internal_transfer_payment_id = False

    def test_transfer_as_two_payments(self):
        if self.paired():
            return  # until 17.0 the second one is made by Odoo, see above
        account = self.company.transfer_account_id
        partner = self.company.partner_id.id
        leaving = self.payment(partner_id=partner, destination_account_id=account.id)
        self.assertTrue(leaving.approval_required)
        leaving.action_submit_for_review()
        self.decide(leaving)
        arriving = self.payment(
            payment_type="inbound",
            partner_id=partner,
            journal_id=self.cash.id,
            destination_account_id=account.id,
        )
        arriving.action_post()
        halves = leaving + arriving
        items = halves.move_id.line_ids.filtered(lambda line: line.account_id == account)
        items.with_user(self.clerk).reconcile()
        self.assertTrue(all(items.mapped("reconciled")))
        for half in halves:
            with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details"):
                half.with_user(self.clerk).write({"amount": 1.0})


@tagged("post_install", "-at_install")
class TestWithoutEntry(PaymentCommon):
    """Since 18 a payment method without an outstanding account makes no journal entry.

    Where the accounting application is installed, that is; the Community edition gives every
    payment an entry, so the hook by which it tells the two apart answers here as it does there.
    """

    def setUp(self):
        super().setUp()
        moves = type(self.env["account.move"])
        self.patch(moves, "_get_invoice_in_payment_state", lambda move: "in_payment")
        lines = self.bank.outbound_payment_method_line_ids
        lines.payment_account_id = False
        self.none_exists = self.env["account.payment"]._fields["state"].inherited

    def test_pay_button(self):
        if self.none_exists:
            return
        bill = self.bill()
        payment = self.pay(bill, self.user)
        self.assertFalse(payment.move_id)
        self.assertEqual(payment.approval_state, "under_review")
        self.assertTrue(bill.payment_under_approval)
        self.assertEqual(bill.payment_state, "not_paid")
        self.decide(payment)
        self.assertFalse(payment.move_id)
        self.assertEqual(payment.approval_state, "posted")
        self.assertIn(bill, payment.invoice_ids)
        self.assertEqual(bill.payment_state, "in_payment")
        self.assertEqual(payment._voucher_verdict(), "valid")
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.with_user(self.clerk).write({"amount": 1.0})

    def test_pay_button_where_no_approval_is_needed(self):
        if self.none_exists:
            return
        self.company.payment_approval_policy = "none"
        bill = self.bill()
        payment = self.pay(bill, self.user)
        self.assertEqual((payment.state, payment.approval_state), ("in_process", "posted"))
        self.assertEqual(bill.payment_state, "in_payment")

    def test_bank_transaction_settles_it(self):
        """Odoo marks the payment as paid when its bill meets the bank, whoever does it."""
        if self.none_exists:
            return
        bill = self.bill()
        payment = self.pay(bill, self.user)
        self.decide(payment)
        transaction = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "date": "2024-01-20", "payment_ref": "x", "amount": -100.0}
        )
        suspense = transaction._seek_for_lines()[1]
        payable = self.payable(bill)
        suspense.write({"account_id": payable.account_id.id, "partner_id": bill.partner_id.id})
        (suspense + payable).with_user(self.clerk).reconcile()
        self.assertEqual(bill.payment_state, "paid")
        self.assertEqual((payment.state, payment.approval_state), ("paid", "posted"))
        self.assertFalse(payment._tampering())
