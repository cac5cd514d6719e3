import json

from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import HttpCase, tagged

from ..core.bypasses import PREVIOUS, bypasses
from .common import PaymentCommon

OURS = (
    "Posted payments cannot be",
    "Cannot modify reconciled payment details",
    "Posted journal entries cannot be reset",
    "Posted documents paid by a posted payment",
    "Payments under approval cannot be deleted",
    "These payments cannot be posted",
    "needs approval, so it cannot be linked",
    "The journal entry of a payment cannot be entered",
    "The approval of a payment cannot be entered",
    "The history of a payment",
    "Only a Payment Manager grants",
)
#: Access rights refuse these before anything of ours is asked.
BY_ACCESS_RIGHTS = {"wizard.resequence", "wizard.automatic", "history.unlink"}


@tagged("post_install", "-at_install")
class TestBypassHttp(PaymentCommon, HttpCase):
    """All rows of the bypass table, over real HTTP JSON-RPC, as an ordinary user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        payments = cls.env["account.payment"].sudo().with_company(cls.company)
        cls.plain = payments._probe_user()
        cls.plain.password = cls.plain.login
        cls.sample = payments._probe_sample()
        cls.env.flush_all()

    def call(self, call, ids):
        params = {
            "model": call.model,
            "method": call.method,
            "args": [*([] if ids is None else [ids]), *call.args],
            "kwargs": {
                "context": {"allowed_company_ids": self.company.ids, **dict(call.context)},
            },
        }
        response = self.url_open(
            f"/web/dataset/call_kw/{call.model}/{call.method}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}, default=str),
            headers={"Content-Type": "application/json"},
        )
        return response.json()

    def run_bypass(self, bypass):
        """Return the answer to the last call."""
        answer = None
        for call in bypass.calls:
            ids = call.ids
            if answer and "error" in answer:
                break
            if ids is PREVIOUS:
                ids = answer["result"] if isinstance(answer["result"], list) else [answer["result"]]
            answer = self.call(call, [ids] if isinstance(ids, int) else ids)
        return answer

    def snapshot(self):
        """Return what the payment, its entry and its reconciliation are."""
        self.env.flush_all()
        self.env.invalidate_all()
        payment = self.env["account.payment"].browse(self.sample["payment"])
        partial = self.env["account.partial.reconcile"].browse(self.sample["partial"])
        return [
            payment._sealable_content(),
            payment.state,
            payment.approval_state,
            payment.move_id.state,
            partial.exists().amount,
            payment.history_ids.ids,
        ]

    def test_every_row(self):
        self.authenticate(self.plain.login, self.plain.login)
        before = self.snapshot()
        rows = bypasses(self.sample, SERIES)
        self.assertGreater(len(rows), 80)
        for bypass in rows:
            with self.subTest(bypass.code):
                message = self.refusal(self.run_bypass(bypass))
                if bypass.code not in BY_ACCESS_RIGHTS:
                    self.assertTrue(any(text in message for text in OURS), message)
        self.assertEqual(self.snapshot(), before)

    def refusal(self, answer):
        """Return with which words a call was refused; an import says it in its result."""
        if "error" in answer:
            return answer["error"]["data"]["message"]
        result = answer["result"]
        self.assertIsInstance(result, dict, "it went through")
        self.assertFalse(result["ids"], "it went through")
        return result["messages"][0]["message"]

    def test_same_calls_succeed_for_a_manager(self):
        """So that a refusal above is the guard's, not a mistake in the call."""
        manager = self.manager
        manager.password = manager.login
        self.authenticate(manager.login, manager.login)
        allowed = ("payment.document_number", "entry.narration", "item.name.liquidity_line")
        rows = {bypass.code: bypass for bypass in bypasses(self.sample, SERIES)}
        for code in allowed:
            self.assertNotIn("error", self.run_bypass(rows[code]), code)
