from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestRounds(PaymentCommon):
    """What was decided and verified belongs to one round, and ends with it."""

    def document(self, payment):
        return self.env["ir.attachment"].create(
            {
                "name": "a.txt",
                "raw": b"a",
                "res_model": "account.payment",
                "res_id": payment.id,
            }
        )

    def verified(self):
        payment = self.payment(document_number="D-1")
        document = self.document(payment)
        payment.with_user(self.reviewer).action_mark_verified()
        return payment, document

    def test_reset_forgets_no_step_under_approval(self):
        self.company.payment_authorization_threshold = 50.0
        payment = self.payment()
        payment.action_submit_for_review()
        payment.with_user(self.reviewer).action_review()
        payment.with_user(self.manager).action_approve()
        try:
            payment.with_user(self.clerk).action_draft()
        except UserError:
            self.assertTrue(payment._fields["state"].inherited, "17.0 refuses it itself")
        with self.assertRaisesRegex(UserError, "already taken a step"):
            payment.with_user(self.manager).action_authorize()

    def test_back_in_draft_nothing_is_decided(self):
        for back in (
            lambda payment: payment.write({"amount": 900.0, "partner_id": self.partner_b.id}),
            lambda payment: payment.action_back_to_draft(),
        ):
            payment = self.approved(amount=5000.0)
            back(payment)
            self.assertEqual(payment.approval_state, "draft")
            self.assertFalse(payment.submit_uid | payment.review_uid | payment.approve_uid)

    def test_cancelled_under_approval(self):
        payment = self.payment()
        payment.action_submit_for_review()
        self.assertTrue(payment.activity_ids)
        payment.action_cancel()
        self.assertEqual(payment.approval_state, "cancelled")
        line = self.last(payment)
        self.assertEqual((line.event, line.from_state), ("cancel", "under_review"))
        self.assertFalse(payment.activity_ids)

    def test_the_company_is_content(self):
        content = self.approved()._approval_content()
        self.assertEqual(content["company_id"], self.company.id)

    def test_the_holder_of_the_bank_account_is_content(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "HOLDER-1", "partner_id": self.partner_a.id, "allow_out_payment": True}
        )
        payment = self.approved(partner_bank_id=bank.id)
        bank.acc_holder_name = "Somebody Else"
        with self.assertRaisesRegex(UserError, "changed after its approval.*Bank Account"):
            payment.with_user(self.approver).action_post()

    def test_a_change_ends_the_verification(self):
        payment, _document = self.verified()
        payment.write({"document_number": "D-1"})
        self.assertTrue(payment.verifier_id)
        payment.write({"amount": 101.0})
        self.assertFalse(payment.verifier_id)
        self.assertEqual(self.last(payment).event, "unverify")

    def test_the_documents_of_a_verified_payment_stay(self):
        _payment, document = self.verified()
        for values in ({"raw": b"b"}, {"url": "https://elsewhere.example/b"}, {"name": "b.txt"}):
            with self.assertRaisesRegex(UserError, "keep their documents"):
                document.with_user(self.clerk).write(values)
        with self.assertRaisesRegex(UserError, "keep their documents"):
            document.with_user(self.clerk).unlink()

    def test_the_documents_of_a_submitted_payment_stay(self):
        payment = self.payment()
        document = self.document(payment)
        document.with_user(self.clerk).write({"name": "b.txt"})
        payment.action_submit_for_review()
        with self.assertRaisesRegex(UserError, "keep their documents"):
            document.with_user(self.clerk).write({"raw": b"b"})

    def test_void_stays_void(self):
        payment, _bill = self.reconciled()
        payment.with_user(self.manager)._void("wrong", payment.date)
        managers = payment.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "Voided payments stay"):
            managers.move_id.line_ids.remove_move_reconcile()
        with self.assertRaisesRegex(UserError, "Voided payments stay"):
            managers.void_move_id.button_draft()

    def test_void_needs_a_reason_and_a_date(self):
        payment = self.posted(date="2024-02-01").with_user(self.manager)
        with self.assertRaisesRegex(UserError, "Reason"):
            payment._void(" ", payment.date)
        with self.assertRaisesRegex(UserError, "Reversal Date"):
            payment._void("wrong", payment.date.replace(year=2023))

    def test_revoking_by_writing_is_told(self):
        payment = self.posted()
        override = (
            self.env["account.payment.override"]
            .with_user(self.manager)
            .create({"payment_id": payment.id, "reason": "x", "end_datetime": "2099-01-01"})
        )
        override.write({"revoked": True})
        self.assertEqual(self.last(payment).event, "revoke")
