from datetime import timedelta

from odoo import _, api, fields, models

from ..core import journal, vocabulary
from .release import minutes_between


class ReleaseItem(models.Model):
    """One line of the checklist of a release.

    This file holds the fields; ``release_item_act.py`` holds what people and machines do with it.
    """

    _name = "ipai.release.item"
    _description = "Release Item"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, phase_sequence, sequence, id"
    _open_fields = frozenset({"actual", "notes", "measurement_ids"})

    phase_id = fields.Many2one(
        "ipai.release.phase", required=True, ondelete="cascade", readonly=True, index=True
    )
    release_state = fields.Selection(related="release_id.state", string="Release State")
    phase_state = fields.Selection(related="phase_id.state", string="Phase State")
    phase_sequence = fields.Integer(
        related="phase_id.sequence", string="Phase Sequence", store=True
    )
    stage = fields.Selection(related="phase_id.stage", store=True)

    code = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    mode = fields.Selection(
        [("manual", "Manual"), ("automated", "Automated")], required=True, readonly=True
    )
    role_id = fields.Many2one("ipai.release.role", readonly=True)
    assigned_id = fields.Many2one("res.users", string="Assigned To", readonly=True)
    instructions = fields.Html(readonly=True)
    expected = fields.Text(readonly=True)
    severity = fields.Selection(vocabulary.SEVERITIES, required=True, readonly=True)
    aspect = fields.Selection(vocabulary.ASPECTS, string="Quality Aspect", readonly=True)
    due_minutes = fields.Integer(readonly=True)
    evidence_required = fields.Boolean(readonly=True)
    disruptive = fields.Boolean(readonly=True)

    outcome = fields.Selection(
        vocabulary.OUTCOMES, required=True, default="pending", readonly=True, index=True
    )
    summary = fields.Char(readonly=True, help="One line with figures.")
    records = fields.Text(readonly=True, help="The records a failure is about, one a line.")
    hint = fields.Text(readonly=True, help="What to do about it.")
    attempt = fields.Integer(default=0, readonly=True)
    failed_attempts = fields.Integer(
        default=0, readonly=True, help="Attempts that did not pass. The quality score counts them."
    )
    executed_by_id = fields.Many2one("res.users", string="Tester", readonly=True)
    executor_ids = fields.Many2many(
        "res.users",
        "ipai_release_item_executor_rel",
        string="Had a Hand",
        readonly=True,
        help="Everybody who recorded an attempt, earlier ones included.",
    )
    scheduled_at = fields.Datetime(string="Scheduled", readonly=True)
    date_start = fields.Datetime(string="Started", readonly=True)
    date_end = fields.Datetime(string="Executed", readonly=True)
    minutes = fields.Float(string="Duration (min)", compute="_compute_minutes")
    waived_by_id = fields.Many2one("res.users", readonly=True)
    waived_reason = fields.Text(readonly=True)
    waived_until = fields.Date(readonly=True)

    actual = fields.Text(string="Actual Result")
    notes = fields.Text()
    measurement_ids = fields.One2many("ipai.release.measurement", "item_id")
    evidence_ids = fields.One2many("ipai.release.evidence", "item_id")
    evidence_count = fields.Integer(compute="_compute_evidence_count")
    is_blocking = fields.Boolean(compute="_compute_is_blocking")
    is_mine = fields.Boolean(compute="_compute_is_mine", search="_search_is_mine")

    @api.depends("code", "name")
    def _compute_display_name(self):
        for item in self:
            item.display_name = f"{item.code or ''} {item.name or ''}".strip()

    @api.depends("date_start", "date_end")
    def _compute_minutes(self):
        for item in self:
            item.minutes = minutes_between(item.date_start, item.date_end)

    @api.depends("evidence_ids")
    def _compute_evidence_count(self):
        counts = dict(
            self.env["ipai.release.evidence"]._read_group(
                [("item_id", "in", self.ids)], ["item_id"], ["__count"]
            )
        )
        for item in self:
            item.evidence_count = counts.get(item, 0)

    @api.depends("outcome")
    def _compute_is_blocking(self):
        for item in self:
            item.is_blocking = item.outcome in vocabulary.BLOCKING

    @api.depends("outcome", "mode", "role_id", "assigned_id", "phase_state")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        for item in self:
            item.is_mine = (
                item.mode == "manual"
                and item.outcome in vocabulary.OPEN
                and item.phase_state == "running"
                and item._may_execute(self.env.user)
            )

    @api.model
    def _search_is_mine(self, operator, value):
        open_items = self.search(
            [
                ("mode", "=", "manual"),
                ("outcome", "in", sorted(vocabulary.OPEN)),
                ("phase_id.state", "=", "running"),
            ]
        )
        wanted = (operator in ("=", "in")) == bool(value)
        mine = open_items.filtered("is_mine")
        return [("id", "in" if wanted else "not in", mine.ids)]

    def _may_execute(self, user):
        """Whether ``user`` may work off this item: in its role, and in the team where one is named.

        The team is who was told to do it; without somebody for the role, its group decides.
        """
        self.ensure_one()
        if not self.role_id._is_played_by(user):
            return False
        team = self.release_id._users_of_role(self.role_id)
        return not team or user in team

    def _due_at(self, opened):
        """When this item is to be done, of a phase that was opened at ``opened``. Extend it."""
        return opened + timedelta(minutes=self.due_minutes)

    # -- sets of items -----------------------------------------------------------------------

    def _blocking(self):
        return self.filtered(lambda item: item.outcome in vocabulary.BLOCKING)

    def _unaccepted(self):
        return self.filtered(lambda item: item.outcome not in vocabulary.ACCEPTED)

    def _had_a_hand(self):
        """Users who recorded an attempt at these items, or added evidence."""
        return self.executor_ids | self.executed_by_id | self.evidence_ids.added_by_id

    def _latest_evidence(self):
        """Evidence of the present attempt."""
        self.ensure_one()
        return self.evidence_ids.filtered(lambda evidence: evidence.attempt == self.attempt)

    def _evidence_digest(self):
        """SHA-256 over outcome, measurements and evidence: what a signer has seen of this item."""
        self.ensure_one()
        return journal.digest(
            {
                "code": self.code,
                "outcome": self.outcome,
                "attempt": self.attempt,
                "measurements": {
                    line.name: journal.text_value(line.value) or "" for line in self.measurement_ids
                },
                "evidence": sorted(self.evidence_ids.mapped("sha256")),
                "actual": journal.text_value(self.actual) or "",
                "notes": journal.text_value(self.notes) or "",
                "waived": [
                    self.waived_by_id.login or "",
                    journal.text_value(self.waived_reason) or "",
                ],
            }
        )

    def _outcome_label(self):
        self.ensure_one()
        return dict(self._fields["outcome"]._description_selection(self.env))[self.outcome]

    def action_open(self):
        """Open this item in a dialog of its own, with instructions, evidence and measurements."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Item %s", self.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
