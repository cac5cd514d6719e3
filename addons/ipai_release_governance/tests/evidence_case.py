"""Releases with evidence, and their bundles."""

import io

from ..bundle import verify_bundle
from .common import ReleaseCommon


class EvidenceCase(ReleaseCommon):
    def begun(self):
        """A running release: a file and pasted output, a failure waived, an incident."""
        release = self.start()
        self.add_evidence(release)
        self.do(release, "0.1")
        self.settle(
            release, "0.2", "inconclusive", summary="1 of 3", measurements={"rows": 3}, output="one"
        )
        self.as_("manager", self.item(release, "0.2")).action_waive("Known since last month")
        return release

    def add_evidence(self, release):
        item = self.item(release, "0.1")
        evidence = self.env["ipai.release.evidence"].with_user(self.people["executor"])
        evidence._add_pasted(item, "12 GB free")
        evidence._add_file(item, 1, "disk.txt", f"12 GB free, {release.name}\n".encode() * 40)

    def ended(self):
        """A release that is done: evidence, waiver, signatures, printed log."""
        release = self.begun()
        self.do(release, "4.1")
        for role in ("devops", "finance_manager"):
            self.sign(release, role)
        self.do(release, "7.1")
        self.sign(release, "verifier")
        self.assertEqual(release.state, "done")
        return release

    def bundle(self, release):
        file = io.BytesIO()
        release._write_bundle(file)
        return file.getvalue()

    def findings(self, content, heads=()):
        """What the verifier finds in the bytes of a bundle, as ``[(where, what)]``."""
        findings = []
        verify_bundle.verify(
            io.BytesIO(content), heads, lambda where, what: findings.append((where, what))
        )
        return findings
