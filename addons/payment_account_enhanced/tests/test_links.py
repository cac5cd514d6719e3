from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.series import MOVE_PAYMENT, POSTED_ENTRY_FOLLOWS
from .common import PAID, PaymentCommon


@tagged("post_install", "-at_install")
class TestLinks(PaymentCommon):
    """A link that anybody can write makes nothing of a posted payment's happen."""

    def setUp(self):
        super().setUp()
        self.company.payment_approval_policy = "outbound"

    def own_partial(self):
        """Return a reconciliation that is the clerk's own: an invoice and a credit note."""
        documents = self.invoice(amount=10.0) + self.invoice("out_refund", amount=10.0)
        lines = documents.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        lines.with_user(self.clerk).reconcile()
        return (lines.matched_debit_ids | lines.matched_credit_ids).with_user(self.clerk)

    def payable_item(self, payment):
        return self.payable(payment.move_id)

    def without_entry(self, **values):
        payment = self.payment(**values)
        payment.outstanding_account_id = False
        payment.action_submit_for_review()
        self.decide(payment)
        self.assertFalse(payment.move_id)
        return payment

    def entry(self, **values):
        """Return an entry of the clerk's in draft."""
        accounts = ("default_account_expense", "default_account_revenue")
        lines = [
            {"account_id": self.company_data[name].id, "balance": balance}
            for name, balance in zip(accounts, (1.0, -1.0), strict=True)
        ]
        return (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "entry",
                    "line_ids": [fields.Command.create(line) for line in lines],
                    **values,
                }
            )
        )

    def test_posting_and_changing_at_once(self):
        if self.env["account.payment"]._fields["state"].inherited:
            return  # before 18 the state is the entry's
        for policy, values in (
            ("outbound", {"payment_type": "outbound", "partner_type": "supplier"}),
            ("amount", {"amount": 5000.0}),
        ):
            self.company.write(
                {"payment_approval_policy": policy, "payment_approval_minimum": 1000.0}
            )
            payment = self.payment(user=self.clerk, payment_type="inbound", amount=1.0)
            # On 18.0 the items of the entry may be asked before the approval is.
            with self.assertRaisesRegex(UserError, "needs approval|Posted payments cannot"):
                payment.write({"state": "in_process", **values})

    def test_an_entry_posted_and_changed_at_once(self):
        self.company.write(
            {"payment_approval_policy": "journal", "payment_approval_minimum": 1000.0}
        )
        payment = self.payment(user=self.clerk)
        if not payment._fields["state"].inherited:
            return  # since 18 the entry is made by posting
        listed = self.bank.copy({"payment_approval": True})
        with self.assertRaises(UserError):
            payment.move_id.write({"state": "posted", "journal_id": listed.id})

    def test_exchange_entry_of_another_reconciliation(self):
        payment, bill = self.reconciled()
        partial = self.own_partial()
        partial.write({"exchange_move_id": payment.move_id.id})
        with self.assertRaisesRegex(UserError, "linked to another reconciliation"):
            partial.unlink()
        self.assertIn(bill.payment_state, PAID)

    def test_cash_basis_entry_of_another_reconciliation(self):
        payment, _bill = self.reconciled()
        partial = self.own_partial()
        with self.assertRaisesRegex(UserError, "Posted payments cannot be modified"):
            payment.move_id.with_user(self.clerk).write({"tax_cash_basis_rec_id": partial.id})
        waiting = self.approved()
        if not waiting.move_id:
            waiting.sudo()._generate_journal_entry()
            waiting.sudo()._hold_back()
        waiting.move_id.sudo().tax_cash_basis_rec_id = partial
        with self.assertRaisesRegex(UserError, "linked to another reconciliation"):
            partial.unlink()

    def test_more_is_reconciled_than_is_open(self):
        payment, _bill = self.reconciled()
        other = self.bill()
        vals = {
            "debit_move_id": self.payable_item(payment).id,
            "credit_move_id": self.payable(other).id,
            "amount": 100.0,
            "debit_amount_currency": 100.0,
            "credit_amount_currency": 100.0,
        }
        partials = self.env["account.partial.reconcile"].with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            partials.create([vals])
        open_payment = self.posted()
        vals["debit_move_id"] = self.payable_item(open_payment).id
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            partials.create([vals, vals])
        partials.create([vals])
        self.assertIn(other.payment_state, PAID)

    def test_a_partial_is_pointed_at_a_payment(self):
        payment, _bill = self.reconciled()
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            self.own_partial().write({"debit_move_id": self.payable_item(payment).id})

    def test_items_are_taken_into_another_full_reconciliation(self):
        payment, _bill = self.reconciled()
        partial = self.own_partial()
        item = self.payable_item(payment)
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            self.env["account.full.reconcile"].with_user(self.clerk).create(
                {
                    "reconciled_line_ids": [fields.Command.set(item.ids)],
                    "partial_reconcile_ids": [fields.Command.set(partial.ids)],
                }
            )

    def test_a_bill_names_somebody_elses_payment(self):
        if "matched_payment_ids" not in self.env["account.move"]._fields:
            return  # before 18 bills name no payments
        payment = self.without_entry()
        bill = self.bill(amount=5000.0)
        link = {"matched_payment_ids": [fields.Command.link(payment.id)]}
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            bill.with_user(self.clerk).write(link)
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            bill.with_user(self.clerk).create(
                {"move_type": "in_invoice", "partner_id": self.partner_a.id, **link}
            )

    def test_a_bill_paid_by_a_payment_without_entry(self):
        if "matched_payment_ids" not in self.env["account.move"]._fields:
            return  # before 18 every payment has an entry
        bill = self.bill()
        allocation = {"move_line_id": self.payable(bill).id, "amount": 100.0}
        payment = self.without_entry(allocation_ids=[fields.Command.create(allocation)])
        self.assertEqual(bill.matched_payment_ids, payment)
        as_clerk = bill.with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "paid by a posted payment"):
            as_clerk.button_draft()
        with self.assertRaisesRegex(UserError, "Cannot modify reconciled"):
            as_clerk.write({"matched_payment_ids": [fields.Command.unlink(payment.id)]})

    def test_the_number_and_date_of_the_entry(self):
        payment, _bill = self.reconciled()
        entry = payment.move_id.with_user(self.clerk)
        for values in (
            {"invoice_date": "2026-01-15"},
            {"posted_before": False},
            {"sequence_number": 7},
            {"inalterable_hash": "x"},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(UserError, "cannot be modified|Cannot"),
            ):
                entry.write(values)

    def test_an_entry_that_names_a_payment_posts_nothing(self):
        payment = self.approved()
        if payment._fields["state"].inherited:
            return  # before 18 posting the one posts the other, with all that is asked
        before = self.events(payment)
        self.entry(**{MOVE_PAYMENT: payment.id}).action_post()
        self.assertEqual(self.events(payment), before)

    def test_an_entry_that_names_a_payment_seals_nothing(self):
        payment = self.payment(payment_type="inbound", partner_type="customer")
        if payment._fields["state"].inherited:
            return  # before 18 Odoo refuses to post the other one again
        payment.action_post()
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_payment SET amount = 7 WHERE id = %s", [payment.id])
        self.env.invalidate_all()
        self.assertTrue(payment.sudo()._tampering())
        self.entry(**{MOVE_PAYMENT: payment.id}).action_post()
        self.env.invalidate_all()
        self.assertTrue(payment.sudo()._tampering())

    def test_an_entry_that_reverses_a_payment(self):
        payment = self.posted()
        entry = self.entry(reversed_entry_id=payment.move_id.id)
        with self.assertRaisesRegex(UserError, "cannot be reset"):
            entry.action_post()

    def test_an_edit_does_not_seal_what_was_changed_below(self):
        payment = self.posted()
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_payment SET amount = 7 WHERE id = %s", [payment.id])
        self.env.invalidate_all()
        payment.with_user(self.manager).document_number = "D-1"
        self.assertIn("Amount", "".join(payment.message_ids.mapped("body")))

    def test_books_and_payment_do_not_drift_apart(self):
        payment = self.posted().with_user(self.manager)
        if POSTED_ENTRY_FOLLOWS:
            return  # before 19 Odoo changes the entry too, or refuses
        with self.assertRaisesRegex(UserError, "would not follow: Amount"):
            payment.write({"amount": 250.0})
        payment.action_draft()
        payment.write({"amount": 250.0})

    def test_documents_of_bills_without_the_right_to_payments(self):
        """Whoever may write on a bill need not be allowed to read payments."""
        bill = self.bill()
        clerk = self.new_user("no_payments", "base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.posted().with_user(clerk).read(["amount"])
        self.assertFalse(
            self.env["account.payment"].with_user(clerk)._behind([("account.move", bill.id)])
        )
