from odoo import fields, models
from odoo.addons.ipai_series.compat import Constraint

GROUPS_OF_ROLES = [
    ("ipai_release_governance.group_release_executor", "Executor"),
    ("ipai_release_governance.group_release_tester", "Tester"),
    ("ipai_release_governance.group_release_approver", "Approver"),
]


class ReleaseRole(models.Model):
    """A part somebody plays in a release: it does items, signs, or both."""

    _name = "ipai.release.role"
    _description = "Release Role"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Technical name, unique.")
    sequence = fields.Integer(default=10)
    group = fields.Selection(
        GROUPS_OF_ROLES,
        string="Required Group",
        required=True,
        default=GROUPS_OF_ROLES[0][0],
        help="Who plays this role must be in this group.",
    )
    in_team = fields.Boolean(
        string="In the Team Table",
        default=True,
        help="Printed in the table of the deployment team, with its sign-off.",
    )

    _code_unique = Constraint("unique(code)", "A role with this code exists already.")

    def _is_played_by(self, user):
        """Whether ``user`` has the group this role asks for."""
        self.ensure_one()
        return user.has_group(self.group)
