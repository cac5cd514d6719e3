from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get


class ReleaseTarget(models.Model):
    """The place acted on. How it is reached and measured is added by the checks."""

    _name = "ipai.release.target"
    _description = "Release Target"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: usable by all companies.")
    database = fields.Char(
        default=lambda self: self.env.cr.dbname,
        required=True,
        help="Name of the database the release acts on.",
    )
    base_url = fields.Char(
        string="Base URL",
        default=lambda self: self.env["ir.config_parameter"].sudo().get_param("web.base.url"),
        help="Address people open in the browser, for example https://erp.example.com.",
    )
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="Maintenance windows are shown and printed in this time zone.",
    )
    archive_location = fields.Char(
        help="Where printed logs and backups of this target are archived."
    )
    release_ids = fields.One2many("ipai.release", "target_id")
    release_count = fields.Integer(compute="_compute_release_count")

    @api.depends("release_ids")
    def _compute_release_count(self):
        counts = dict(
            self.env["ipai.release"]._read_group(
                [("target_id", "in", self.ids)], ["target_id"], ["__count"]
            )
        )
        for target in self:
            target.release_count = counts.get(target, 0)
