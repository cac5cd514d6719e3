from string import Template

from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import file_open

from ..core import bundle, journal
from ..core.clock import utc

FOLDER = "ipai_release_governance/bundle"


class ReleaseBundle(models.Model):
    """The evidence bundle: everything an auditor needs, in one file that verifies without Odoo.

    The same release gives the same bytes. It is not kept and leaves no event, since an event would
    change the next one; who downloaded it is told in the chatter.
    """

    _inherit = "ipai.release"

    def action_download_bundle(self):
        """Download the evidence bundle of this release."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/ipai_release_governance/bundle/{self.id}",
            "target": "download",
        }

    def _tell_download(self, sha256):
        """Who took the bundle, in the chatter: an event would change the next bundle."""
        # sudo: viewers and auditors may not write the release.
        self.sudo().message_post(
            body=_(
                "%(user)s downloaded the evidence. SHA-256 of the file: %(sha256)s",
                user=self.env.user.name,
                sha256=sha256,
            ),
            author_id=self.env.user.partner_id.id,
        )

    def _bundle_name(self):
        return f"{self._file_reference()}-evidence.zip"

    def _write_bundle(self, file):
        """Write the bundle of this release.

        :param file: seekable and empty, open for writing bytes
        :raises UserError: when it would be larger than 4 GiB
        """
        self.ensure_one()
        self._journal_pending(self)
        self.env.flush_all()
        # sudo: whoever may read the release gets it whole, the same for everybody.
        release = self.sudo().with_context(lang=None, active_test=False)
        about = {
            "release": release.name,
            "head": release.journal_head or "",
            "length": release.journal_length,
        }
        try:
            bundle.write(file, release._bundle_members(), about)
        except bundle.TooLarge as problem:
            raise UserError(
                _(
                    "The evidence of %s is larger than the 4 GiB of one bundle. Save the files of "
                    "its items one by one.",
                    self.name,
                )
            ) from problem

    def _bundle_members(self):
        """Files of the bundle: ``[(name, chunks, what the manifest says beside)]``. Extend it."""
        document = self._bundle_document()
        return [
            *self._bundle_texts(document),
            ("journal.jsonl", self._bundle_journal(), {}),
            *self._bundle_evidence(),
            *self._bundle_log(),
        ]

    def _bundle_document(self):
        """The release as data; its events are in a file of their own."""
        document = self._document()
        document["journal"] = {key: document["journal"][key] for key in ("head", "length")}
        return document

    def _bundle_texts(self, document):
        texts = {
            "release.json": journal.canonical(document),
            "signoffs.json": journal.canonical(document["signoffs"]),
            "record.json": journal.canonical(self._record_rows()),
            "runbook.json": self.runbook_snapshot or "",
            "anchors.json": journal.canonical(self._bundle_anchors()),
            "README.txt": self._bundle_readme(document),
            "verify_bundle.py": _own_file("verify_bundle.py"),
        }
        return [(name, [text.encode()], {}) for name, text in texts.items()]

    def _bundle_journal(self):
        for line in self._journal_lines():
            yield line + b"\n"

    def _bundle_anchors(self):
        return [anchor._bundle_anchor() for anchor in self.anchor_ids]

    def _bundle_readme(self, document):
        head = document["journal"]["head"]
        return Template(_own_file("README.txt")).substitute(
            {key: document[key] for key in ("reference", "title", "company", "state")},
            head=head,
            short=head[:16],
            length=document["journal"]["length"],
            file=self._bundle_name(),
        )

    def _bundle_evidence(self):
        for row in self.item_ids.evidence_ids.filtered("attachment_id").sorted("id"):
            folder, name = bundle.safe_name(row.item_id.code), bundle.safe_name(row.name)
            yield (
                f"evidence/{folder}/{row.id}-{name}",
                row.attachment_id._bundle_chunks(),
                {"row": row._journal_key()},
            )

    def _bundle_log(self):
        """The log that was kept; a release that still runs has none."""
        if self.execution_log_id:
            yield "execution-log.pdf", self.execution_log_id._bundle_chunks(), {}


class ReleaseAnchor(models.Model):
    _inherit = "ipai.release.anchor"

    def _bundle_anchor(self):
        """This anchor as data. Extend it."""
        return {
            "kind": self.kind,
            "sequence": self.sequence,
            "head": self.head,
            "time": utc(self.time),
            "reference": self.reference or "",
        }


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _bundle_chunks(self):
        """The bytes of this file, read when they are asked for, and not kept in memory."""
        yield self.raw or b""
        self.invalidate_recordset(["raw"])


def _own_file(name):
    with file_open(f"{FOLDER}/{name}") as file:
        return file.read()
