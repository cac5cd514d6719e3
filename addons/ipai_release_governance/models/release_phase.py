from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import vocabulary
from .release import minutes_between

DECIDERS = (
    "ipai_release_governance.group_release_executor",
    "ipai_release_governance.group_release_approver",
)


class ReleasePhase(models.Model):
    """An ordered part of a release. Its gate acts by itself, and no phase is skipped."""

    _name = "ipai.release.phase"
    _description = "Release Phase"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, sequence, id"

    code = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    stage = fields.Selection(vocabulary.STAGES, required=True, readonly=True)
    instructions = fields.Html(readonly=True)
    gate_policy = fields.Selection(vocabulary.GATE_POLICIES, required=True, readonly=True)
    state = fields.Selection(
        vocabulary.PHASE_STATES, required=True, default="pending", readonly=True, index=True
    )
    date_start = fields.Datetime(string="Start", readonly=True)
    date_end = fields.Datetime(string="End", readonly=True)
    minutes = fields.Float(string="Duration (min)", compute="_compute_minutes")
    gate_decision = fields.Selection(vocabulary.GATE_POLICIES, string="Gate", readonly=True)
    gate_reason = fields.Char(readonly=True)
    gate_by_id = fields.Many2one("res.users", readonly=True, help="Empty: the gate acted itself.")
    item_ids = fields.One2many("ipai.release.item", "phase_id")
    item_count = fields.Integer(compute="_compute_counts")
    settled_count = fields.Integer(compute="_compute_counts")
    blocking_count = fields.Integer(string="Failed", compute="_compute_counts")
    progress = fields.Float(string="Progress (%)", compute="_compute_counts")

    @api.depends("code", "name")
    def _compute_display_name(self):
        for phase in self:
            phase.display_name = f"{phase.code or ''} {phase.name or ''}".strip()

    @api.depends("date_start", "date_end")
    def _compute_minutes(self):
        for phase in self:
            phase.minutes = minutes_between(phase.date_start, phase.date_end)

    @api.depends("item_ids.outcome")
    def _compute_counts(self):
        for phase in self:
            outcomes = phase.item_ids.mapped("outcome")
            phase.item_count = len(outcomes)
            phase.settled_count = sum(outcome in vocabulary.SETTLED for outcome in outcomes)
            phase.blocking_count = sum(outcome in vocabulary.BLOCKING for outcome in outcomes)
            phase.progress = 100.0 * phase.settled_count / len(outcomes) if outcomes else 0.0

    # -- the setters -------------------------------------------------------------------------

    def _set(self, kind, values):
        """Write state and gate, and leave an event. All changes of a phase come through here."""
        self.ensure_one()
        was_blocked = self.state == "blocked"
        self._store(values)
        payload = {key: value for key, value in values.items() if isinstance(value, str)}
        self.release_id._log(kind, {"phase": self.code, **payload})
        if was_blocked and self.state != "blocked":
            self.release_id._close_decision(self)

    def _open(self):
        """Begin this phase: from now on its items can be worked off."""
        now = fields.Datetime.now()
        self._set("phase_start", {"state": "running", "date_start": now})
        for item in self.item_ids:
            item._store({"scheduled_at": item._due_at(now)})
        self.item_ids._on_phase_open()
        self._evaluate_gate()

    def _close(self, state, decision, reason=""):
        self._set(
            "gate",
            {
                "state": state,
                "date_end": fields.Datetime.now(),
                "gate_decision": decision,
                "gate_reason": reason,
                "gate_by_id": False,
            },
        )

    def _set_back(self):
        """The release is planned anew: open phases wait again, what they recorded is kept."""
        for phase in self.filtered(lambda row: row.state in ("running", "blocked")):
            phase._set("phase_set_back", {"state": "pending"})

    def _abandon(self, reason):
        """Close phases that will not be finished; what is still open in them is skipped."""
        for phase in self:
            phase.item_ids._skip_open(reason)
            phase._set(
                "gate",
                {
                    "state": "failed" if phase.date_start else "abandoned",
                    "date_end": phase.date_start and fields.Datetime.now(),
                    "gate_reason": reason,
                },
            )

    # -- the gate ----------------------------------------------------------------------------

    def _evaluate_gate(self):
        """Let the gate act on the outcomes there are now."""
        self.ensure_one()
        if self.state not in ("running", "blocked"):
            return
        if self.stage != self.release_id._current_stage():
            return
        act = vocabulary.gate(self.item_ids.mapped("outcome"), self._effective_policy())
        if act == "pass":
            self._pass()
        elif act == "hold" and self.state == "running":
            self._hold()
        elif act == "wait" and self.state == "blocked":
            self._set("phase_resume", {"state": "running"})
        elif act in ("abort", "roll_back"):
            self._fail(act)

    def _effective_policy(self):
        """A rollback that fails is a person's matter: there is nothing left to fall back to.

        Neither is there anything to abort once the deployment is over.
        """
        if self.stage == "rollback" or (self.stage, self.gate_policy) == ("verification", "abort"):
            return "investigate"
        return self.gate_policy

    def _pass(self):
        self._close("passed", "proceed")
        self.release_id._phase_passed()

    def _hold(self):
        self._set(
            "gate",
            {
                "state": "blocked",
                "gate_decision": "investigate",
                "gate_reason": self._blocking_text(),
                "gate_by_id": False,
            },
        )
        self.release_id._ask_for_decision(self)

    def _fail(self, act):
        reason = self._blocking_text()
        self._close("failed", act, reason)
        if act == "roll_back" and self.release_id.state in ("running", "verifying"):
            self.release_id._start_roll_back(reason)
        else:
            self.release_id._abort(reason)

    def _blocking_text(self):
        blocking = self.item_ids._blocking()
        return _(
            "Phase %(phase)s: %(items)s",
            phase=self.display_name,
            items="; ".join(f"{item.display_name} {item.outcome}" for item in blocking),
        )

    def action_gate(self):
        """Ask a person for the gate's decision."""
        self.ensure_one()
        self._refuse_deciding()
        return {
            "type": "ir.actions.act_window",
            "name": _("Gate of %s", self.display_name),
            "res_model": "ipai.release.gate.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_phase_id": self.id},
        }

    def _refuse_deciding(self):
        """Deciding is for executors and approvers, at a gate that holds."""
        if self.state != "blocked":
            raise UserError(_("The gate of %s waits for nobody's decision.", self.display_name))
        if not any(self.env.user.has_group(group) for group in DECIDERS):
            raise AccessError(_("Only executors and approvers decide at a gate."))

    def _decide(self, decision, reason):
        """A person's decision at a blocked gate.

        ``proceed`` waives every blocking item with the reason given, so that the waiver's rules
        hold (somebody else than the executor); ``investigate`` only records that it goes on.
        """
        self.ensure_one()
        self._refuse_deciding()
        decided = {
            "gate_decision": decision,
            "gate_reason": reason,
            "gate_by_id": self.env.uid,
        }
        if decision == "proceed":
            self.item_ids._blocking().action_waive(reason)
            # After the waivers: the gate that lets through by itself writes its own words.
            self._set("gate_decided", decided)
            return
        self._set("gate_decided", decided)
        if decision == "roll_back":
            self.release_id.action_roll_back(reason)
        elif decision == "abort":
            self.release_id.action_abort(reason)
