import logging

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PaymentCommon

LOGGER = "odoo.addons.payment_account_enhanced.models.account_payment_integrity"


@tagged("post_install", "-at_install")
class TestHistory(PaymentCommon):
    """What was changed below Odoo shows."""

    def tamper(self, statement, *parameters):
        self.env.flush_all()
        self.env.cr.execute(statement, parameters)
        self.env.invalidate_all()

    @mute_logger(LOGGER)
    def compare(self):
        self.env["account.payment"]._cron_compare_with_seal()

    def test_untouched_payments_are_not_reported(self):
        payment, _bill = self.reconciled()
        messages = len(payment.message_ids)
        logger = logging.getLogger(LOGGER)
        with self.assertNoLogs(logger, "WARNING"):
            self.env["account.payment"]._cron_compare_with_seal()
        self.assertEqual(len(payment.message_ids), messages)

    def test_changed_rows_are_named(self):
        cases = {
            "amount": ("UPDATE account_payment SET amount = 999 WHERE id = %s", "payment"),
            "partner_id": (
                "UPDATE account_payment SET partner_id = 1 WHERE id = %s",
                "payment",
            ),
            "move_id": (
                "UPDATE account_move_line SET balance = balance * 2 WHERE id = %s",
                "line",
            ),
            "name": ("UPDATE account_payment SET name = 'FORGED/1' WHERE id = %s", "payment"),
        }
        for name, (statement, target) in cases.items():
            payment = self.posted()
            if name == "name" and payment._fields["name"].inherited:
                continue  # before 18 it is the entry's
            record = {"payment": payment, "move": payment.move_id}.get(target)
            ids = record.id if record else payment.move_id.line_ids[0].id
            self.tamper(statement, ids)
            with self.subTest(name):
                label = payment.fields_get([name], ["string"])[name]["string"]
                self.compare()
                self.assertIn(label, payment.message_ids[0].body)
                self.assertEqual(payment._voucher_verdict(), "changed")

    def test_seal_that_was_adapted_is_found(self):
        payment = self.posted()
        self.tamper(
            "UPDATE account_payment SET sealed_content = replace(sealed_content, '100.00', '1.00')"
            " WHERE id = %s",
            payment.id,
        )
        self.assertTrue(payment._tampering())

    def test_history_that_was_changed_or_cut_is_found(self):
        for statement in (
            "UPDATE account_payment_history SET user_id = 1 WHERE id = %s",
            "UPDATE account_payment_history SET reason = 'forged' WHERE id = %s",
            "DELETE FROM account_payment_history WHERE id = %s",
        ):
            payment = self.posted()
            self.assertFalse(payment._tampering())
            self.tamper(statement, payment.history_ids.sorted("id")[1].id)
            self.assertIn("line 2 of its history", payment._tampering())
        payment = self.posted()
        self.tamper("DELETE FROM account_payment_history WHERE payment_key = %s", payment.id)
        self.assertIn("history is missing", payment._tampering())

    def test_payments_without_a_seal_get_one(self):
        payment = self.posted()
        self.tamper(
            "UPDATE account_payment SET sealed_digest = NULL, sealed_content = NULL WHERE id = %s",
            payment.id,
        )
        self.compare()
        self.assertTrue(payment.sealed_digest)
        self.tamper("UPDATE account_payment SET amount = 999 WHERE id = %s", payment.id)
        self.assertTrue(payment._tampering())

    def test_difference_is_told_once(self):
        self.company.payment_finance_manager_id = self.approver
        payment = self.posted()
        self.tamper("UPDATE account_payment SET amount = 999 WHERE id = %s", payment.id)
        self.compare()
        count = len(payment.message_ids)
        self.assertIn(self.approver.partner_id, payment.message_ids[0].partner_ids)
        self.compare()
        self.assertEqual(len(payment.message_ids), count)

    def test_difference_is_told_once_whatever_is_said_after(self):
        payment = self.posted()
        self.tamper("UPDATE account_payment SET amount = 999 WHERE id = %s", payment.id)
        self.compare()
        self.assertIn(self.manager.partner_id, payment.message_ids[0].partner_ids)
        payment.message_post(body="I look into it")
        count = len(payment.message_ids)
        self.compare()
        self.assertEqual(len(payment.message_ids), count)
        self.tamper("UPDATE account_payment SET partner_id = 1 WHERE id = %s", payment.id)
        self.compare()
        self.assertEqual(len(payment.message_ids), count + 1)

    def test_difference_with_a_sign_that_html_escapes(self):
        payment = self.posted()
        label = self.env["ir.model.fields"]._get("account.payment", "amount")
        label.with_context(lang="en_US").field_description = "Amount & more"
        self.tamper("UPDATE account_payment SET amount = 999 WHERE id = %s", payment.id)
        for _night in range(2):
            self.compare()
        told = payment.message_ids.filtered(lambda message: "not as the workflow" in message.body)
        self.assertEqual(len(told), 1)

    def test_two_sessions_do_not_fork_the_chain(self):
        """Both would continue the same line: the second one must fail, and is tried again."""
        payment = self.posted()

        def version():
            query = "SELECT ctid::text FROM account_payment WHERE id = %s"
            self.env.flush_all()
            self.env.cr.execute(query, [payment.id])
            return self.env.cr.fetchone()

        before = version()
        payment._record_history("revoke", reason="which writes nothing else on the payment")
        self.assertNotEqual(version(), before)

    def test_history_outlives_the_payment(self):
        payment = self.posted()
        key = payment.id
        payment.with_user(self.manager).action_draft()
        payment.with_user(self.manager).unlink()
        lines = self.env["account.payment.history"].search([("payment_key", "=", key)])
        self.assertEqual(lines[0].event, "delete")
        self.assertEqual(lines[0].user_id, self.manager)
        self.assertFalse(lines.payment_id)
