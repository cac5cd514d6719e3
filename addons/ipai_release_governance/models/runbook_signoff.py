from odoo import fields, models
from odoo.addons.ipai_series.compat import Constraint

SIGNOFF_STAGES = [
    ("execution", "After the deployment"),
    ("verification", "Post-Deployment Verification"),
]


class RunbookSignoff(models.Model):
    """A rule: this role signs at this point."""

    _name = "ipai.runbook.signoff"
    _description = "Runbook Sign-off"
    _inherit = ["ipai.runbook.part.mixin"]
    _order = "sequence, id"

    runbook_id = fields.Many2one("ipai.runbook", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="runbook_id.company_id")
    sequence = fields.Integer(default=10)
    role_id = fields.Many2one("ipai.release.role", required=True)
    stage = fields.Selection(SIGNOFF_STAGES, required=True, default="execution")
    meaning = fields.Char(
        required=True,
        translate=True,
        help="What the signature says, for example: I have seen the outcomes and release the "
        "system for productive use.",
    )

    quorum = fields.Integer(
        string="Signatures",
        default=1,
        required=True,
        help="How many of the role's team members sign. Nobody counts twice.",
    )
    valid_days = fields.Integer(
        string="Valid (days)",
        help="An approval older than this before the release goes on is void and asked for again. "
        "0: it does not expire.",
    )

    _quorum_positive = Constraint("check(quorum > 0)", "Signatures: at least one.")
    _valid_days_positive = Constraint(
        "check(valid_days >= 0)", "Valid (days): 0 or more; 0 does not expire."
    )
    _role_unique = Constraint(
        "unique(runbook_id, role_id, stage)", "This role signs at this point already."
    )

    def _snapshot(self):
        self.ensure_one()
        return {
            "role": self.role_id.code,
            "stage": self.stage,
            "meaning": self.meaning,
            "sequence": self.sequence,
            "quorum": self.quorum,
            "valid_days": self.valid_days,
        }
