from odoo import _, api, models
from odoo.exceptions import AccessError

#: What makes an attachment what it is; names of folders and access tokens may change.
CONTENT = frozenset({"raw", "datas", "name", "db_datas", "store_fname", "res_model", "res_id"})


class IrAttachment(models.Model):
    """Files kept as evidence are neither changed nor deleted, by nobody."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT.intersection(vals):
            self._refuse_evidence()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        self._refuse_evidence()

    def _refuse_evidence(self):
        ids = [attachment.id for attachment in self if attachment.res_model == "ipai.release.item"]
        if not ids:
            return
        # sudo: the question is whether anybody's release keeps this file, not whether I see it.
        kept = (
            self.env["ipai.release.evidence"].sudo().search([("attachment_id", "in", ids)], limit=1)
        )
        if kept:
            raise AccessError(
                _(
                    "%(file)s is evidence of %(release)s and cannot be changed or deleted.",
                    file=kept.name,
                    release=kept.release_id.name,
                )
            )
