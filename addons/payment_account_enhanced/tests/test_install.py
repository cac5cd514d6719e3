from odoo.tests import tagged

from .. import hooks
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestInstall(PaymentCommon):
    """Databases that hold payments already."""

    def test_every_payment_gets_its_state_and_first_line(self):
        draft, waiting, posted = self.payment(), self.payment(), self.posted()
        waiting.action_submit_for_review()
        cancelled = self.payment()
        cancelled.action_cancel()
        payments = draft + waiting + posted + cancelled
        self.forget(payments)
        hooks.pre_init_hook(self.env)
        hooks.post_init_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(
            payments.mapped("approval_state"), ["draft", "draft", "posted", "cancelled"]
        )
        for payment in payments:
            self.assertEqual(payment.history_ids.mapped("event"), ["before"])
            self.assertFalse(payment._tampering())
        self.assertEqual(posted.history_ids.payment_name, posted.name)
        self.assertEqual(posted.history_ids.company_id, self.company)

    def forget(self, payments):
        """Leave the payments as a database without this addon has them."""
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE account_payment ALTER approval_state DROP NOT NULL")
        self.env.cr.execute(
            "UPDATE account_payment SET approval_state = NULL, approve_uid = NULL,"
            " sealed_digest = NULL, sealed_content = NULL WHERE id = ANY(%s)",
            [payments.ids],
        )
        self.env.cr.execute(
            "DELETE FROM account_payment_history WHERE payment_key = ANY(%s)", [payments.ids]
        )
        self.env.invalidate_all()

    def test_hooks_change_nothing_the_second_time(self):
        payment = self.posted()
        self.env.flush_all()
        lines = payment.history_ids.ids
        hooks.pre_init_hook(self.env)
        hooks.post_init_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(payment.history_ids.ids, lines)
        self.assertEqual(payment.approval_state, "posted")

    def test_never_null(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT count(*) FROM account_payment WHERE approval_state IS NULL")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_chunks_cover_every_id(self):
        payments = self.payment() + self.payment() + self.payment()
        self.env.flush_all()
        self.forget(payments)
        self.patch(hooks, "CHUNK", 1)
        hooks.pre_init_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(set(payments.mapped("approval_state")), {"draft"})
