import tempfile

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import AccessError, UserError

from ..bundle import verify_bundle
from ..core import journal

KEEPERS = (
    "ipai_release_governance.group_release_auditor",
    "ipai_release_governance.group_release_manager",
)


class ReleaseArchive(models.Model):
    """The evidence bundle of a release whose retention is over, until somebody took it away.

    The bundle is written and verified before anything goes. What goes are the files of the
    evidence, by the act of a person who proves to hold the bundle; the journal, the outcomes, the
    signatures and the printed log stay.
    """

    _name = "ipai.release.archive"
    _description = "Archive of a Release"
    _inherit = ["ipai.guarded.mixin", "ipai.journaled.mixin"]
    _order = "id desc"
    _rec_name = "release_id"
    _guarded_rows = True

    release_id = fields.Many2one(
        "ipai.release", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    written_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="restrict")
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    size = fields.Float(string="Size (bytes)", readonly=True)
    head = fields.Char(
        string="Journal Head", readonly=True, help="The journal up to there is in the bundle."
    )
    stored_where = fields.Char(readonly=True, help="Where the bundle is kept from now on.")
    removed_at = fields.Datetime(readonly=True)
    removed_by_id = fields.Many2one("res.users", readonly=True)

    _release_unique = Constraint("unique(release_id)", "This release has an archive already.")

    # -- writing -----------------------------------------------------------------------------

    @api.model
    def _write_archive(self, release):
        """Write the bundle, verify it, and keep it as the archive of ``release``.

        :return: the archive, or what was found wrong with the bundle as a list of sentences
        """
        with tempfile.TemporaryFile() as file:
            release._write_bundle(file)
            findings = self._findings(file, release.journal_head)
            if findings:
                return findings
            file.seek(0)
            data = file.read()
        return self._keep(release, data)

    @api.model
    def _findings(self, file, head):
        found = []
        file.seek(0)
        try:
            verify_bundle.verify(file, [head], lambda where, what: found.append(f"{where}: {what}"))
        except verify_bundle.Unreadable as problem:
            found.append(str(problem))
        return found

    @api.model
    def _keep(self, release, data):
        # sudo: the scheduler keeps it for whoever takes it away.
        attachment = (
            self.env["ir.attachment"].sudo().create({"name": release._bundle_name(), "raw": data})
        )
        archive = self._insert(
            [
                {
                    "release_id": release.id,
                    "attachment_id": attachment.id,
                    "sha256": journal.digest_bytes(data),
                    "size": len(data),
                    "head": release.journal_head,
                }
            ]
        )
        # Bound to the row that is there now: who may read the archive may read the file.
        attachment.write({"res_model": self._name, "res_id": archive.id})
        release._log("archived", {"sha256": archive.sha256, "size": len(data)})
        return archive

    # -- taking away -------------------------------------------------------------------------

    def action_download(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "new",
        }

    def action_remove(self):
        """Ask where the bundle is kept, before the files go."""
        self.ensure_one()
        self._refuse_removing()
        return {
            "type": "ir.actions.act_window",
            "name": _("Remove the Files of %s", self.release_id.name),
            "res_model": "ipai.release.archive.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_archive_id": self.id},
        }

    def _refuse_removing(self):
        """Removing is for auditors and runbook managers, once, and never under a legal hold."""
        if not any(self.env.user.has_group(group) for group in KEEPERS):
            raise AccessError(_("Only auditors and runbook managers remove what was archived."))
        if self.removed_at:
            raise UserError(_("The files of %s were removed already.", self.release_id.name))
        self.release_id._refuse_held()

    def _remove(self, where, sha256):
        """Remove the evidence's files and the bundle here.

        :param where: the place the bundle is kept at from now on
        :param sha256: of the file at that place, as proof that it is there
        :raises UserError: when it is another file, or a legal hold is on the release
        """
        self._refuse_removing()
        if sha256.strip().lower() != self.sha256:
            raise UserError(
                _(
                    "SHA-256: it is not that of the bundle. Download the bundle, put it in its "
                    "place, and compute the SHA-256 of the file there (sha256sum FILE)."
                )
            )
        number = self._remove_files()
        self._store(
            {
                "stored_where": where,
                "removed_at": fields.Datetime.now(),
                "removed_by_id": self.env.uid,
            }
        )
        self.release_id._log("files_removed", {"files": number, "where": where, "sha256": sha256})
        self.release_id._close_activities(self.env.user)

    def _remove_files(self):
        """The files go, the rows that name them and their SHA-256 stay. Returns their number."""
        evidence = self.release_id.item_ids.evidence_ids.filtered("attachment_id")
        files = evidence.attachment_id | self.attachment_id
        for row in evidence:
            row._store({"attachment_id": False})
        self._store({"attachment_id": False})
        # sudo: files of items belong to nobody who removes an archive.
        files.sudo().unlink()
        return len(evidence)
