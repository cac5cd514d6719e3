"""An auditor opens an old release, verifies it, and takes its evidence away from Odoo."""

import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.tests import HttpCase, tagged

from ..bundle import verify_bundle
from .evidence_case import EvidenceCase

VERIFIER = Path(verify_bundle.__file__)
ACTION = "ipai_release_governance.action_ipai_release"
AGE = timedelta(days=730)


@tagged("post_install", "-at_install")
class TestAuditor(EvidenceCase, HttpCase):
    browser_size = "1366,768"

    def two_years_ago(self):
        """A release that ended two years ago by all clocks."""
        events = type(self.env["ipai.release.event"])
        then = fields.Datetime.now() - AGE
        told = events._database_time

        def earlier(model):
            now = datetime.fromisoformat(told(model).rstrip("Z"))
            return (now - AGE).isoformat(timespec="microseconds") + "Z"

        with freeze_time(then), patch.object(events, "_database_time", earlier):
            release = self.ended()
            self.env.cr.flush()
        return release

    def test_an_auditor_verifies_and_downloads(self):
        release = self.two_years_ago()
        self.assertLess(release.closed_at, fields.Datetime.now() - timedelta(days=700))
        action = self.env.ref(ACTION)
        url = f"/web#action={action.id}&id={release.id}&model=ipai.release&view_type=form"
        self.start_tour(url, "ipai_release_auditor", login="rel_auditor")
        self.assertEqual(release.verified_result, "passed")
        self.assertEqual(release.event_ids[-1].actor, "rel_auditor")
        self.verify_elsewhere(release)
        release.invalidate_recordset()
        self.assertIn("downloaded the evidence", "".join(release.message_ids.mapped("body")))

    def verify_elsewhere(self, release):
        """The downloaded file, with Python alone and nothing of this machine around it."""
        self.authenticate("rel_auditor", "rel_auditor")
        content = self.url_open(release.action_download_bundle()["url"]).content
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            (home / "evidence.zip").write_bytes(content)
            (home / "verify_bundle.py").write_bytes(VERIFIER.read_bytes())
            head = release.anchor_ids[0].head[:16]
            done = subprocess.run(
                [
                    *(sys.executable, "-I", "-S", "verify_bundle.py", "evidence.zip"),
                    *("--head", head),
                ],
                cwd=home,
                env={},
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertTrue(done.stdout.startswith(f"VERIFIED {release.name}"))
