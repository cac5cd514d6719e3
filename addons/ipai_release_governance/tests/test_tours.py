"""The screens in a real browser, as the people who use them."""

import base64

from odoo.tests import HttpCase, tagged

from ..core.result import Result
from .common import ReleaseCommon

ACTION = "ipai_release_governance.action_ipai_"


@tagged("post_install", "-at_install")
class TestTours(ReleaseCommon, HttpCase):
    browser_size = "1366,768"

    @classmethod
    def _phases(cls):
        """One phase of three manual items, held by its gate when one fails."""
        items = [(f"4.{number}", "tester") for number in (1, 2, 3)]
        return [cls._phase("4", "execution", "investigate", items)]

    def setUp(self):
        super().setUp()
        runbook = self._make_runbook(code="tours", phase_ids=self._phases())
        runbook.with_user(self.people["manager"]).action_publish()
        self.release = self._make_release(runbook)
        self.release.action_schedule()
        self.release.action_start()

    def _tour(self, tour, who, action, res_id=None):
        action = self.env.ref(ACTION + action)
        url = f"/web#action={action.id}"
        if res_id:
            url += f"&id={res_id}&model={action.res_model}&view_type=form"
        self.start_tour(url, f"ipai_release_{tour}", login=self.people[who].login)

    def _outcomes(self):
        return self.release.item_ids.mapped("outcome")

    def test_finance_manager_approves_from_the_activity(self):
        for code in ("4.1", "4.2", "4.3"):
            self.do(self.release, code)
        self.start_tour("/web", "ipai_release_finance_approves", login="rel_finance")
        signoff = self.release.signoff_ids.filtered(
            lambda row: row.role_id.code == "finance_manager"
        )
        self.assertEqual(signoff.state, "approved")
        self.assertEqual(signoff.signed_by_id, self.people["finance"])
        self.assertEqual(signoff.typed_name, "Fina Moreau")

    def _deployed(self):
        for code in ("4.1", "4.2", "4.3"):
            self.do(self.release, code)

    def test_a_signature_that_is_void_is_given_again(self):
        self._deployed()
        signoff = self.sign(self.release, "finance_manager")
        self.item(self.release, "4.2")._settle(Result("passed", summary="Measured again"))
        self._tour("signer_signs_again", "finance", "release", self.release.id)
        self.assertEqual((signoff.state, signoff.renewal_ids.state), ("void", "approved"))

    def test_verifier_finds_it_stable(self):
        self._deployed()
        for role in ("finance_manager", "devops"):
            self.sign(self.release, role)
        self._tour("verifier_finds_it_stable", "verifier", "release", self.release.id)
        self.assertEqual(self.release.state, "done")

    def test_a_signer_delegates(self):
        self._tour("signer_delegates", "finance", "release_delegation")
        found = self.env["ipai.release.delegation"].search(
            [("user_id", "=", self.people["finance"].id)]
        )
        self.assertEqual(found.delegate_id, self.people["devops"])
        self.assertEqual(found.reason, "Annual leave")

    def test_tester_passes_fails_and_retries(self):
        self._tour("tester_works", "tester", "release_item_mine")
        self.assertEqual(self._outcomes(), ["passed", "passed", "pending"])
        item = self.item(self.release, "4.2")
        self.assertEqual((item.attempt, item.actual), (2, "Refused, as expected."))

    def test_tester_works_in_the_form_of_the_release(self):
        for code in ("4.1", "4.2"):
            self.do(self.release, code)
        self._tour("tester_in_the_form", "tester", "release", self.release.id)
        self.assertEqual(self._outcomes(), ["passed"] * 3)
        self.assertEqual(
            self.item(self.release, "4.3").evidence_ids.mapped("output"), ["voucher.pdf: 2 pages"]
        )
        self.assertIn(
            "The printer was out of paper.", self.release.incident_ids.mapped("description")
        )

    def test_viewer_sees_no_buttons(self):
        self._tour("viewer_looks", "viewer", "release")

    def test_evidence_is_downloaded(self):
        item = self.as_("tester", self.item(self.release, "4.1"))
        evidence = self.env["ipai.release.evidence"].with_user(item.env.user)
        row = evidence._add_upload(item, "voucher.txt", base64.b64encode(b"two pages"))
        self.authenticate("rel_finance", "rel_finance")
        answer = self.url_open(self.as_("finance", row).action_download()["url"])
        self.assertEqual((answer.status_code, answer.content), (200, b"two pages"))

    def test_the_link_of_the_mail_opens_the_release(self):
        self.authenticate("rel_finance", "rel_finance")
        path = f"/mail/view?model=ipai.release&res_id={self.release.id}"
        answer = self.url_open(path, allow_redirects=False)
        self.assertIn(answer.status_code, (302, 303))
        self.assertIn(str(self.release.id), answer.headers["Location"])
        self.assertIn("ipai.release", answer.headers["Location"])
