from odoo import _, api, fields, models
from odoo.exceptions import UserError


class ReleaseEvidenceWizard(models.TransientModel):
    """Adds pasted output and files to an item in progress."""

    _name = "ipai.release.evidence.wizard"
    _description = "Add Evidence"

    item_id = fields.Many2one("ipai.release.item", required=True, readonly=True)
    output = fields.Text(string="Pasted Output")
    file = fields.Binary(attachment=False)
    file_name = fields.Char()

    @api.model_create_multi
    def create(self, vals_list):
        if any("\x00" in (vals.get("output") or "") for vals in vals_list):
            raise UserError(_("Pasted Output: this is no text. Add it as a file."))
        return super().create(vals_list)

    def action_confirm(self):
        self.ensure_one()
        if not (self.output or self.file):
            raise UserError(_("Paste output or choose a file."))
        evidence = self.env["ipai.release.evidence"]
        if self.output:
            evidence._add_pasted(self.item_id, self.output)
        if self.file:
            evidence._add_upload(self.item_id, self.file_name or _("File"), self.file)
        return self.item_id.action_open()
