from odoo import _, fields, models
from odoo.exceptions import UserError
from psycopg2 import errors

from ..core.vocabulary import TRANSITIONS

#: Fixed once the release left draft: what people were told, and what the snapshot was made from.
PLANNING = frozenset(
    {
        "runbook_id",
        "target_id",
        "company_id",
        "window_start",
        "window_end",
        "planned_start",
        "planned_end",
        "title",
    }
)
#: Index that lets one release act on a target: run on it, or roll it back.
ONE_ACTING = "ipai_release_one_acting"
ONE_ACTING_INDEX = f"""
CREATE UNIQUE INDEX IF NOT EXISTS {ONE_ACTING} ON ipai_release (target_id)
 WHERE state = 'running' OR (state = 'verifying' AND rolling_back)
"""


class ReleaseState(models.Model):
    """The states of a release: one setter per transition, and nothing else writes the state."""

    _inherit = "ipai.release"

    # -- what people press -------------------------------------------------------------------

    def action_schedule(self):
        """Freeze the plan and open the preparation."""
        self._require_executor()
        for release in self:
            release._refuse_incomplete_plan()
            release._move_to("scheduled")
            release._assign_team()
            # What the machine prepares is done at the word of whoever schedules.
            release.item_ids.filtered(
                lambda item: (item.stage, item.mode) == ("preparation", "automated")
            )._take_a_hand()
            release._open_stage("preparation")

    def action_unschedule(self):
        """Back to draft, to change the plan; what the preparation recorded is kept."""
        self._require_executor()
        for release in self:
            release._move_to("draft")
            release.phase_ids._set_back()

    def action_start(self):
        """Start the deployment: its phases follow one another from here on."""
        self._require_executor()
        for release in self:
            release._refuse_early_start()
            release._refuse_frozen()
            release._refuse_busy_target()
            release._begin()

    def action_abort(self, reason=None):
        """Stop for good. Without a reason, ask for one."""
        self._require_executor()
        if not reason:
            return self._ask_reason("abort")
        for release in self:
            release._abort(reason)
        return None

    def action_roll_back(self, reason=None):
        """Begin the rollback phases. Without a reason, ask for one."""
        self._require_executor()
        if not reason:
            return self._ask_reason("roll_back")
        for release in self:
            release._start_roll_back(reason)
        return None

    def _ask_reason(self, act):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self._reason_title(act),
            "res_model": "ipai.release.reason.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": act, "default_release_id": self.id},
        }

    def _reason_title(self, act):
        wizard = self.env["ipai.release.reason.wizard"]
        return dict(wizard._fields["act"]._description_selection(self.env))[act]

    # -- the setters -------------------------------------------------------------------------

    def _move_to(self, state, **values):
        """Write the state. Every setter below comes through here, nothing else does.

        :raises UserError: when no transition leads there, for example because somebody else
            was faster
        """
        self.ensure_one()
        if state not in TRANSITIONS[self.state]:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                _(
                    "%(release)s is %(now)s and cannot become %(then)s. Reload the page: somebody "
                    "may have been faster.",
                    release=self.display_name,
                    now=labels[self.state],
                    then=labels[state],
                )
            )
        before = self.state
        self._store({"state": state, **values})
        self._log("state", {"from": before, "to": state, "reason": values.get("end_reason", "")})
        self._notify_progress()

    def _begin(self):
        try:
            with self.env.cr.savepoint():
                self._move_to(
                    "running", actual_start=fields.Datetime.now(), started_by_id=self.env.uid
                )
        except errors.UniqueViolation as problem:
            if problem.diag.constraint_name != ONE_ACTING:
                raise
            # Somebody else's start on this target was committed since this transaction began.
            raise UserError(
                _(
                    "Another release was started on %s at the same moment. Wait for its end.",
                    self.target_id.display_name,
                )
            ) from problem
        self._record_before()
        if not self._open_next_phase():
            self._phases_finished("execution")

    def _abort(self, reason):
        if self.state == "running" and self.rolling_back:
            raise UserError(_("The rollback has begun and must be finished."))
        self._abandon_phases(_("aborted: %s", reason))
        self._move_to("aborted", end_reason=reason, **self._ending())
        self._conclude()

    def _start_roll_back(self, reason):
        if self.state not in ("running", "verifying"):
            raise UserError(
                _(
                    "%s was not started or has ended: there is nothing to roll back.",
                    self.display_name,
                )
            )
        if self.rolling_back:
            raise UserError(_("The rollback of %s has begun already.", self.display_name))
        self._refuse_busy_target()
        self._abandon_phases(_("rolled back: %s", reason))
        self.signoff_ids._withdraw()
        self._store({"rolling_back": True, "end_reason": reason})
        self._log("roll_back", {"reason": reason})
        if not self._open_next_phase():
            self._phases_finished("rollback")

    def _complete_deployment(self):
        self._move_to("verifying")
        self._record_after()
        if not self._open_next_phase():
            self._phases_finished("verification")

    def _complete(self):
        self._move_to("done", **self._ending())
        self._conclude()

    def _complete_roll_back(self):
        self._record_after()
        self._move_to("rolled_back", **self._ending())
        self._conclude()

    def _ending(self):
        """What every end writes."""
        now = fields.Datetime.now()
        return {
            "closed_at": now,
            "actual_end": self.actual_end or (self.actual_start and now),
            "retention_date": self._retention_date(),
        }

    def _conclude(self):
        """After the end: verdict, scores, activities, mails. Extend it."""
        self.signoff_ids._withdraw()
        self._settle_verdict()
        self._close_activities()
        self._send_execution_log()

    # -- what keeps a transition from happening ----------------------------------------------

    def _planning_fields(self):
        """Names of the fields that are fixed once a release left draft. Extend it."""
        return PLANNING

    def _refuse_planning(self, vals):
        if "issues_note" in vals and self.filtered(lambda release: release._is_ended()):
            raise UserError(_("Issues Found is final since the release has ended."))
        fixed = self._planning_fields().intersection(vals)
        late = self.filtered(lambda release: release.state != "draft")
        if fixed and late:
            label = self._fields[min(fixed)].string
            raise UserError(
                _(
                    "%(field)s of %(release)s is fixed since it was scheduled. Set it back to "
                    "draft before it starts, or abort it and plan a new one.",
                    field=label,
                    release=late[0].display_name,
                )
            )

    def _refuse_incomplete_plan(self):
        problems = self._plan_problems()
        if problems:
            raise UserError(
                _("%s cannot be scheduled yet:", self.display_name) + "\n- " + "\n- ".join(problems)
            )

    def _plan_problems(self):
        """What is missing before scheduling, one sentence each. Extend it."""
        self.ensure_one()
        problems = []
        if not (self.window_start and self.window_end):
            problems.append(_("Maintenance Window: enter its start and end."))
        elif not (self.planned_start and self.planned_end):
            problems.append(_("Planned Start and End: enter both."))
        elif not (self.window_start <= self.planned_start < self.planned_end <= self.window_end):
            problems.append(_("Planned Start and End: they lie outside the maintenance window."))
        if self.runbook_id.state != "published":
            problems.append(_("Runbook: it is not published."))
        return problems + self._team_problems()

    def _refuse_early_start(self):
        if self.state != "scheduled":
            starter = self.started_by_id.display_name
            if starter:
                raise UserError(
                    _(
                        "%(release)s was started already, by %(user)s.",
                        release=self.display_name,
                        user=starter,
                    )
                )
            raise UserError(_("%s is not scheduled: press Schedule first.", self.display_name))
        waiting = self.phase_ids.filtered(
            lambda phase: phase.stage == "preparation" and phase.state != "passed"
        )
        if waiting:
            items = waiting.item_ids._unaccepted()
            raise UserError(
                _("The preparation is not finished: ") + ", ".join(items.mapped("display_name"))
            )

    def _refuse_busy_target(self):
        # sudo: a release of a company the user cannot see makes the target busy all the same.
        busy = self.sudo().search(
            [
                ("target_id", "=", self.target_id.id),
                ("id", "!=", self.id),
                "|",
                ("state", "=", "running"),
                "&",
                ("state", "=", "verifying"),
                ("rolling_back", "=", True),
            ],
            limit=1,
        )
        if busy:
            raise UserError(
                _(
                    "%(release)s is running on %(target)s. Wait for its end.",
                    release=busy.name,
                    target=self.target_id.display_name,
                )
            )

    def init(self):
        """One running release per target, also when two people press at the same moment."""
        self.env.cr.execute(ONE_ACTING_INDEX)

    # -- the order of phases -----------------------------------------------------------------

    def _current_stage(self):
        """The stage whose phases are worked off in the present state."""
        self.ensure_one()
        if self.rolling_back:
            return "rollback"
        return {
            "scheduled": "preparation",
            "running": "execution",
            "verifying": "verification",
        }.get(self.state)

    def _open_stage(self, stage):
        """Open the first pending phase of a stage; false when there is none."""
        phases = self.phase_ids.filtered(lambda phase: phase.stage == stage)
        pending = phases.filtered(lambda phase: phase.state == "pending")[:1]
        if pending:
            pending._open()
        return bool(pending)

    def _open_next_phase(self):
        return self._open_stage(self._current_stage())

    def _phase_passed(self):
        """A gate let through: open the next phase, or finish the stage."""
        stage = self._current_stage()
        if not self._open_stage(stage):
            self._phases_finished(stage)

    def _phases_finished(self, stage):
        """All phases of a stage passed."""
        if stage == "rollback":
            self._complete_roll_back()
        elif stage == "execution":
            self._store({"actual_end": fields.Datetime.now()})
            self._propose_scores()
            self._request_signoffs("execution")
        elif stage == "verification":
            self._propose_scores()
            self._request_signoffs("verification")

    def _signoffs_finished(self, stage):
        """All roles of a stage signed."""
        if stage == "execution":
            self._complete_deployment()
        else:
            self._complete()

    def _abandon_phases(self, reason):
        """Close what was not finished; the rollback phases stay for the rollback."""
        self.phase_ids.filtered(
            lambda phase: (
                phase.state in ("pending", "running", "blocked") and phase.stage != "rollback"
            )
        )._abandon(reason)
