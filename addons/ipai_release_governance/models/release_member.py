from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import UserError


class ReleaseMember(models.Model):
    """Who plays which role in a release."""

    _name = "ipai.release.member"
    _description = "Release Team Member"
    _inherit = ["ipai.journaled.mixin"]
    _order = "release_id, role_id, id"

    release_id = fields.Many2one("ipai.release", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    role_id = fields.Many2one("ipai.release.role", required=True)
    user_id = fields.Many2one("res.users", required=True, domain="[('share', '=', False)]")

    _member_unique = Constraint(
        "unique(release_id, role_id, user_id)", "This user has this role already."
    )

    @api.depends("role_id", "user_id")
    def _compute_display_name(self):
        for member in self:
            member.display_name = f"{member.role_id.name}: {member.user_id.name}"

    def _refuse_late(self):
        late = self.release_id.filtered(lambda release: release.state != "draft")
        if late:
            raise UserError(
                _(
                    "The team of %s is fixed since it was scheduled: people may be added, not "
                    "changed or removed. Set it back to draft for that.",
                    late[0].display_name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Somebody may join until the end, so that a release does not wait for who is away."""
        members = super().create(vals_list)
        for member in members:
            release = member.release_id
            if release._is_ended():
                raise UserError(_("%s has ended: its team is final.", release.display_name))
            if release.state != "draft":
                release._require_executor()
                release._welcome(member)
        return members

    def write(self, vals):
        self._refuse_late()
        result = super().write(vals)
        # Again: the team of another release may be where they are moved to.
        self._refuse_late()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_scheduled(self):
        self._refuse_late()
