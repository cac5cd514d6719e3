from datetime import timedelta

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import ALL_GROUP_USERS
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..core.clock import utc
from .runbook import MANAGER

#: A verification that nobody judged this long after it was due is told to the signer, and after as
#: long again to the runbook managers.
LATE = timedelta(days=1)


class ReleaseVerification(models.Model):
    """The verification some hours after the deployment: when it is due, and who hears of delay."""

    _inherit = "ipai.release"

    verification_due = fields.Datetime(
        readonly=True,
        copy=False,
        help="From then on somebody judges whether the system is stable: the hours of the runbook "
        "after the deployment was signed.",
    )
    escalation = fields.Integer(
        readonly=True,
        copy=False,
        help="Of a verification that is late: 1 the signer was told, 2 the runbook managers too.",
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"verification_due", "escalation"}

    def _verification_wait(self):
        return timedelta(hours=self._snapshot().get("verification_hours") or 0)

    def _complete_deployment(self):
        due = self._database_now() + self._verification_wait()
        self._store({"verification_due": due})
        self._log("verification_scheduled", {"due": utc(due)})
        return super()._complete_deployment()

    def _is_verification_due(self):
        self.ensure_one()
        return bool(self.verification_due) and self._database_now() >= self.verification_due

    def _due_text(self):
        """When the system can be judged stable, as a sentence for the user who reads it."""
        return _(
            "The system can be judged stable from %(time)s on: the runbook asks for %(hours)s "
            "hours after the deployment.",
            time=format_datetime(self.env, self.verification_due),
            hours=self._snapshot().get("verification_hours"),
        )

    def _now_lines(self):
        lines = super()._now_lines()
        if self.state == "verifying" and not (self.rolling_back or self._is_verification_due()):
            lines.append(self._due_text())
        return lines

    # -- when nobody judges ------------------------------------------------------------------

    @api.model
    def _cron_signatures(self):
        """Daily: void approvals that are too old, and tell of verifications that are late."""
        for release in self.search([("state", "in", ("scheduled", "running", "verifying"))]):
            release._void_expired()
            release._escalate()

    def _escalate(self):
        """Tell the next people of a verification that is late, each step once."""
        self.ensure_one()
        if self.state != "verifying" or self.rolling_back or not self.verification_due:
            return
        steps = min((self._database_now() - self.verification_due) // LATE, 2)
        for step in range(self.escalation + 1, steps + 1):
            people = self._late_people() if step == 1 else self._runbook_managers()
            self._store({"escalation": step})
            self._log("escalated", {"step": step, "to": sorted(people.mapped("login"))})
            for user in people:
                self._schedule_activity(
                    user,
                    _("The verification of %s is late", self.display_name),
                    _("It was due %s.", format_datetime(self.env, self.verification_due)),
                )

    def _late_people(self):
        """Who signs the verification, and who still has an item of it to do."""
        waiting = self.item_ids.filtered(
            lambda item: item.stage == "verification" and item.outcome in ("pending", "running")
        )
        asked = self._signoffs_of("verification").filtered(lambda row: row.state != "approved")
        return asked.asked_user_ids | waiting.assigned_id

    def _runbook_managers(self):
        # sudo: the scheduler reads who manages runbooks.
        holders = self.env.ref(MANAGER).sudo()[ALL_GROUP_USERS]
        return holders.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _due_at(self, opened):
        """Items of the verification count from the deployment; those without a time are due when
        it is judged."""
        release = self.release_id
        if self.stage != "verification" or not release.verification_due:
            return super()._due_at(opened)
        if not self.due_minutes:
            return release.verification_due
        deployed = release.verification_due - release._verification_wait()
        return deployed + timedelta(minutes=self.due_minutes)


class ReleaseSignoff(models.Model):
    _inherit = "ipai.release.signoff"

    def _is_early(self):
        """Whether the system has not run long enough to be called stable."""
        return self.stage == "verification" and not self.release_id._is_verification_due()

    def _refuse_incomplete(self, state, reason, typed_name, signature):
        super()._refuse_incomplete(state, reason, typed_name, signature)
        # Issues are told as soon as they are found.
        if state == "approved" and self._is_early():
            raise UserError(self.release_id._due_text())

    def _notes_for(self, user):
        notes = super()._notes_for(user)
        return [*notes, self.release_id._due_text()] if self._is_early() else notes
