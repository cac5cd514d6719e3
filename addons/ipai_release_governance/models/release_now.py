from collections import defaultdict

from odoo import _, api, fields, models

from ..core import vocabulary

#: Numbers of items named in one line before the rest is only counted.
CODES_SHOWN = 8


class ReleaseNow(models.Model):
    """What the top of the form says: what happens now, and what waits for whom."""

    _inherit = "ipai.release"

    now_text = fields.Text(string="Now", compute="_compute_now_text")
    plan_problem_text = fields.Text(
        string="Missing in the Plan", compute="_compute_plan_problem_text"
    )
    blocked_phase_id = fields.Many2one("ipai.release.phase", compute="_compute_blocked")
    blocked_reason = fields.Char(string="Gate Reason", compute="_compute_blocked")
    my_item_ids = fields.Many2many("ipai.release.item", compute="_compute_my_item_ids")
    my_signoff_id = fields.Many2one("ipai.release.signoff", compute="_compute_my_signoff_id")
    rejected_signoff_id = fields.Many2one("ipai.release.signoff", compute="_compute_rejected")
    rejected_reason = fields.Text(string="Reason of the Rejection", compute="_compute_rejected")

    @api.depends(
        "state",
        "window_start",
        "window_end",
        "planned_start",
        "planned_end",
        "runbook_id",
        "member_ids.role_id",
        "member_ids.user_id",
    )
    def _compute_plan_problem_text(self):
        for release in self:
            problems = release._plan_problems() if release.state == "draft" else []
            release.plan_problem_text = "\n".join(problems)

    @api.depends("phase_ids.state", "phase_ids.gate_reason")
    def _compute_blocked(self):
        for release in self:
            phase = release.phase_ids.filtered(lambda row: row.state == "blocked")[:1]
            release.blocked_phase_id = phase
            release.blocked_reason = phase.gate_reason

    @api.depends("item_ids.is_mine")
    @api.depends_context("uid")
    def _compute_my_item_ids(self):
        for release in self:
            release.my_item_ids = release.item_ids.filtered("is_mine")

    @api.depends("signoff_ids.is_mine")
    @api.depends_context("uid")
    def _compute_my_signoff_id(self):
        for release in self:
            release.my_signoff_id = release.signoff_ids.filtered("is_mine")[:1]

    @api.depends("state", "signoff_ids.state", "signoff_ids.reason")
    def _compute_rejected(self):
        for release in self:
            signoff = release._unanswered_rejections()[:1]
            release.rejected_signoff_id = signoff
            release.rejected_reason = signoff.reason

    def _unanswered_rejections(self):
        """Rejections after which the role was not asked again, of a release that goes on."""
        if self._is_ended():
            return self.signoff_ids.browse()
        return self.signoff_ids.filtered(
            lambda row: row.state == "rejected" and not row.renewal_ids
        )

    @api.depends(
        "state",
        "item_ids.outcome",
        "phase_ids.state",
        "signoff_ids.state",
        "window_start",
        "end_reason",
    )
    def _compute_now_text(self):
        for release in self:
            release.now_text = "\n".join(release._now_lines())

    def _now_lines(self):
        """Sentences on what happens now and who is waited for. Extend it."""
        self.ensure_one()
        if self._is_ended():
            return [self.end_reason] if self.end_reason else []
        phase = self.current_phase_id
        if phase:
            return [self._phase_line(phase), *self._waiting_lines(phase.item_ids)]
        asked = self.signoff_ids.filtered(lambda row: row.state == "requested")
        if asked:
            return [_("Waiting for the sign-off of %s.", "; ".join(map(self._signer, asked)))]
        if self.state == "scheduled":
            return [_("The preparation is finished. Start the release in its maintenance window.")]
        return []

    def _phase_line(self, phase):
        settled = phase.item_ids.filtered(lambda item: item.outcome in vocabulary.SETTLED)
        return _(
            "Phase %(phase)s: %(settled)s of %(total)s items settled.",
            phase=phase.display_name,
            settled=len(settled),
            total=len(phase.item_ids),
        )

    def _waiting_lines(self, items):
        """Who is to do which of ``items``: one line a role, and one for the machine."""
        waiting = defaultdict(list)
        for item in items.filtered(lambda row: row.outcome in vocabulary.OPEN):
            waiting[self._doer(item)].append(item.code)
        return [f"{doer}: {self._short(codes)}" for doer, codes in waiting.items()]

    def _doer(self, item):
        if item.mode == "automated":
            return _("Automated checks")
        if not item.assigned_id:
            return item.role_id.name or _("Nobody")
        return f"{item.assigned_id.name} ({item.role_id.name})"

    def _short(self, codes):
        shown = ", ".join(codes[:CODES_SHOWN])
        more = len(codes) - CODES_SHOWN
        return _("%(codes)s and %(count)s more", codes=shown, count=more) if more > 0 else shown

    def _signer(self, signoff):
        name = signoff.user_id.name
        return f"{signoff.role_id.name} ({name})" if name else signoff.role_id.name

    # -- buttons of the banner ---------------------------------------------------------------

    def action_decide(self):
        """Open the decision at the gate that holds."""
        self.ensure_one()
        return self.blocked_phase_id.action_gate()

    def action_sign(self):
        """Open the sign-off that waits for the current user."""
        self.ensure_one()
        return self.my_signoff_id.action_sign()

    def action_ask_again(self):
        """Ask the role that rejected once more."""
        self.ensure_one()
        self.rejected_signoff_id.action_ask_again()
