from odoo import fields, models


class ReleaseArchiveWizard(models.TransientModel):
    """Asks where an archive is kept, and for the proof that it is there."""

    _name = "ipai.release.archive.wizard"
    _description = "Remove Archived Files"

    archive_id = fields.Many2one("ipai.release.archive", required=True, readonly=True)
    stored_where = fields.Char(
        string="Kept At", required=True, help="For example the share and folder of the archive."
    )
    sha256 = fields.Char(
        string="SHA-256", required=True, help="Of the file at its new place: sha256sum FILE."
    )

    def action_confirm(self):
        self.ensure_one()
        self.archive_id._remove(self.stored_where, self.sha256)
