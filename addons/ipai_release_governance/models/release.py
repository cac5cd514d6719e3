from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import ValidationError

from ..core.vocabulary import ENDED, RELEASE_STATES, VERDICTS

MINUTE = 60


def minutes_between(start, end):
    """Minutes from ``start`` to ``end``, 0.0 while one of them is unknown."""
    return (end - start).total_seconds() / MINUTE if start and end else 0.0


class Release(models.Model):
    """One execution of a published runbook, on a snapshot of it.

    This file holds the fields; the files ``release_*.py`` beside it hold what a release does.
    """

    _name = "ipai.release"
    _description = "Release"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "ipai.guarded.mixin",
        "ipai.journaled.mixin",
    ]
    _order = "planned_start desc, id desc"
    _rec_names_search = ["name", "title"]

    _guarded_fields = frozenset(
        {
            "name",
            "state",
            "verdict",
            "rolling_back",
            "actual_start",
            "actual_end",
            "closed_at",
            "started_by_id",
            "runbook_snapshot",
            "runbook_digest",
            "branch_before",
            "branch_after",
            "commit_before",
            "commit_after",
            "end_reason",
            "retention_date",
            "journal_head",
            "journal_length",
        }
    )

    _unjournaled_fields = frozenset(
        {"journal_head", "journal_length", "message_main_attachment_id"}
    )

    name = fields.Char(
        string="Reference",
        readonly=True,
        copy=False,
        index=True,
        default=lambda self: self._default_name(),
    )
    title = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    runbook_id = fields.Many2one(
        "ipai.runbook",
        required=True,
        domain="[('state', '=', 'published'), ('company_id', 'in', [company_id, False])]",
        ondelete="restrict",
    )
    runbook_snapshot = fields.Text(readonly=True, copy=False, help="The runbook as canonical JSON.")
    runbook_digest = fields.Char(string="Runbook SHA-256", readonly=True, copy=False)
    target_id = fields.Many2one(
        "ipai.release.target",
        required=True,
        domain="[('company_id', 'in', [company_id, False])]",
        ondelete="restrict",
        default=lambda self: self.env["ipai.release.target"].search([], limit=1),
    )
    state = fields.Selection(
        RELEASE_STATES,
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    rolling_back = fields.Boolean(
        readonly=True, copy=False, help="The rollback phases are being worked off."
    )
    end_reason = fields.Text(string="Reason", readonly=True, copy=False, tracking=True)

    window_start = fields.Datetime(string="Maintenance Window From", copy=False, tracking=True)
    window_end = fields.Datetime(string="Maintenance Window To", copy=False, tracking=True)
    planned_start = fields.Datetime(
        compute="_compute_planned", store=True, readonly=False, copy=False
    )
    planned_end = fields.Datetime(
        compute="_compute_planned", store=True, readonly=False, copy=False
    )
    planned_minutes = fields.Float(
        string="Planned Duration (min)", compute="_compute_planned_minutes"
    )
    actual_start = fields.Datetime(readonly=True, copy=False)
    actual_end = fields.Datetime(
        readonly=True, copy=False, help="When the last item of the deployment was settled."
    )
    actual_minutes = fields.Float(
        string="Actual Duration (min)", compute="_compute_actual_minutes", store=True
    )
    closed_at = fields.Datetime(readonly=True, copy=False, help="When the release ended.")
    started_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    branch_before = fields.Char(readonly=True, copy=False)
    branch_after = fields.Char(readonly=True, copy=False)
    commit_before = fields.Char(readonly=True, copy=False)
    commit_after = fields.Char(readonly=True, copy=False)

    verdict = fields.Selection(VERDICTS, readonly=True, copy=False, tracking=True)
    issues_note = fields.Text(
        string="Issues Found", copy=False, help="Beside the items and incidents listed anyway."
    )
    retention_date = fields.Date(
        readonly=True, copy=False, help="Until when the record of this release is kept."
    )
    journal_head = fields.Char(readonly=True, copy=False)
    journal_length = fields.Integer(string="Events", readonly=True, copy=False)

    module_ids = fields.One2many("ipai.release.module", "release_id", copy=False)
    member_ids = fields.One2many("ipai.release.member", "release_id", copy=True)
    phase_ids = fields.One2many("ipai.release.phase", "release_id", copy=False)
    item_ids = fields.One2many("ipai.release.item", "release_id", copy=False)
    signoff_ids = fields.One2many("ipai.release.signoff", "release_id", copy=False)
    incident_ids = fields.One2many("ipai.release.incident", "release_id", copy=False)
    score_ids = fields.One2many("ipai.release.score", "release_id", copy=False)
    event_ids = fields.One2many("ipai.release.event", "release_id", copy=False)

    _window_order = Constraint(
        "check(window_start is null or window_end is null or window_end > window_start)",
        "The maintenance window ends before it starts.",
    )
    _planned_order = Constraint(
        "check(planned_start is null or planned_end is null or planned_end > planned_start)",
        "The planned end is before the planned start.",
    )

    @api.model
    def _default_name(self):
        return _("New")

    @api.depends("window_start", "window_end")
    def _compute_planned(self):
        for release in self:
            release.planned_start = release.planned_start or release.window_start
            release.planned_end = release.planned_end or release.window_end

    @api.depends("planned_start", "planned_end")
    def _compute_planned_minutes(self):
        for release in self:
            release.planned_minutes = minutes_between(release.planned_start, release.planned_end)

    @api.depends("actual_start", "actual_end")
    def _compute_actual_minutes(self):
        for release in self:
            release.actual_minutes = minutes_between(release.actual_start, release.actual_end)

    @api.depends("name", "title")
    def _compute_display_name(self):
        for release in self:
            release.display_name = f"{release.name or ''} {release.title or ''}".strip()

    @api.constrains("company_id", "runbook_id", "target_id")
    def _check_company(self):
        for release in self:
            for other in (release.runbook_id, release.target_id):
                if other.company_id and other.company_id != release.company_id:
                    raise ValidationError(
                        _(
                            "%(other)s belongs to %(company)s; the release is one of %(own)s.",
                            other=other.display_name,
                            company=other.company_id.display_name,
                            own=release.company_id.display_name,
                        )
                    )

    @api.onchange("runbook_id")
    def _onchange_runbook_id(self):
        if self.runbook_id and not self.title:
            self.title = " ".join(
                filter(None, [self.runbook_id.name, self.runbook_id.module_version])
            )

    @api.model_create_multi
    def create(self, vals_list):
        releases = super().create(vals_list)
        for release in releases:
            company = self.with_company(release.company_id)
            number = company.env["ir.sequence"].next_by_code("ipai.release")
            release._store({"name": number or release.name})
            release._take_snapshot()
            release._log("created", {"title": release.title})
        return releases

    def write(self, vals):
        self._refuse_planning(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise ValidationError(
            _("Releases are records and are not deleted. Abort %s instead.", self[0].display_name)
        )

    def _is_ended(self):
        self.ensure_one()
        return self.state in ENDED
