from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import HttpCase, tagged

from ..models.series import MEMO
from .common import PaymentCommon

ACTION = "payment_account_enhanced.action_payment_approval"


@tagged("post_install", "-at_install")
class TestTours(PaymentCommon, HttpCase):
    """The screens, in a browser, as the people with the roles."""

    browser_size = "1366,768"

    def run_tour(self, name, user, payment):
        user.password = user.login
        action = self.env.ref(ACTION).id
        if SERIES >= 18:
            url = f"/odoo/action-{action}/{payment.id}"
        else:
            url = f"/web#id={payment.id}&model=account.payment&view_type=form&action={action}"
        self.start_tour(url, name, login=user.login)
        payment.invalidate_recordset()

    def test_from_pay_button_to_paid_bill(self):
        bill = self.bill()
        payment = self.pay(bill, self.clerk)
        self.run_tour("payment_approval_submit", self.user, payment)
        self.assertEqual(payment.approval_state, "under_review")
        self.run_tour("payment_approval_review", self.reviewer, payment)
        self.assertEqual(payment.review_uid, self.reviewer)
        self.run_tour("payment_approval_approve_and_post", self.approver, payment)
        self.assertEqual(payment.approval_state, "posted")
        bill.invalidate_recordset()
        self.assertEqual(bill.amount_residual, 0.0)

    def test_plain_user_is_refused_on_a_posted_payment(self):
        payment = self.posted()
        self.run_tour("payment_approval_refused", self.clerk, payment)
        self.assertEqual(payment[MEMO], "a memo")
        self.assertEqual(payment.approval_state, "posted")
