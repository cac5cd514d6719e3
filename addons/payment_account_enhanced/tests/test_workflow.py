from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.series import POSTED_STATES
from .common import ROLE, PaymentCommon


@tagged("post_install", "-at_install")
class TestWorkflow(PaymentCommon):
    def test_from_draft_to_posted(self):
        payment = self.payment()
        self.assertEqual(payment.approval_state, "draft")
        payment.action_submit_for_review()
        self.assertEqual(payment.approval_state, "under_review")
        payment.with_user(self.reviewer).action_review()
        self.assertEqual(payment.approval_state, "for_approval")
        self.assertEqual(payment.review_uid, self.reviewer)
        self.assertTrue(payment.review_date)
        payment.with_user(self.approver).action_approve()
        self.assertEqual(payment.approval_state, "approved")
        payment.with_user(self.approver).action_post()
        self.assertEqual(payment.approval_state, "posted")
        self.assertIn(payment.state, POSTED_STATES)
        self.assertEqual(self.events(payment), ["submit", "review", "approve", "post"])

    def test_unapproved_payments_cannot_be_posted_on_any_way(self):
        payment = self.payment()
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.action_post()
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.write({"state": POSTED_STATES[-1]})
        with self.assertRaisesRegex(UserError, "needs approval"):
            self.payment(user=self.clerk).sudo().action_post()
        payment.action_submit_for_review()
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.with_user(self.manager).action_post()
        self.assertEqual(payment.approval_state, "under_review")

    def test_entry_of_an_unapproved_payment_cannot_be_posted(self):
        payment = self.payment()
        if not payment.move_id:
            self.assertFalse(payment.move_id)
            payment._generate_journal_entry()
        self.assertEqual(payment.move_id.state, "draft")
        for post in (
            payment.move_id.with_user(self.user).action_post,
            lambda: payment.move_id.with_user(self.user).write({"state": "posted"}),
            lambda: payment.move_id.sudo()._post(soft=False),
        ):
            with self.assertRaisesRegex(UserError, "needs approval"):
                post()

    def test_posting_many_names_each_that_cannot(self):
        payments = self.approved() + self.payment(amount=7) + self.payment(amount=8)
        with self.assertRaises(UserError) as caught:
            payments.with_user(self.approver).action_post()
        for payment in payments[1:]:
            self.assertIn(str(payment.id), str(caught.exception))
        self.assertEqual(payments[0].approval_state, "approved")

    def test_posting_each_does_what_can_be_done(self):
        payments = self.approved() + self.payment() + self.approved()
        report = payments.with_user(self.approver).action_post_each()["params"]
        self.assertEqual(payments.mapped("approval_state"), ["posted", "draft", "posted"])
        self.assertIn("2 of 3", report["message"])
        self.assertIn(payments[1].approval_label, report["message"])
        self.assertEqual(report["type"], "warning")

    def test_roles(self):
        payment = self.payment(user=self.clerk)
        with self.assertRaisesRegex(AccessError, "Payment User"):
            payment.action_submit_for_review()
        payment.with_user(self.user).action_submit_for_review()
        for other in (self.user, self.approver, self.authorizer, self.clerk):
            with self.assertRaises(AccessError):
                payment.with_user(other).action_review()
        payment.with_user(self.reviewer).action_review()
        for other in (self.user, self.authorizer, self.clerk):
            with self.assertRaises(AccessError):
                payment.with_user(other).action_approve()

    def test_steps_in_their_order(self):
        payment = self.payment()
        with self.assertRaisesRegex(UserError, "cannot be"):
            payment.with_user(self.approver).action_approve()
        payment.action_submit_for_review()
        with self.assertRaisesRegex(UserError, "cannot be"):
            payment.action_submit_for_review()
        with self.assertRaisesRegex(UserError, "cannot be"):
            payment.with_user(self.authorizer).action_authorize()

    def test_nobody_takes_two_steps_managers_included(self):
        payment = self.payment(user=self.manager)
        payment.with_user(self.user).action_submit_for_review()
        with self.assertRaisesRegex(UserError, "already taken a step"):
            payment.with_user(self.manager).action_review()  # entered it
        payment = self.payment()
        payment.action_submit_for_review()
        payment.with_user(self.manager).action_review()
        with self.assertRaisesRegex(UserError, "already taken a step"):
            payment.with_user(self.manager).action_approve()
        payment.with_user(self.approver).action_approve()
        self.assertEqual(payment.approval_state, "approved")

    def test_small_team(self):
        self.company.payment_small_team = True
        boss = self.new_user(
            "boss", ",".join(ROLE % role for role in ("user", "reviewer", "approver"))
        )
        payment = self.payment(user=boss)
        payment.action_submit_for_review()
        payment.action_review()
        with self.assertRaisesRegex(UserError, "already taken a step"):
            payment.action_approve()
        payment.with_user(self.approver).action_approve()
        reasons = [reason for reason in payment.history_ids.mapped("reason") if reason]
        self.assertEqual(reasons, ["Second step of the same person (small team)"])
        self.assertEqual(payment._voucher_repeated(), boss.name)

    def test_authorization_above_a_threshold_in_company_currency(self):
        self.company.payment_authorization_threshold = 100.0
        foreign = self.new_currency({"2000-01-01": 2.0})
        exactly = self.approved(amount=200.0, currency_id=foreign.id)
        self.assertEqual(exactly.approval_state, "approved")
        above = self.approved(amount=200.04, currency_id=foreign.id)
        self.assertEqual(above.approval_state, "for_authorization")
        with self.assertRaisesRegex(UserError, "needs approval"):
            above.with_user(self.approver).action_post()
        above.with_user(self.authorizer).action_authorize()
        above.with_user(self.approver).action_post()
        self.assertEqual(above.approval_state, "posted")
        self.assertEqual(above.authorize_uid, self.authorizer)

    def test_reject_needs_a_reason_and_starts_a_new_round(self):
        payment = self.payment()
        payment.action_submit_for_review()
        with self.assertRaisesRegex(UserError, "Reason"):
            payment.with_user(self.reviewer).action_reject_with_reason("  ")
        with self.assertRaises(AccessError):
            payment.with_user(self.clerk).action_reject_with_reason("no")
        wizards = self.env["account.payment.reject"].with_user(self.reviewer)
        wizard = wizards.with_context(active_ids=payment.ids).create({"reason": "wrong bank"})
        wizard.action_reject()
        self.assertEqual(payment.approval_state, "rejected")
        self.assertEqual(payment.rejection_reason, "wrong bank")
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.action_post()
        payment.action_submit_for_review()
        payment.with_user(self.reviewer).action_review()
        self.assertEqual(payment.approval_state, "for_approval")
        self.assertFalse(payment.rejection_reason)

    def test_cancel_while_under_approval(self):
        payment = self.payment()
        payment.action_submit_for_review()
        payment.action_cancel()
        self.assertEqual(payment.approval_state, "cancelled")
        payment.action_draft()
        self.assertEqual(payment.approval_state, "draft")

    def test_zero_amount_is_refused(self):
        with self.assertRaisesRegex(UserError, "Amount"):
            self.payment(amount=0.0).action_submit_for_review()

    def test_policies(self):
        def needs(**values):
            return self.payment(**values).approval_required

        self.assertTrue(needs())
        self.assertFalse(needs(payment_type="inbound"))
        self.company.payment_approval_policy = "all"
        self.assertTrue(needs(payment_type="inbound"))
        self.company.write({"payment_approval_policy": "amount", "payment_approval_minimum": 100.0})
        self.assertFalse(needs())
        self.assertTrue(needs(amount=100.01))
        self.company.payment_approval_policy = "journal"
        self.assertFalse(needs())
        self.bank.payment_approval = True
        self.assertTrue(needs())
        self.company.payment_approval_policy = "none"
        payment = self.payment()
        payment.action_post()
        self.assertEqual(payment.approval_state, "posted")

    def test_submitted_payment_is_never_posted_unapproved_whatever_the_policy(self):
        payment = self.payment()
        payment.action_submit_for_review()
        self.company.payment_approval_policy = "none"
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.action_post()

    def test_batch_of_two_hundred(self):
        """All are posted; or none, and each that cannot be is named; or all that can be."""
        # In a database whose statistics say "empty", one of Odoo's own queries
        # (reconciled_payment_ids, 19.0) is planned badly, for minutes.
        self.decide(self.submitted(20))
        self.env.cr.execute("ANALYZE account_payment, account_move, account_move_line")
        payments = self.submitted(200)
        payments.with_user(self.reviewer).action_review()
        approved, others = payments[:197], payments[197:]
        approved.with_user(self.approver).action_approve()
        with self.assertRaises(UserError) as caught:
            payments.with_user(self.approver).action_post()
        for payment in others:
            self.assertIn(payment.approval_label, str(caught.exception))
        self.assertEqual(set(approved.mapped("approval_state")), {"approved"})
        report = (approved[:50] + others).with_user(self.approver).action_post_each()["params"]
        self.assertIn("50 of 53", report["message"])
        for payment in others:
            self.assertIn(payment.approval_label, report["message"])
        approved[50:].with_user(self.approver).action_post()
        self.assertEqual(set(approved.mapped("approval_state")), {"posted"})
        self.assertEqual(set(others.mapped("approval_state")), {"for_approval"})
        self.assertEqual(len(set(approved.mapped("name"))), 197)
        self.assertEqual(len(approved.history_ids), 4 * 197)

    def submitted(self, number):
        values = self.payment().copy_data()[0]
        payments = self.env["account.payment"].with_user(self.user)
        payments = payments.create([values | {"amount": 10.0 + index} for index in range(number)])
        payments.action_submit_for_review()
        return payments

    def test_activity_of_whoever_is_next(self):
        payment = self.payment()
        payment.action_submit_for_review()
        self.assertEqual(payment.activity_ids.user_id, self.reviewer)
        payment.with_user(self.reviewer).action_review()
        self.assertEqual(payment.activity_ids.user_id, self.approver)
        payment.with_user(self.approver).action_approve()
        self.assertEqual(payment.activity_ids.user_id, self.user)
        payment.with_user(self.approver).action_post()
        self.assertFalse(payment.activity_ids)

    def test_reminder_after_the_days_of_the_company(self):
        payment, fresh = self.payment(), self.payment()
        (payment + fresh).action_submit_for_review()
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), days=3)
        payment._write_workflow({"waiting_since": long_ago})
        messages = self.env["mail.message"].sudo()
        before = messages.search([], order="id desc", limit=1).id
        self.env["account.payment"]._cron_remind()
        reminders = messages.search([("id", ">", before)])
        reminders = reminders.filtered(lambda message: "waits for you" in (message.subject or ""))
        self.assertEqual(reminders.partner_ids, self.reviewer.partner_id)
        self.assertEqual(len(reminders), 1)

    def test_mark_verified_by_another_person_against_a_document(self):
        payment = self.payment()
        other = payment.with_user(self.reviewer)
        with self.assertRaisesRegex(UserError, "Document Number"):
            other.action_mark_verified()
        payment.document_number = "INV-4711"
        with self.assertRaisesRegex(UserError, "Attach"):
            other.action_mark_verified()
        self.env["ir.attachment"].with_user(self.user).create(
            {"name": "bill.txt", "raw": b"4711", "res_model": payment._name, "res_id": payment.id}
        )
        payment.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "did not enter"):
            payment.action_mark_verified()
        other.action_mark_verified()
        self.assertEqual(payment.verifier_id, self.reviewer)
        self.assertIn("verify", self.events(payment))

    def test_what_waits_is_reported_by_role(self):
        payment = self.payment()
        payment.action_submit_for_review()
        self.env.flush_all()
        row = self.env["account.payment.waiting"].search([("payment_id", "=", payment.id)])
        self.assertEqual(row.role, "reviewer")
        self.assertEqual(row.amount, 100.0)
        payment.with_user(self.reviewer).action_review()
        self.env.flush_all()
        row.invalidate_recordset()
        self.assertEqual(row.role, "approver")


@tagged("post_install", "-at_install")
class TestDormant(PaymentCommon):
    """Before anybody could approve, nothing is held back; afterwards nothing slips through."""

    def test_in_force_from_the_first_reviewer_and_approver_on(self):
        roles = self.env.ref(ROLE % "reviewer") | self.env.ref(ROLE % "approver")
        groups = self.env["res.users"]._fields
        name = "group_ids" if "group_ids" in groups else "groups_id"
        holders = self.env["res.users"].search([(name, "in", roles.ids)])
        for user in holders:
            user.write({name: [fields.Command.unlink(role.id) for role in roles]})
        payment = self.payment()
        self.assertFalse(payment.approval_required)
        payment.action_post()
        self.assertEqual(payment.approval_state, "posted")
        self.assertFalse(self.company.payment_approval_since)
        self.reviewer.write({name: [fields.Command.link(self.env.ref(ROLE % "reviewer").id)]})
        self.payment().action_post()
        self.approver.write({name: [fields.Command.link(self.env.ref(ROLE % "approver").id)]})
        self.assertTrue(self.payment().approval_required)
        self.assertTrue(self.company.payment_approval_since)
        self.reviewer.write({name: [fields.Command.unlink(self.env.ref(ROLE % "reviewer").id)]})
        self.assertTrue(self.payment().approval_required)
