from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import AccessError, UserError, ValidationError

from .runbook import MANAGER

APPROVER = "ipai_release_governance.group_release_approver"


class ReleaseDelegation(models.Model):
    """Somebody else signs in the place of a signer, for some days."""

    _name = "ipai.release.delegation"
    _description = "Delegation of Sign-offs"
    _inherit = ["mail.thread"]
    _order = "date_from desc, id desc"

    user_id = fields.Many2one(
        "res.users",
        string="Signer",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        tracking=True,
        help="Who is away.",
    )
    delegate_id = fields.Many2one(
        "res.users",
        required=True,
        domain="[('share', '=', False)]",
        tracking=True,
        help="Who signs instead. Needs the group of the role, and is held to the same rules.",
    )
    role_id = fields.Many2one("ipai.release.role", tracking=True, help="Empty: all roles.")
    company_id = fields.Many2one("res.company", tracking=True, help="Empty: all companies.")
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today, tracking=True
    )
    date_to = fields.Date(string="To", required=True, tracking=True, help="Included.")
    reason = fields.Char(required=True, tracking=True)

    _days_order = Constraint("check(date_to >= date_from)", "The last day is before the first.")
    _two_people = Constraint("check(user_id != delegate_id)", "Name somebody else as delegate.")

    @api.depends("user_id", "delegate_id")
    def _compute_display_name(self):
        for row in self:
            row.display_name = _(
                "%(delegate)s for %(signer)s",
                delegate=row.delegate_id.name,
                signer=row.user_id.name,
            )

    @api.model
    def _today(self, users, role, company):
        """Delegations by ``users`` that hold today for a role in a company."""
        today = fields.Date.context_today(self)
        # sudo: whether a signature is given for somebody follows from all delegations.
        return self.sudo().search(
            [
                ("user_id", "in", users.ids),
                ("role_id", "in", [role.id, False]),
                ("company_id", "in", [company.id, False]),
                ("date_from", "<=", today),
                ("date_to", ">=", today),
            ],
            order="id",
        )

    @api.constrains("delegate_id", "role_id")
    def _check_group(self):
        for row in self:
            plays = (
                row.role_id._is_played_by(row.delegate_id)
                if row.role_id
                else row.delegate_id.has_group(APPROVER)
            )
            if not plays:
                raise ValidationError(
                    _(
                        "Delegate: %s does not hold the group that signs. Name somebody who does.",
                        row.delegate_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._refuse_stranger()
        return rows

    def write(self, vals):
        self._refuse_stranger()
        if set(vals) - {"date_to"}:
            self._refuse_begun()
        result = super().write(vals)
        # Again: it may now be somebody else's.
        self._refuse_stranger()
        return result

    def _refuse_stranger(self):
        """Only the signer delegates, or a runbook manager for them, and nobody to themselves."""
        user = self.env.user
        for row in self.filtered(lambda row: row.user_id != user):
            if not user.has_group(MANAGER):
                raise AccessError(
                    _(
                        "Only %s or a runbook manager delegates these signatures.",
                        row.user_id.name,
                    )
                )
            if row.delegate_id == user:
                raise AccessError(_("Delegate: nobody takes a signature over by themselves."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        self._refuse_stranger()
        self._refuse_begun()

    def _refuse_begun(self):
        """Signatures may have been given under it."""
        if self.filtered(lambda row: row.date_from <= fields.Date.context_today(self)):
            raise UserError(
                _("A delegation that has begun stays as it is. Only its last day can be changed.")
            )
