from odoo import fields, models


class ReleaseModule(models.Model):
    """A module that the release deploys, and its version before and after."""

    _name = "ipai.release.module"
    _description = "Module of a Release"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, id"

    name = fields.Char(string="Module", required=True, readonly=True)
    version_expected = fields.Char(readonly=True, help="Without the series, for example 1.0.9.")
    version_before = fields.Char(readonly=True)
    version_after = fields.Char(readonly=True)

    def _record_version(self, field):
        """Read what the database says is installed and keep it in ``field``."""
        # sudo: the version of a module is no secret, but ir.module.module is for administrators.
        modules = self.env["ir.module.module"].sudo().search([("name", "in", self.mapped("name"))])
        versions = {module.name: module.latest_version for module in modules}
        for line in self:
            line._store({field: versions.get(line.name) or False})
