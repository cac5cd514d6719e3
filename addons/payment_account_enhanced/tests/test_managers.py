from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestManagers(PaymentCommon):
    def override(self, payment, user=None, hours=1, **values):
        return (
            self.env["account.payment.override"]
            .with_user(user or self.manager)
            .create(
                {
                    "payment_id": payment.id,
                    "reason": "typing error",
                    "end_datetime": fields.Datetime.now() + timedelta(hours=hours),
                    **values,
                }
            )
        )

    def test_open_mode_edits_and_says_so(self):
        payment = self.posted().with_user(self.manager)
        payment.write({MEMO: "corrected"})
        line = self.last(payment)
        self.assertEqual((line.event, line.user_id), ("edit", self.manager))
        self.assertIn("a memo → corrected", line.changes)
        self.assertEqual(payment._voucher_verdict(), "valid")

    def test_open_mode_resets_and_says_so(self):
        payment, bill = self.reconciled()
        payment.with_user(self.manager).action_draft()
        self.assertEqual(payment.approval_state, "draft")
        self.assertFalse(payment.approve_uid)
        line = payment.history_ids.filtered(lambda line: line.event == "reset")
        self.assertEqual(line.user_id, self.manager)
        self.assertIn(bill.name, line.changes)
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.with_user(self.manager).action_post()

    def test_edit_of_the_entry_and_its_items_is_in_the_history(self):
        payment = self.posted()
        payment.move_id.with_user(self.manager).write({"ref": "corrected"})
        self.assertIn("corrected", self.last(payment).changes)
        payment.move_id.line_ids[0].with_user(self.manager).write({"name": "a label"})
        self.assertIn("a label", self.last(payment).changes)
        self.assertEqual(self.last(payment).user_id, self.manager)

    def test_unreconciling_is_in_the_history(self):
        payment, bill = self.reconciled()
        payment.move_id.line_ids.with_user(self.manager).remove_move_reconcile()
        self.assertEqual(self.last(payment).event, "unreconcile")
        self.assertIn(bill.name, self.last(payment).changes)

    def test_reconciled_details_are_closed_to_managers_too(self):
        payment, _bill = self.reconciled()
        for values in ({"amount": 1.0}, {"partner_id": self.partner_b.id}, {"date": "2020-01-01"}):
            with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details"):
                payment.with_user(self.manager).write(values)
        payment.with_user(self.manager).write({MEMO: "allowed"})

    def test_strict_mode_needs_an_override(self):
        self.company.payment_lock_mode = "strict"
        payment, _bill = self.reconciled()
        payment = payment.with_user(self.manager)
        for refused in (
            lambda: payment.write({MEMO: "changed"}),
            payment.action_draft,
            payment.action_cancel,
            payment.move_id.button_draft,
            payment.move_id.line_ids.remove_move_reconcile,
            payment.unlink,
        ):
            with self.assertRaisesRegex(UserError, "override"):
                refused()
        self.override(payment)
        payment.write({MEMO: "changed"})
        payment.action_draft()
        self.assertEqual(payment.approval_state, "draft")

    def test_override_is_for_one_payment_one_person_and_ends(self):
        self.company.payment_lock_mode = "strict"
        payment, other = self.posted(), self.posted()
        colleague = self.new_user("colleague", "payment_account_enhanced.group_payment_manager")
        override = self.override(payment)
        self.assertEqual(payment.override_end, override.end_datetime)
        with self.assertRaisesRegex(UserError, "override"):
            other.with_user(self.manager).write({MEMO: "changed"})
        with self.assertRaisesRegex(UserError, "override"):
            payment.with_user(colleague).write({MEMO: "changed"})
        self.env.cr.execute(
            "UPDATE account_payment_override SET end_datetime = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(seconds=1), override.id],
        )
        self.env.invalidate_all()
        self.assertEqual(override.state, "expired")
        with self.assertRaisesRegex(UserError, "override"):
            payment.with_user(self.manager).write({MEMO: "changed"})

    def test_override_can_be_revoked_but_not_changed(self):
        self.company.payment_lock_mode = "strict"
        payment = self.posted()
        override = self.override(payment)
        with self.assertRaises(UserError):
            override.write({"end_datetime": "2099-01-01"})
        with self.assertRaises(UserError):
            override.sudo().unlink()
        override.action_revoke()
        with self.assertRaises(UserError):
            override.write({"revoked": False})
        with self.assertRaisesRegex(UserError, "override"):
            payment.with_user(self.manager).write({MEMO: "changed"})
        self.assertEqual(self.events(payment)[-2:], ["override", "revoke"])

    def test_override_needs_a_manager_and_a_future_end(self):
        payment = self.posted()
        with self.assertRaises(AccessError):
            self.override(payment, user=self.clerk)
        with self.assertRaises(ValidationError):
            self.override(payment, hours=-1)

    def test_finance_manager_is_mailed(self):
        self.company.payment_finance_manager_id = self.approver
        self.approver.email = "finance@example.com"
        payment = self.posted()
        before = self.env["mail.mail"].sudo().search([], order="id desc", limit=1).id
        self.override(payment)
        mail = self.env["mail.mail"].sudo().search([("id", ">", before)])
        self.assertEqual(mail.recipient_ids, self.approver.partner_id)
        self.assertIn("typing error", mail.body_html)

    def test_other_managers_are_mailed_where_there_is_no_finance_manager(self):
        colleague = self.new_user("colleague", "payment_account_enhanced.group_payment_manager")
        colleague.email = "colleague@example.com"
        payment = self.posted()
        before = self.env["mail.mail"].sudo().search([], order="id desc", limit=1).id
        self.override(payment)
        mail = self.env["mail.mail"].sudo().search([("id", ">", before)])
        self.assertIn(colleague.partner_id, mail.recipient_ids)
        self.assertNotIn(self.manager.partner_id, mail.recipient_ids)
        self.assertIn("typing error", mail.body_html)

    def test_accounting_managers_are_payment_managers_until_separated(self):
        accountant = self.new_user("accountant", "account.group_account_manager")
        manager = "payment_account_enhanced.group_payment_manager"
        self.assertTrue(accountant.has_group(manager))
        self.assertFalse(self.clerk.has_group(manager))
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.payment_managers_implied)
        settings.action_separate_payment_managers()
        self.env.invalidate_all()
        self.assertFalse(accountant.has_group(manager))
        self.assertFalse(self.env["res.config.settings"].create({}).payment_managers_implied)
        payment = self.posted()
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.with_user(accountant).write({MEMO: "changed"})
        with self.assertRaisesRegex(UserError, "keeps its currency"):
            self.bank.with_user(accountant).write({"active": False})
