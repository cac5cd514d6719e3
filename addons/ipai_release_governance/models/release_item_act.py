from odoo import _, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import vocabulary
from ..core.result import Result

WAIVERS = (
    "ipai_release_governance.group_release_approver",
    "ipai_release_governance.group_release_manager",
)


class ReleaseItemAct(models.Model):
    """Working items off: by a person, by a machine, again, or not at all with a reason."""

    _inherit = "ipai.release.item"

    # -- by a person -------------------------------------------------------------------------

    def action_pass(self):
        for item in self:
            item._record("passed")

    def action_fail(self):
        """Record a failure. Without a word on what happened, ask for one."""
        for item in self:
            if not (item.actual or item.notes):
                return item._ask("fail")
            item._record("failed")
        return None

    def action_skip(self, reason=None):
        """Skip a minor manual item, with a reason. Other items are waived by somebody else."""
        if not reason:
            return self._ask("skip")
        for item in self:
            if item.severity != "minor":
                raise UserError(
                    _(
                        "%s is not minor: it is done, or waived after it failed, but not skipped.",
                        item.display_name,
                    )
                )
            item._refuse_unready()
            item._settle(Result("skipped", summary=reason))
        return None

    def action_retry(self):
        """Begin the item again. What the earlier attempts recorded is kept as evidence."""
        for item in self:
            item._refuse_stranger(retry=True)
            item._refuse_closed_phase()
            if item.outcome not in vocabulary.BLOCKING | {"warned", "skipped"}:
                raise UserError(_("%s did not fail: there is nothing to retry.", item.display_name))
            item._take_a_hand()
            item._reopen()

    def action_waive(self, reason=None, until=None):
        """Accept a failure: who, why, until when. Never by the one who executed it."""
        if not reason:
            return self._ask("waive")
        if until and fields.Date.to_date(until) < fields.Date.context_today(self):
            raise UserError(_("Until: choose today or a later day, or none."))
        for item in self:
            item._refuse_waiver()
            item._set(
                "waived",
                {
                    "outcome": "waived",
                    "waived_by_id": self.env.uid,
                    "waived_reason": reason,
                    "waived_until": until,
                },
            )
            item._after_settling()
        return None

    def _ask(self, act):
        self.ensure_one()
        names = {"fail": _("What happened?"), "skip": _("Skip"), "waive": _("Waive")}
        return {
            "type": "ir.actions.act_window",
            "name": f"{names[act]} {self.display_name}",
            "res_model": "ipai.release.item.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": act, "default_item_id": self.id},
        }

    def _record(self, outcome):
        """Settle a manual item with what its tester entered."""
        self._refuse_unready()
        if outcome == "passed":
            self._refuse_incomplete()
        self._settle(Result(outcome, summary=(self.actual or "").split("\n")[0][:200]))

    def _take_a_hand(self):
        """The user sets these going: their part in the release, whoever does the work."""
        for item in self:
            item._store({"executor_ids": [(4, self.env.uid)]})

    # -- what keeps a person from it ---------------------------------------------------------

    def _refuse_unready(self):
        self.ensure_one()
        if self.mode != "manual":
            raise UserError(_("%s is done by the machine: press Run Checks.", self.display_name))
        self._refuse_stranger()
        self._refuse_closed_phase()
        self._refuse_in_freeze()
        if self.outcome not in vocabulary.OPEN:
            raise UserError(
                _(
                    "%(item)s is %(outcome)s already. Press Retry to do it again.",
                    item=self.display_name,
                    outcome=self._outcome_label(),
                )
            )

    def _refuse_stranger(self, retry=False):
        user = self.env.user
        executor = user.has_group("ipai_release_governance.group_release_executor")
        if retry and self.mode == "automated" and executor:
            return
        if not self._may_execute(user):
            team = ", ".join(self.release_id._users_of_role(self.role_id).mapped("name"))
            raise AccessError(
                _(
                    "%(item)s is done by %(role)s (%(team)s).",
                    item=self.display_name,
                    role=self.role_id.name or "-",
                    team=team or _("nobody named"),
                )
            )

    def _refuse_closed_phase(self):
        stage = self.release_id._current_stage()
        if self.phase_id.state not in ("running", "blocked") or self.stage != stage:
            raise UserError(
                _(
                    "Phase %(phase)s is not open, so %(item)s cannot be worked off. Phases are "
                    "done in their order.",
                    phase=self.phase_id.display_name,
                    item=self.display_name,
                )
            )

    def _refuse_incomplete(self):
        missing = self.measurement_ids.filtered(lambda line: line.required and not line.value)
        if missing:
            raise UserError(
                _(
                    "%(item)s: enter %(fields)s first.",
                    item=self.display_name,
                    fields=", ".join(missing.mapped("label")),
                )
            )
        if self.evidence_required and not self._pending_evidence():
            raise UserError(
                _("%s asks for evidence: paste the output or add a file first.", self.display_name)
            )

    def _pending_evidence(self):
        """Evidence added for the attempt that is about to be settled."""
        return self.evidence_ids.filtered(lambda row: row.attempt == self.attempt + 1)

    def _refuse_waiver(self):
        if self.outcome not in vocabulary.BLOCKING:
            raise UserError(_("%s did not fail: there is nothing to waive.", self.display_name))
        self._refuse_closed_phase()
        if not any(self.env.user.has_group(group) for group in WAIVERS):
            raise AccessError(_("Only approvers and runbook managers accept a failure."))
        if self.env.user in self._had_a_hand() | self.release_id.started_by_id:
            raise AccessError(
                _("You had a hand in %s. Somebody else accepts its failure.", self.display_name)
            )

    # -- by a machine ------------------------------------------------------------------------

    def _execute(self):
        """Work off one automated item and return its :class:`Result`. Filled in by extensions.

        :raises UserError: when no installed addon can execute items
        """
        raise UserError(
            _("Nothing executes automated items here. Install the addon Release Checks.")
        )

    def _on_phase_open(self):
        """The phase of these items begins. Extend it to queue what a machine does."""

    # -- the setters -------------------------------------------------------------------------

    def _set(self, kind, values, payload=None):
        """Write guarded fields and leave an event. All changes of an item come through here."""
        self.ensure_one()
        self._store(values)
        self.release_id._log(kind, {"item": self.code, "outcome": self.outcome, **(payload or {})})
        self.release_id._notify_progress()

    def _begin(self):
        """An attempt starts, or somebody else goes on with it."""
        begun = self.date_start if self.outcome == "running" else fields.Datetime.now()
        self._set("item_start", {"outcome": "running", "date_start": begun})

    def _settle(self, result):
        """Write the result of an attempt: fields, measurements, evidence, event, gate."""
        self.ensure_one()
        now = fields.Datetime.now()
        outcome = vocabulary.settled_outcome(result.outcome, self.severity)
        attempt = self.attempt + 1
        self.measurement_ids._take(self, result.measurements, result.units)
        self.env["ipai.release.evidence"]._keep(self, attempt, result)
        self._set(
            "item_settled",
            {
                "outcome": outcome,
                "summary": result.summary,
                "records": "\n".join(result.records),
                "hint": result.hint if outcome in vocabulary.BLOCKING | {"warned"} else False,
                "attempt": attempt,
                "failed_attempts": self.failed_attempts + (outcome not in ("passed", "skipped")),
                **self._executor_values(),
                "date_start": self.date_start or now,
                "date_end": now,
                **self._steps_values(result),
            },
            {"attempt": attempt, "summary": result.summary},
        )
        self.release_id._log("evidence", {"item": self.code, "digest": self._evidence_digest()})
        self._propose_incident()
        self._after_settling()

    def _executor_values(self):
        """Who settles: the person, also among those who had a hand in it; a machine is nobody."""
        if self.mode != "manual":
            return {"executed_by_id": False}
        return {"executed_by_id": self.env.uid, "executor_ids": [(4, self.env.uid)]}

    def _after_settling(self):
        """What follows from a settled item. Extend it."""
        self.phase_id._evaluate_gate()

    def _reopen(self, kind="retry"):
        """Begin anew. ``kind`` names the event: a machine that measures again retries nothing."""
        self._set(
            kind,
            {
                "outcome": "pending",
                "summary": False,
                "records": False,
                "hint": False,
                "date_start": False,
                "date_end": False,
                "executed_by_id": False,
                "steps": False,
                **self._no_progress(),
            },
        )
        self.phase_id._evaluate_gate()

    def _skip_open(self, reason):
        """Items that will not be worked off any more say so."""
        for item in self.filtered(lambda row: row.outcome in vocabulary.OPEN):
            item._set("item_skipped", {"outcome": "skipped", "summary": _("Not run: %s", reason)})

    def _propose_incident(self):
        if self.outcome in vocabulary.BLOCKING and self.severity != "minor":
            self.env["ipai.release.incident"]._propose(self)
