"""Time stamps by a real authority, and what is no time stamp."""

import base64
import io
import zipfile

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from ..bundle import verify_bundle
from ..core import timestamp
from .authority import Authority
from .evidence_case import EvidenceCase


class TestTimestamp(EvidenceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.env.company.release_stamp_url = cls.authority.url

    def setUp(self):
        super().setUp()
        self.authority.mode = "stamp"

    def stamped(self):
        release = self.ended()
        anchor = release.anchor_ids.filtered(lambda row: row.kind == "timestamp")
        self.assertEqual(len(anchor), 1)
        return release, anchor

    def test_a_release_that_ended_is_stamped(self):
        release, anchor = self.stamped()
        self.env["ipai.release.anchor"]._cron_stamp()
        token = base64.b64decode(anchor.token)
        self.assertTrue(self.authority.vouches(anchor.head, token))
        self.assertRegex(anchor.stamped_at, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(verify_bundle.imprint(token), verify_bundle.digest(anchor.head.encode()))
        self.assertEqual(release._findings(), [])
        asked = self.authority.asked
        self.env["ipai.release.anchor"]._cron_stamp()
        self.assertEqual(self.authority.asked, asked)

    def test_the_bundle_carries_the_stamp(self):
        release, anchor = self.stamped()
        self.env["ipai.release.anchor"]._cron_stamp()
        content = self.bundle(release)
        self.assertEqual(self.findings(content), [])
        stored = zipfile.ZipFile(io.BytesIO(content)).read(anchor._stamp_file())
        self.assertTrue(self.authority.vouches(anchor.head, stored))

    @mute_logger("odoo.addons.ipai_release_governance.models.release_timestamp")
    def test_what_is_no_stamp_is_tried_again(self):
        _release, anchor = self.stamped()
        self.authority.answer(timestamp.request("0" * 64)[0])
        for mode, why in (("broken", "no time stamp"), ("old", "stamps something else")):
            self.authority.mode = mode
            self.env["ipai.release.anchor"]._cron_stamp()
            self.assertFalse(anchor.token)
            self.assertIn(why, anchor.problem)
        self.env.company.release_stamp_url = "http://127.0.0.1:9/nobody"
        self.env["ipai.release.anchor"]._cron_stamp()
        self.assertTrue(anchor.problem)
        self.env.company.release_stamp_url = self.authority.url
        self.authority.mode = "stamp"
        self.env["ipai.release.anchor"]._cron_stamp()
        self.assertTrue(anchor.token)
        self.assertFalse(anchor.problem)

    def test_an_answer_to_another_request_is_refused(self):
        query, nonce = timestamp.request("1" * 64)
        answer = self.authority.answer(query)
        self.assertTrue(timestamp.check(answer, "1" * 64, nonce))
        with self.assertRaisesRegex(timestamp.StampRefused, "answers another request"):
            timestamp.check(answer, "1" * 64, nonce + 1)
        for end in (0, 10, len(answer) // 2, len(answer) - 1):
            with self.subTest(end=end), self.assertRaises(timestamp.StampRefused):
                timestamp.check(answer[:end], "1" * 64, nonce)

    def test_a_stamp_of_another_head_is_found(self):
        release, anchor = self.stamped()
        anchor._store(
            {"token": base64.b64encode(self.authority.answer(timestamp.request("2" * 64)[0]))}
        )
        self.assertIn("stamps something else", release._findings()[0])
        self.assertIn("stamps something else", self.findings(self.bundle(release))[0][1])

    def test_a_stamp_that_cannot_be_read_is_found(self):
        release, anchor = self.stamped()
        self.env["ipai.release.anchor"]._cron_stamp()
        for token in (b"x", b"xxxx", b"====", b"\xff\x00"):
            with self.subTest(token=token):
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE ipai_release_anchor SET token = %s WHERE id = %s", [token, anchor.id]
                )
                self.env.invalidate_all()
                self.assertIn("is no time stamp", release._findings()[0])
                self.assertIn("is no time stamp", self.findings(self.bundle(release))[0][1])
        self.as_("auditor", release).action_verify()
        self.assertEqual(release.verified_result, "failed")

    def test_addresses_that_are_none(self):
        for url in ("ftp://tsa.example.com", "tsa.example.com", "file:///etc/passwd", "https://"):
            with self.subTest(url=url), self.assertRaisesRegex(ValidationError, "no web address"):
                self.env.company.release_stamp_url = url

    def test_without_an_address_nothing_is_asked(self):
        self.env.company.release_stamp_url = False
        self.assertNotIn("timestamp", self.ended().anchor_ids.mapped("kind"))
