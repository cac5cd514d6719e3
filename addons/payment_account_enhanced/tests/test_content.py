from odoo import fields
from odoo.addons.ipai_series.compat import SERIES
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestContent(PaymentCommon):
    """An approval is for a content."""

    def test_every_field_of_the_content_reopens(self):
        accounts = [{"acc_number": f"NEW-{n}", "partner_id": self.partner_a.id} for n in (1, 2)]
        _default, bank = self.env["res.partner.bank"].create(accounts)
        line = self.payable(self.bill())
        changes = {
            "amount": 101.0,
            "partner_id": self.partner_b.id,
            "date": "2023-05-05",
            MEMO: "another memo",
            "partner_bank_id": bank.id,
            "document_number": "D-1",
            "journal_id": self.bank.copy({"code": "OTHER"}).id,
            "payment_type": "inbound",
            "allocation_ids": [fields.Command.create({"move_line_id": line.id, "amount": 50.0})],
            "currency_id": self.new_currency({"2000-01-01": 2.0}).id,
            "payment_method_line_id": self.bank.outbound_payment_method_line_ids[0].copy().id,
        }
        if SERIES >= 18:  # before, where it is booked is in the entry
            expense = self.company_data["default_account_expense"]
            changes |= {
                "destination_account_id": self.payable(self.bill()).account_id.copy().id,
                "outstanding_account_id": expense.id,
                "partner_type": "customer",
            }
        for name, value in changes.items():
            with self.subTest(field=name):
                payment = self.approved()
                payment.write({name: value})
                self.assertEqual(payment.approval_state, "draft", name)
                label = payment.fields_get([name], ["string"])[name]["string"]
                self.assertIn(label, self.last(payment).reason)
                self.assertIn(label, payment.message_ids[0].body)

    def test_unchanged_values_do_not_reopen(self):
        payment = self.approved()
        payment.write({"amount": 100.0, MEMO: "a memo", "partner_id": self.partner_a.id})
        self.assertEqual(payment.approval_state, "approved")

    def test_change_below_the_payment_is_found_at_posting(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "OLD-1", "partner_id": self.partner_a.id}
        )
        payment = self.approved(partner_bank_id=bank.id)
        bank.acc_number = "STOLEN-1"
        with self.assertRaisesRegex(UserError, "changed after its approval.*Bank Account"):
            payment.with_user(self.approver).action_post()

    def test_changed_entry_is_found_at_posting(self):
        payment = self.payment()
        if not payment.move_id:
            payment.sudo()._generate_journal_entry()
        payment.action_submit_for_review()
        payment.with_user(self.reviewer).action_review()
        payment.with_user(self.approver).action_approve()
        payment.move_id.line_ids.write({"partner_id": self.partner_b.id})
        with self.assertRaises(UserError):
            payment.with_user(self.approver).action_post()

    def test_a_posted_entry_is_no_way_to_post(self):
        for payment in (self.payment(), self.approved()):
            with self.assertRaisesRegex(UserError, "cannot be entered"):
                payment.write({"move_id": self.bill().id})
            with self.assertRaisesRegex(UserError, "cannot be linked"):
                payment.sudo().write({"move_id": self.bill().id})

    def test_an_entry_is_not_entered(self):
        """It may be another payment's, which would be this one's as well."""
        other = self.posted()
        draft = self.payment(user=self.clerk, payment_type="inbound", partner_type="customer")
        values = {"move_id": other.move_id.id}
        with self.assertRaisesRegex(UserError, "cannot be entered"):
            draft.write(values)
        with self.assertRaisesRegex(UserError, "cannot be entered"):
            self.payment(user=self.clerk, payment_type="inbound", **values)
        payments = draft.with_context(default_move_id=other.move_id.id)
        with self.assertRaisesRegex(UserError, "cannot be entered"):
            payments.create({"payment_type": "inbound", "amount": 1.0})

    def test_another_draft_entry_reopens(self):
        payment = self.approved()
        if payment._fields["state"].inherited:
            return  # before 18 a payment is its entry
        payment.sudo().write({"move_id": self.bill().copy().id})
        self.assertEqual(payment.approval_state, "draft")

    def test_a_draft_entry_is_no_way_to_post(self):
        if self.env["account.payment"]._fields["state"].inherited:
            return  # before 18 the state is the entry's
        for entered in (self.payment(), self.approved()):
            payment = entered.with_user(self.clerk)
            for state in ("in_process", "paid"):
                with self.assertRaisesRegex(UserError, "cannot be entered"):
                    payment.write({"state": state, "move_id": self.bill().copy().id})
                with self.assertRaisesRegex(UserError, "cannot be linked"):
                    payment.write({"state": state, "move_id": False})
            self.assertEqual(payment.state, "draft")

    def test_deleting_the_entry_posts_nothing(self):
        """Odoo says "in process" once there is an entry, and without one that means posted."""
        payment = self.payment()
        if payment._fields["state"].inherited:
            return  # before 18 the payment goes with its entry
        payment._generate_journal_entry()
        self.assertEqual(payment.state, "in_process")
        with self.assertRaisesRegex(UserError, "cannot be linked"):
            payment.write({"move_id": False})
        payment.move_id.with_user(self.clerk).unlink()
        self.assertEqual((payment.state, payment.approval_state), ("draft", "draft"))

    def test_no_entry_at_all_is_no_error(self):
        payment = self.payment(payment_type="inbound", partner_type="customer")
        if payment._fields["state"].inherited:
            return  # before 18 a payment is its entry
        payment.write({"move_id": False})
        self.assertEqual(payment.state, "draft")

    def test_entry_behind_nested_commands_reopens(self):
        payment = self.approved()
        if payment._fields["state"].inherited:
            return  # before 18 a payment is its entry
        bill = self.bill()
        entry = self.posted().move_id.copy()
        linked = [fields.Command.update(payment.id, {"move_id": entry.id})]
        commands = [fields.Command.update(bill.id, {"matched_payment_ids": linked})]
        payment.invoice_ids = bill
        payment.with_user(self.clerk).write({"amount": 100.0, "invoice_ids": commands})
        self.assertEqual(payment.approval_state, "draft")

    def test_changing_while_posting(self):
        """19.0 posts the entry first and then writes the amount past it."""
        payment = self.approved().with_user(self.clerk)
        if payment._fields["state"].inherited:
            with self.assertRaisesRegex(UserError, "while it is posted"):
                payment.move_id.write({"state": "posted", "date": "2020-01-01"})
            return
        for values in ({"amount": 1.0}, {"date": "2020-01-01"}, {"amount": 100.0}):
            with self.assertRaisesRegex(UserError, "while it is posted"):
                payment.write(values | {"state": "in_process"})

    def test_bills_must_not_exceed_the_amount(self):
        line = self.payable(self.bill(500.0))
        payment = self.payment()
        payment.allocation_ids = [
            fields.Command.create({"move_line_id": line.id, "amount": 100.01})
        ]
        with self.assertRaisesRegex(UserError, "more than its amount"):
            payment.action_submit_for_review()
