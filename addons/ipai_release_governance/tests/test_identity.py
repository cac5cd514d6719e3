"""A signature asks for the password, over HTTP as a browser and a program come in."""

import json

from odoo import http
from odoo.service import security
from odoo.tests import HttpCase, tagged

from .common import ReleaseCommon

WIZARD = "ipai.release.signoff.wizard"
IDENTITY = "res.users.identitycheck"


@tagged("post_install", "-at_install")
class TestIdentity(ReleaseCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.release = self.start()
        self.deploy(self.release)
        self.signoff = self._asked("finance_manager")

    def _asked(self, role):
        return self.release.signoff_ids.filtered(
            lambda row: row.role_id.code == role and row.state == "requested"
        )

    def _call(self, model, method, *args, **kwargs):
        """The result of a call as a logged-in person makes it, or the text of its error."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        return answer["error"]["data"]["message"] if "error" in answer else answer.get("result")

    def _wizard(self, signoff=None, **values):
        values = {"signoff_id": (signoff or self.signoff).id, "typed_name": "Fina", **values}
        return self._call(WIZARD, "create", values)

    def _confirm(self, action, password):
        """Answer the identity check. The password is a field up to 18.0, then in the context."""
        self.assertEqual(action["res_model"], IDENTITY)
        self._call(IDENTITY, "write", [action["res_id"]], {"password": password})
        return self._call(IDENTITY, "run_check", [action["res_id"]], context={"password": password})

    def test_a_signature_asks_for_the_password(self):
        self.authenticate("rel_finance", "rel_finance")
        action = self._call(WIZARD, "action_approve", [self._wizard()])
        self.assertEqual(self.signoff.state, "requested")
        self.assertIn("Incorrect Password", self._confirm(action, "guessed"))
        self.assertEqual(self.signoff.state, "requested")
        self._confirm(action, "rel_finance")
        self.assertEqual(self.signoff.state, "approved")
        self.assertEqual(self.signoff.signed_by_id, self.people["finance"])
        self.assertEqual(self.signoff.signed_name, self.people["finance"].name)
        self.assertEqual(self.signoff.signed_address, "127.0.0.1")
        [event] = self.release.event_ids.filtered(lambda row: row.kind == "signoff_approved")
        payload = json.loads(event.payload)
        self.assertEqual(payload["address"], "127.0.0.1")
        self.assertEqual(payload["meaning"], "Seen and agreed")
        self.assertEqual(payload["evidence"], self.signoff.evidence_digest)

    def test_each_signature_asks_anew(self):
        self.release.member_ids = [
            (0, 0, {"role_id": self.role["devops"].id, "user_id": self.people["finance"].id})
        ]
        self.authenticate("rel_finance", "rel_finance")
        action = self._call(WIZARD, "action_approve", [self._wizard()])
        self._confirm(action, "rel_finance")
        second = self._asked("devops")
        action = self._call(WIZARD, "action_reject", [self._wizard(second, reason="Slow")])
        self.assertEqual(action["res_model"], IDENTITY)
        self.assertEqual(second.state, "requested")
        self._confirm(action, "rel_finance")
        self.assertEqual(second.state, "rejected")

    def test_what_is_missing_is_said_before_the_password_is_asked_for(self):
        self.authenticate("rel_finance", "rel_finance")
        wizard = self._wizard(typed_name="")
        self.assertIn("draw it, or type", self._call(WIZARD, "action_approve", [wizard]))
        wizard = self._wizard()
        self.assertIn("say why", self._call(WIZARD, "action_reject", [wizard]))

    def test_no_call_goes_past_the_password(self):
        self.authenticate("rel_finance", "rel_finance")
        wizard = self._wizard()
        for method in ("_approve", "_reject", "_sign", "_ask_identity"):
            self.assertIn("rivate", self._call(WIZARD, method, [wizard]), method)
        private = self._call("ipai.release.signoff", "_sign", [self.signoff.id], "approved")
        self.assertIn("rivate", private)
        self._call("ipai.release.signoff", "write", [self.signoff.id], {"state": "approved"})
        self.assertEqual(self.signoff.state, "requested")

    def test_a_user_with_two_factors_signs_with_the_password(self):
        self.authenticate("rel_finance", "rel_finance")
        # sudo: only the enrolment of the user writes it, with a phone in the hand.
        self.people["finance"].sudo().totp_secret = "A" * 32
        self.env.flush_all()
        self.assertTrue(self.people["finance"].totp_enabled)
        # Enrolling ends the sessions; this one goes on, as after a login with both factors.
        env = self.env(user=self.people["finance"])
        self.session.session_token = security.compute_session_token(self.session, env)
        http.root.session_store.save(self.session)
        action = self._call(WIZARD, "action_approve", [self._wizard()])
        self._confirm(action, "rel_finance")
        self.assertEqual(self.signoff.state, "approved")
