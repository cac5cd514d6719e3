from odoo import fields, models


class ReleaseTargetCapability(models.Model):
    """One thing a target's host can do, or what it lacks, as the last connection test found it."""

    _name = "ipai.release.target.capability"
    _description = "Capability of a Host"
    _inherit = ["ipai.guarded.mixin"]
    _order = "target_id, ok, sequence, id"

    _guarded_rows = True

    target_id = fields.Many2one(
        "ipai.release.target", required=True, readonly=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(readonly=True)
    name = fields.Char(string="Capability", required=True, readonly=True)
    ok = fields.Boolean(string="Available", readonly=True)
    found = fields.Text(readonly=True)
    remedy = fields.Text(readonly=True)
