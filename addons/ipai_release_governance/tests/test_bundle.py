"""The evidence bundle: same bytes for the same release, and verified by Python alone."""

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from odoo.tests import HttpCase, tagged

from ..bundle import verify_bundle
from .evidence_case import EvidenceCase

VERIFIER = Path(verify_bundle.__file__)


class TestBundle(EvidenceCase):
    def test_it_verifies_and_holds_what_it_says(self):
        release = self.ended()
        content = self.bundle(release)
        self.assertEqual(self.findings(content), [])
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
        self.assertIn("execution-log.pdf", names)
        self.assertTrue([name for name in names if name.startswith("evidence/0.1/")])
        self.assertEqual(archive.read("runbook.json").decode(), release.runbook_snapshot)
        self.assertEqual(json.loads(archive.read("release.json"))["reference"], release.name)
        self.assertEqual(len(archive.read("journal.jsonl").splitlines()), release.journal_length)
        self.assertIn(release.journal_head, archive.read("README.txt").decode())

    def test_the_same_release_gives_the_same_bytes(self):
        release = self.ended()
        first = self.bundle(release)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.bundle(self.as_("viewer", release)), first)
        self.assertEqual(self.bundle(release.with_context(lang="fr_FR", tz="Asia/Tokyo")), first)

    def test_a_running_release_has_one_without_the_log(self):
        content = self.bundle(self.start())
        self.assertEqual(self.findings(content), [])
        self.assertNotIn("execution-log.pdf", zipfile.ZipFile(io.BytesIO(content)).namelist())

    def test_a_known_head_is_looked_for(self):
        release = self.ended()
        content = self.bundle(release)
        mailed = release.anchor_ids.filtered(lambda row: row.kind == "mail")[0].head
        self.assertEqual(self.findings(content, heads=[mailed[:16], mailed]), [])
        [(where, what)] = self.findings(content, heads=["0" * 16])
        self.assertIn("--head", where)
        self.assertIn("cut or written anew", what)

    def test_python_alone_verifies_it(self):
        release = self.ended()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "evidence.zip"
            path.write_bytes(self.bundle(release))
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(VERIFIER), str(path)],
                capture_output=True,
                text=True,
                env={},
                cwd=folder,
                check=False,
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, f"^VERIFIED {release.name}: .* 0 findings\n$")

    def test_names_of_files_are_tame(self):
        release = self.start()
        item = self.item(release, "0.1")
        evidence = self.env["ipai.release.evidence"].with_user(self.people["executor"])
        for name in ("../../etc/passwd", "a b\n.txt", "…", "x" * 300, "-rf"):
            evidence._add_file(item, 1, name, b"data")
        self.assertEqual(self.findings(self.bundle(release)), [])


@tagged("post_install", "-at_install")
class TestBundleDownload(HttpCase, EvidenceCase):
    def test_viewers_and_auditors_of_the_company_download_it(self):
        release = self.ended()
        url = release.action_download_bundle()["url"]
        expected = self.bundle(release)
        for who in ("viewer", "auditor"):
            with self.subTest(who=who):
                self.authenticate(f"rel_{who}", f"rel_{who}")
                answer = self.url_open(url)
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(answer.content, expected)
        self.assertIn("downloaded the evidence", release.message_ids[0].body)

    def test_others_do_not(self):
        release = self.ended()
        url = release.action_download_bundle()["url"]
        self.authenticate(None, None)
        self.assertNotIn(b"PK", self.url_open(url).content[:2])
        company = self.env["res.company"].create({"name": "Other shop"})
        self.people["viewer"].write(
            {"company_ids": [(6, 0, company.ids)], "company_id": company.id}
        )
        self.env.flush_all()
        self.authenticate("rel_viewer", "rel_viewer")
        self.assertNotEqual(self.url_open(url).status_code, 200)
        self.authenticate("rel_auditor", "rel_auditor")
        self.assertEqual(self.url_open(url.rsplit("/", 1)[0] + "/999999999").status_code, 404)
