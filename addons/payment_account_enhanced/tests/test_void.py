from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestVoid(PaymentCommon):
    def void(self, payment, user=None, reason="paid twice"):
        wizards = self.env["account.payment.void"].with_user(user or self.manager)
        wizard = wizards.with_context(active_ids=payment.ids).create({"reason": reason})
        return wizard.action_void()

    def test_void_reverses_keeps_the_number_and_says_so(self):
        payment, bill = self.reconciled()
        number = payment.name
        self.assertEqual(bill.amount_residual, 0.0)
        self.void(payment)
        self.assertEqual(payment.approval_state, "void")
        self.assertEqual(payment.name, number)
        self.assertEqual(payment.void_move_id.state, "posted")
        self.assertEqual(payment.void_move_id.reversed_entry_id, payment.move_id)
        self.assertEqual(bill.amount_residual, 100.0)
        lines = (payment.move_id + payment.void_move_id).line_ids
        for of_account in lines.grouped("account_id").values():
            self.assertEqual(sum(of_account.mapped("balance")), 0.0)
        self.assertEqual(self.last(payment).event, "void")
        self.assertEqual(self.last(payment).reason, "paid twice")
        self.assertIn(bill.name, self.last(payment).changes)
        self.assertIn("paid twice", payment.message_ids[0].body)
        self.assertIn("paid twice", bill.message_ids[0].body)
        self.assertEqual(payment._voucher_verdict(), "void")

    def test_void_is_final(self):
        payment = self.posted()
        self.void(payment)
        manager = payment.with_user(self.manager)
        for act in (
            manager.action_draft,
            manager.action_cancel,
            manager.unlink,
            lambda: manager.write({MEMO: "x"}),
            lambda: self.void(payment),
        ):
            with self.assertRaises(UserError):
                act()

    def test_only_managers_and_only_posted_payments(self):
        payment = self.approved()
        with self.assertRaises(AccessError):
            self.void(payment, user=self.clerk)
        with self.assertRaisesRegex(UserError, "Only posted payments"):
            self.void(payment)

    def test_payment_without_an_entry(self):
        payment = self.payment(payment_type="inbound", partner_type="customer")
        if payment._fields["state"].inherited:
            return  # before 18 there is none
        payment.outstanding_account_id = False
        payment.action_post()
        self.void(payment)
        self.assertEqual((payment.approval_state, payment.state), ("void", "canceled"))
        with self.assertRaises(UserError):
            payment.with_user(self.manager).action_draft()
