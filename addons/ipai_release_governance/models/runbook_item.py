from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint

from ..core.vocabulary import ASPECTS, SEVERITIES


class RunbookItem(models.Model):
    """One line of the checklist: somebody does it, or a check does."""

    _name = "ipai.runbook.item"
    _description = "Runbook Item"
    _inherit = ["ipai.runbook.part.mixin"]
    _order = "sequence, id"

    phase_id = fields.Many2one("ipai.runbook.phase", required=True, ondelete="cascade", index=True)
    runbook_id = fields.Many2one(related="phase_id.runbook_id", store=True, index=True)
    company_id = fields.Many2one(related="runbook_id.company_id")
    sequence = fields.Integer(default=10)
    code = fields.Char(required=True, help="Number in the runbook, for example 4.2.")
    name = fields.Char(required=True)
    mode = fields.Selection(
        [("manual", "Manual"), ("automated", "Automated")], required=True, default="manual"
    )
    role_id = fields.Many2one(
        "ipai.release.role", help="Who does it, or answers for it when a check does."
    )
    instructions = fields.Html()
    expected = fields.Text()
    severity = fields.Selection(
        SEVERITIES,
        required=True,
        default="major",
        help="A failed minor item is a warning and does not block its phase.",
    )
    aspect = fields.Selection(
        ASPECTS, string="Quality Aspect", help="The quality score this item counts for."
    )
    due_minutes = fields.Integer(
        string="Due After (min)",
        help="Minutes after its phase began; 0 means at once.",
    )
    evidence_required = fields.Boolean(
        help="A manual item passes only with pasted output or a file."
    )
    disruptive = fields.Boolean(
        help="Interrupts the users or changes the system: not done in a freeze, unless the finance "
        "manager signed for it."
    )
    measurement_ids = fields.One2many("ipai.runbook.measurement", "item_id", copy=True)

    _due_positive = Constraint("check(due_minutes >= 0)", "Due After cannot be negative.")
    _code_unique = Constraint("unique(runbook_id, code)", "Two items have the same code.")

    @api.depends("code", "name")
    def _compute_display_name(self):
        for item in self:
            item.display_name = f"{item.code or ''} {item.name or ''}".strip()

    def _get_runbook(self):
        return self.mapped("phase_id.runbook_id")

    def _publish_errors(self):
        """What keeps this item from being published, one sentence each. Extend it."""
        self.ensure_one()
        if self.mode == "manual" and not self.role_id:
            return [_("Item %s is manual, but no role does it: choose one.", self.display_name)]
        return []

    def _snapshot(self):
        """This item as JSON data. Extend it with what executing needs."""
        self.ensure_one()
        return {
            "code": self.code,
            "name": self.name,
            "sequence": self.sequence,
            "mode": self.mode,
            "role": self.role_id.code or "",
            "instructions": self.instructions or "",
            "expected": self.expected or "",
            "severity": self.severity,
            "aspect": self.aspect or "",
            "due_minutes": self.due_minutes,
            "evidence_required": self.evidence_required,
            "disruptive": self.disruptive,
            "measurements": [line._snapshot() for line in self.measurement_ids],
        }
