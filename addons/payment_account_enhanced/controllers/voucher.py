import time

from odoo import http
from odoo.http import request

from ..core.ratelimit import RateLimit

#: Requests of one address in a minute, in each process of the server.
LIMIT = RateLimit(limit=20, window=60)


class VoucherController(http.Controller):
    """What the QR code of a voucher opens, for people without an account here."""

    @http.route(
        "/payment/voucher/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def show(self, token):
        """Say whether the voucher is valid, changed or void.

        An unknown token answers 404, too many requests 429; neither says anything of a payment.
        """
        if not LIMIT.allows(request.httprequest.remote_addr, time.monotonic()):
            return self._answer("busy", status=429)
        # sudo: a stranger has no rights; the token is the key, and the page shows essentials only.
        payment = request.env["account.payment"].sudo().search([("voucher_token", "=", token)])
        if not payment:
            return self._answer("unknown", status=404)
        return self._answer(payment._voucher_verdict(), payment=payment)

    def _answer(self, verdict, payment=None, status=200):
        values = {"verdict": verdict, "payment": payment}
        response = request.render("payment_account_enhanced.voucher_public", values, status=status)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
