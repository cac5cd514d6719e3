from odoo import fields, models


class ReleasePartMixin(models.AbstractModel):
    """Rows that a release makes from its snapshot: nobody creates or deletes them by hand."""

    _name = "ipai.release.part.mixin"
    _description = "Part of a release"
    _inherit = ["ipai.guarded.mixin", "ipai.journaled.mixin"]

    _guarded_rows = True

    release_id = fields.Many2one("ipai.release", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
