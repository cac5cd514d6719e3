import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..core import journal

#: Characters of output kept in the row and printed; the whole output beyond it becomes a file.
OUTPUT_LIMIT = 100_000


class ReleaseEvidence(models.Model):
    """Raw output or a file, with its SHA-256. Evidence is added, never changed."""

    _name = "ipai.release.evidence"
    _description = "Release Evidence"
    _inherit = ["ipai.guarded.mixin", "ipai.journaled.mixin"]
    _order = "item_id, attempt, id"
    _guarded_rows = True

    item_id = fields.Many2one(
        "ipai.release.item", required=True, ondelete="cascade", readonly=True, index=True
    )
    release_id = fields.Many2one(related="item_id.release_id", store=True, index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    name = fields.Char(required=True, readonly=True)
    attempt = fields.Integer(required=True, readonly=True)
    output = fields.Text(readonly=True, help="Output as text, cut after 100,000 characters.")
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="restrict")
    mimetype = fields.Char(readonly=True)
    size = fields.Integer(string="Size (bytes)", readonly=True)
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    added_by_id = fields.Many2one("res.users", readonly=True, default=lambda self: self.env.uid)

    @api.model
    def _keep(self, item, attempt, result):
        """Keep output and files of an attempt."""
        if result.output:
            self._add_output(item, attempt, result.output)
        for name, data in result.files:
            self._add_file(item, attempt, name, data)

    @api.model
    def _add_output(self, item, attempt, output, name=None):
        data = output.encode()
        # PostgreSQL text holds no NUL characters.
        shown = output[:OUTPUT_LIMIT].replace("\x00", "\N{REPLACEMENT CHARACTER}")
        cut = len(output) > OUTPUT_LIMIT or shown != output
        if cut:
            self._add_file(item, attempt, f"{item.code}-output.txt", data)
        return self._add(
            item,
            attempt,
            name or _("Output"),
            journal.digest_bytes(shown.encode() if cut else data),
            output=shown,
            size=len(data),
            mimetype="text/plain",
        )

    @api.model
    def _add_file(self, item, attempt, name, data):
        if not data:
            raise UserError(_("The file %s is empty: choose another one.", name))
        # sudo: testers attach evidence to items they may not write themselves.
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {"name": name, "raw": data, "res_model": "ipai.release.item", "res_id": item.id}
            )
        )
        return self._add(
            item,
            attempt,
            name,
            journal.digest_bytes(data),
            attachment_id=attachment.id,
            size=len(data),
            mimetype=attachment.mimetype,
        )

    @api.model
    def _add(self, item, attempt, name, sha256, **values):
        evidence = self._insert(
            [{"item_id": item.id, "attempt": attempt, "name": name, "sha256": sha256, **values}]
        )
        item.release_id._log("evidence_added", {"item": item.code, "name": name, "sha256": sha256})
        return evidence

    @api.model
    def _add_pasted(self, item, text, name=None):
        """Evidence a person pasted, for the attempt in progress."""
        item._refuse_settled()
        return self._add_output(item, item.attempt + 1, text, name)

    @api.model
    def _add_upload(self, item, name, content):
        """Evidence a person uploaded, for the attempt in progress.

        :param content: base64, as Odoo's binary fields carry it
        """
        item._refuse_settled()
        return self._add_file(item, item.attempt + 1, name, base64.b64decode(content))

    def action_download(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "new",
        }
