from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from ..controllers import voucher
from ..core.ratelimit import RateLimit
from ..models.series import MEMO
from .common import PaymentCommon


@tagged("post_install", "-at_install")
class TestVoucher(PaymentCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.patch(voucher, "LIMIT", RateLimit(limit=1000, window=60))

    def render(self, payment):
        report = "payment_account_enhanced.report_voucher"
        html = self.env["ir.actions.report"]._render_qweb_html(report, payment.ids)[0]
        return html.decode()

    def open(self, payment):
        url = payment._voucher_url()
        self.env.flush_all()
        return self.url_open(url[url.index("/payment/") :])

    def test_voucher_tells_who_what_and_how_much(self):
        payment, bill = self.reconciled(document_number="D-4711")
        html = self.render(payment)
        for text in (
            payment.name,
            bill.name,
            "D-4711",
            payment[MEMO],
            self.partner_a.name,
            self.user.name,
            self.reviewer.name,
            self.approver.name,
            payment.sealed_digest,
            "data:image/png;base64,",
        ):
            self.assertIn(text, html)
        self.assertIn(payment.currency_id.amount_to_text(100.0), html)

    def test_amount_paid_of_each_document(self):
        first, second = self.bill(100.0), self.bill(80.0)
        payment = self.pay(first + second, self.user, group_payment=True, amount=130.0)
        self.decide(payment)
        self.assertEqual(payment._voucher_bills(), [(first, 100.0), (second, 30.0)])
        html = self.render(payment)
        for amount in ("130.00", "100.00", "80.00", "30.00"):
            self.assertIn(f">{amount}<", html)

    def test_amount_paid_in_the_currency_of_the_document(self):
        currency = self.new_currency({"2000-01-01": 2.0})
        bill = self.bill(100.0, currency_id=currency.id)
        payment = self.pay(bill, self.user, amount=20.0, currency_id=self.company.currency_id.id)
        self.decide(payment)
        self.assertEqual(payment._voucher_bills(), [(bill, 40.0)])

    def test_void_voucher_says_by_whom_and_why(self):
        payment = self.posted()
        payment.with_user(self.manager)._void("paid twice", payment.date)
        html = self.render(payment)
        for text in ("VOID", "paid twice", self.manager.name, payment.void_move_id.name):
            self.assertIn(text, html)

    def test_words_in_the_language_of_the_partner(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner_a.lang = "fr_FR"
        self.assertIn("Cent", self.posted()._voucher_amount_in_words())

    def test_only_posted_payments_are_printed(self):
        payment = self.approved()
        with self.assertRaisesRegex(UserError, "posted payments only"):
            payment.action_print_voucher()
        with self.assertRaisesRegex(UserError, "posted payments only"):
            self.render(payment)  # as the address of the report does
        self.clerk.password = self.clerk.login
        self.env.flush_all()
        self.authenticate(self.clerk.login, self.clerk.login)
        address = f"/report/html/payment_account_enhanced.voucher/{payment.id}"
        self.assertNotIn("a memo", self.url_open(address).text)
        payment.with_user(self.approver).action_post()
        self.env.flush_all()
        self.assertIn("a memo", self.url_open(address).text)
        self.assertEqual(payment.action_print_voucher()["type"], "ir.actions.report")

    def test_two_steps_of_one_person_are_printed(self):
        self.company.payment_small_team = True
        payment = self.payment(user=self.manager)
        payment.action_submit_for_review()
        payment.with_user(self.manager).action_review()
        payment.with_user(self.approver).action_approve()
        payment.with_user(self.approver).action_post()
        self.assertIn("Two steps were taken by one person", self.render(payment))

    def test_public_page_tells_valid_changed_void(self):
        payment = self.posted()
        page = self.open(payment)
        self.assertEqual(page.status_code, 200)
        self.assertIn('data-verdict="valid"', page.text)
        self.assertIn(payment.name, page.text)
        self.assertNotIn(self.partner_a.name, page.text)
        self.env.cr.execute("UPDATE account_payment SET amount = 1 WHERE id = %s", [payment.id])
        self.env.invalidate_all()
        self.assertIn('data-verdict="changed"', self.open(payment).text)

    def test_public_page_of_a_void_payment(self):
        payment = self.posted()
        payment.with_user(self.manager)._void("paid twice", payment.date)
        page = self.open(payment)
        self.assertIn('data-verdict="void"', page.text)
        self.assertNotIn("paid twice", page.text)

    def test_reset_payment_reads_changed(self):
        payment = self.posted()
        payment._voucher_url()
        payment.with_user(self.manager).action_draft()
        self.assertIn('data-verdict="changed"', self.open(payment).text)

    def test_edit_by_a_manager_is_sealed_again(self):
        payment = self.posted()
        payment.with_user(self.manager).write({MEMO: "corrected"})
        self.assertIn('data-verdict="valid"', self.open(payment).text)

    def test_ids_and_wrong_tokens_answer_alike(self):
        payment = self.posted()
        token = payment._voucher_url().rsplit("/", 1)[1]
        self.assertGreaterEqual(len(token), 40)
        self.env.flush_all()
        answers = {
            (page.status_code, page.text)
            for page in (
                self.url_open(f"/payment/voucher/{guess}")
                for guess in (payment.id, token[:-1], token.upper(), "False", "%25", "0")
            )
        }
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], 404)

    def test_rate_limit(self):
        self.patch(voucher, "LIMIT", RateLimit(limit=3, window=60))
        codes = [self.url_open("/payment/voucher/guess").status_code for _try in range(4)]
        self.assertEqual(codes, [404, 404, 404, 429])

    def test_token_is_not_readable_by_users(self):
        payment = self.posted()
        payment._voucher_url()
        self.assertNotIn("voucher_token", payment.with_user(self.manager).fields_get())
