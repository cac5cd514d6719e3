from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestPartnerMerge(PaymentCommon):
    """Merging partners rewrites payments in SQL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls.env["res.partner"].create(
            {"name": "Twin", "email": cls.partner_a.email, "company_id": False}
        )
        groups = "base.group_partner_manager"
        cls.clerk_of_partners = cls.new_user("partners", f"account.group_account_invoice,{groups}")
        cls.seller = cls.new_user("seller", groups)
        cls.boss = cls.new_user("boss", f"payment_account_enhanced.group_payment_manager,{groups}")

    def merge(self, user, source, target):
        wizards = self.env["base.partner.merge.automatic.wizard"].with_user(user)
        partners = source + target
        values = {
            "state": "selection",
            "partner_ids": [fields.Command.set(partners.ids)],
            "dst_partner_id": target.id,
        }
        wizards.create(values).action_merge()
        self.env.invalidate_all()

    def test_ordinary_user_does_not_change_the_partner_of_a_posted_payment(self):
        payment = self.posted()
        for user in (self.clerk_of_partners, self.seller):
            with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified.*merging"):
                self.merge(user, self.partner_a, self.twin)
        self.assertEqual(payment.partner_id, self.partner_a)

    def test_ordinary_user_merges_what_no_posted_payment_carries(self):
        posted, waiting = self.posted(), self.payment(partner_id=self.twin.id)
        waiting.action_submit_for_review()
        history = posted.history_ids
        self.merge(self.seller, self.twin, self.partner_a)
        self.assertFalse(self.twin.exists())
        self.assertEqual(posted.history_ids, history)
        self.assertFalse(posted._tampering())
        self.assertEqual(waiting.partner_id, self.partner_a)
        self.assertEqual(waiting.approval_state, "draft")
        self.assertIn("Changed after submission", self.last(waiting).reason)

    def test_manager_merges_and_the_history_says_so(self):
        payment, _bill = self.reconciled()
        name = self.partner_a.display_name
        self.merge(self.boss, self.partner_a, self.twin)
        self.assertEqual(payment.partner_id, self.twin)
        self.assertEqual(payment.move_id.line_ids.partner_id, self.twin)
        line = self.last(payment)
        self.assertEqual((line.event, line.user_id), ("edit", self.boss))
        self.assertIn(f"{name} → Twin", line.changes)
        self.assertFalse(payment._tampering())
        self.assertEqual(payment._voucher_verdict(), "valid")

    def test_payments_of_companies_out_of_sight_are_asked_for_too(self):
        payment = self.posted()
        other = self.env["res.company"].create({"name": "Other"})
        self.seller.write({"company_ids": [fields.Command.set(other.ids)], "company_id": other.id})
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            self.merge(self.seller, self.partner_a, self.twin)
        self.assertEqual(payment.partner_id, self.partner_a)


@tagged("post_install", "-at_install")
class TestResequence(PaymentCommon):
    def resequence(self, user, moves, first="PAY/2024/00100"):
        wizards = self.env["account.resequence.wizard"].with_user(user)
        wizard = wizards.with_context(active_model="account.move", active_ids=moves.ids)
        wizard.create({"first_name": first}).resequence()

    def test_ordinary_user_has_no_right_to_renumber(self):
        payment = self.posted()
        with self.assertRaises(AccessError):
            self.resequence(self.clerk, payment.move_id)

    def test_accountant_without_the_role_is_refused(self):
        accountant = self.new_user("accountant", "account.group_account_manager")
        self.env["res.config.settings"].create({}).action_separate_payment_managers()
        self.env.invalidate_all()
        payment = self.posted()
        number = payment.name
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified.*Number"):
            self.resequence(accountant, payment.move_id)
        self.assertEqual(payment.name, number)

    def test_manager_renumbers_and_the_history_says_from_what_to_what(self):
        payment = self.posted(date="2024-01-15")
        number = payment.name
        self.resequence(self.new_user("boss", "account.group_account_manager"), payment.move_id)
        self.assertEqual(payment.move_id.name, "PAY/2024/00100")
        self.assertEqual(payment.name, "PAY/2024/00100")
        self.assertEqual(self.events(payment).count("edit"), 1)
        self.assertIn(f"{number} → PAY/2024/00100", self.last(payment).changes)
        self.assertFalse(payment._tampering())

    def test_strict_mode_needs_an_override(self):
        self.company.payment_lock_mode = "strict"
        payment = self.posted()
        boss = self.new_user("boss", "account.group_account_manager")
        with self.assertRaisesRegex(UserError, "override"):
            self.resequence(boss, payment.move_id)

    def test_other_entries_are_renumbered_as_ever(self):
        bill = self.bill()
        boss = self.new_user("boss", "account.group_account_manager")
        self.resequence(boss, bill, first="BILL/2024/01/0100")
        self.assertEqual(bill.name, "BILL/2024/01/0100")


@tagged("post_install", "-at_install")
class TestAutomaticEntry(PaymentCommon):
    """The wizard that moves amounts of journal items to another account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bookkeeper = cls.new_user("bookkeeper", "account.group_account_user")

    def transfer(self, user, lines):
        wizards = self.env["account.automatic.entry.wizard"].with_user(user)
        context = {"active_model": "account.move.line", "active_ids": lines.ids}
        account = self.company_data["default_account_assets"]
        wizard = wizards.with_context(**context).create(
            {
                "action": "change_account",
                "destination_account_id": account.id,
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": "2024-02-01",
            }
        )
        return self.env["account.move"].browse(wizard.do_action()["res_id"])

    def test_bookkeeper_is_refused_where_payments_are_touched(self):
        payment, bill = self.posted(), self.bill()
        count = self.env["account.move"].search_count([])
        for lines in (payment.move_id.line_ids[:1], bill.line_ids + payment.move_id.line_ids):
            with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
                self.transfer(self.bookkeeper, lines)
        self.assertEqual(self.env["account.move"].search_count([]), count)

    def test_bookkeeper_transfers_other_items(self):
        entry = self.transfer(self.bookkeeper, self.bill().invoice_line_ids)
        self.assertEqual(entry.state, "posted")

    def test_manager_transfers_and_the_history_says_so(self):
        payment = self.posted()
        groups = "account.group_account_user,account.group_account_manager"
        boss = self.new_user("boss", groups)
        liquidity = payment._seek_for_lines()[0]
        entry = self.transfer(boss, liquidity)
        self.assertEqual(entry.state, "posted")
        self.assertTrue(liquidity.reconciled)
        line = self.last(payment)
        self.assertEqual((line.event, line.user_id), ("edit", boss))
        self.assertIn("Change Account", line.changes)
        self.assertFalse(payment._tampering())
