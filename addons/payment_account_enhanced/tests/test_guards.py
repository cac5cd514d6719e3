from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import locks
from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestGuards(PaymentCommon):
    """What ordinary users are refused, and in which words."""

    def test_every_known_bypass_is_refused_and_nothing_is_left(self):
        counts = self.count_all()
        report = self.env["account.payment"]._guard_probe_report()
        broken = [row for row in report if row["held"] is not True]
        self.assertFalse(broken)
        self.assertGreater(len(report), 80)
        self.assertEqual(self.count_all(), counts)

    def count_all(self):
        models = ("account.payment", "account.move", "res.users", "res.partner", "ir.attachment")
        return {name: self.env[name].sudo().search_count([]) for name in models}

    def test_nothing_is_left_to_do_after_the_commit(self):
        """Odoo looked for the partners of the probe there (19.0), and the button failed."""
        self.env["account.payment"]._guard_probe_report()
        self.env.cr.postcommit.run()

    def test_probe_finds_a_broken_guard(self):
        # Without its lock list the choke point of payments lets everything through.
        with patch.object(locks, "PAYMENT", frozenset()):
            report = self.env["account.payment"]._guard_probe_report()
        broken = {row["code"] for row in report if row["held"] is False}
        self.assertIn("payment.document_number", broken)

    def test_button_shows_held_and_broken(self):
        probe = self.env["account.payment.guard.probe"].create({"company_id": self.company.id})
        probe.action_test()
        self.assertEqual(probe.held_count, len(probe.line_ids))
        self.assertEqual(probe.broken_count + probe.untried_count, 0)

    def test_probe_says_what_is_missing(self):
        company = self.env["res.company"].create({"name": "No accounts"})
        self.env.user.company_ids |= company
        report = self.env["account.payment"]._guard_probe_report(company)
        self.assertEqual([row["held"] for row in report], [None])
        self.assertIn("No accounts", report[0]["message"])

    def test_messages(self):
        payment = self.posted().with_user(self.clerk)
        with self.assertRaisesRegex(
            UserError, "^Posted payments cannot be modified.*Memo|Reference"
        ):
            payment.write({MEMO: "changed"})
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be reset"):
            payment.action_draft()
        reconciled, _bill = self.reconciled()
        with self.assertRaisesRegex(UserError, "^Cannot modify reconciled payment details.*Amount"):
            reconciled.with_user(self.clerk).write({"amount": 1.0})

    def test_writing_what_is_there_already_is_no_change(self):
        payment = self.posted().with_user(self.clerk)
        payment.write({MEMO: "a memo", "document_number": False})

    def test_inbound_and_unapproved_payments_are_locked_too(self):
        payment = self.payment(payment_type="inbound", partner_type="customer")
        payment.action_post()
        self.assertFalse(payment.approve_uid)
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.with_user(self.clerk).write({MEMO: "changed"})

    def test_payment_without_an_entry(self):
        payment = self.payment(payment_type="inbound", partner_type="customer")
        if payment._fields["state"].inherited:
            return  # before 18 there is none
        payment.outstanding_account_id = False
        payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertEqual(payment.approval_state, "posted")
        for method in (
            "action_draft",
            "action_cancel",
            "action_validate",
            "action_reject",
            "unlink",
        ):
            with self.assertRaisesRegex(UserError, "^Posted payments cannot be"):
                getattr(payment.with_user(self.clerk), method)()
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            payment.with_user(self.clerk).amount = 1.0

    def test_unapproved_payment_without_an_entry_is_not_posted(self):
        payment = self.payment()
        if payment._fields["state"].inherited:
            return  # before 18 there is none
        payment.sudo().outstanding_account_id = False
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.action_post()
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.write({"state": "paid"})

    def test_creating_a_payment_as_paid(self):
        if self.env["account.payment"]._fields["state"].inherited:
            return  # before 18 the state is the entry's, and Odoo refuses
        for state in ("in_process", "paid"):
            with self.assertRaises(UserError):
                self.payment(state=state)

    def test_documents_and_messages_by_the_web_client(self):
        payment = self.posted()
        document = self.env["ir.attachment"].create(
            {"name": "a.txt", "raw": b"a", "res_model": payment._name, "res_id": payment.id}
        )
        message = payment.message_post(body="said")
        clerk = self.clerk
        with self.assertRaises(UserError):
            document.with_user(clerk).sudo().unlink()  # as the web client's route deletes on 19
        with self.assertRaises(UserError):
            message.with_user(clerk).sudo().write({"body": ""})
        document.with_user(self.manager).unlink()

    def test_deleting_the_entry_of_a_payment_under_approval(self):
        for payment in (self.payment(), self.payment()):
            if not payment.move_id:
                payment._generate_journal_entry()
            payment.action_submit_for_review()
            with self.assertRaisesRegex(UserError, "under approval cannot be deleted"):
                payment.move_id.with_user(self.clerk).unlink()
            self.assertTrue(payment.exists())

    def test_payment_that_goes_with_its_entry_is_in_the_history(self):
        payment = self.payment(user=self.clerk)
        if not payment._fields["state"].inherited:
            return  # since 18 it stays
        key = payment.id
        payment.move_id.unlink()
        self.assertFalse(payment.exists())
        lines = self.env["account.payment.history"].search([("payment_key", "=", key)])
        self.assertEqual((lines.event, lines.user_id), ("delete", self.clerk))

    def test_journal_entries_other_than_payments(self):
        bill = self.bill()
        bill.with_user(self.clerk).button_draft()  # an unpaid bill may be corrected
        self.assertEqual(bill.state, "draft")

    def test_history_of_nobody(self):
        line = self.posted().history_ids[0]
        for user in (self.clerk, self.manager, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                line.with_user(user).write({"reason": "forged"})
            with self.assertRaises(AccessError):
                line.with_user(user).unlink()
            with self.assertRaises(AccessError):
                line.with_user(user).copy()
        with self.assertRaises(AccessError):
            line.sudo().write({"reason": "forged"})
        with self.assertRaises(AccessError):
            line.sudo().unlink()
