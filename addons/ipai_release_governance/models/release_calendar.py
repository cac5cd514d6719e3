from datetime import datetime, timedelta, timezone

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..core import calendar
from ..core.result import Result
from .release_freeze import local_text, utc_span

#: The role whose signature lets a release act in a freeze.
OVERRIDE_ROLE = "finance_manager"
#: How long a signature holds at least: who asks after the window acts soon, or asks again.
FREEZE_SIGNED_FOR = timedelta(days=1)
#: States in which a release has yet to act.
TO_COME = ("draft", "scheduled", "running")


class ReleaseCalendar(models.Model):
    """When a release may act: in its window, in the target's hours, and outside of freezes.

    Looked at when it *starts* and before each disruptive item, not when it is planned: the plan
    only warns. Rolling back is always allowed.
    """

    _inherit = "ipai.release"

    plan_warning_text = fields.Text(
        string="Planning Warnings", compute="_compute_plan_warning_text"
    )
    freeze_text = fields.Text(
        string="Frozen Now",
        compute="_compute_freeze_text",
        help="Why the release may not act at this moment.",
    )

    @api.depends("state", "target_id", "company_id", "window_start", "window_end")
    def _compute_plan_warning_text(self):
        for release in self:
            planned = release.state in TO_COME and release.window_start and release.window_end
            warnings = release._plan_warnings() if planned else []
            release.plan_warning_text = "\n".join(warnings)

    @api.depends("state", "target_id", "signoff_ids.state")
    def _compute_freeze_text(self):
        for release in self:
            waits = release.state in ("scheduled", "running") and not release.rolling_back
            obstacles = release._calendar_obstacles() if waits else []
            release.freeze_text = "\n".join(obstacles)

    # -- planning ----------------------------------------------------------------------------

    def _plan_warnings(self):
        """What stands against the planned window, one sentence each. Extend it."""
        self.ensure_one()
        span = utc_span(self.window_start, self.window_end)
        frozen = self.env["ipai.release.freeze"]._within(self.target_id, self.company_id, span)
        warnings = [
            _("Freeze: %s", freeze._describe(found, self.target_id.tz)) for freeze, found in frozen
        ]
        if not self._in_maintenance(span.start):
            warnings.append(
                _(
                    "Maintenance Window: it starts outside of the hours of %(target)s (%(hours)s).",
                    target=self.target_id.display_name,
                    hours=", ".join(self.target_id.window_ids.mapped("display_name")),
                )
            )
        return warnings + [
            _("Clash: %(release)s is planned on the same target, %(start)s to %(end)s.", **clash)
            for clash in self._clashes()
        ]

    def _clashes(self):
        """Other releases whose window on the same target overlaps this one's."""
        zone = self.target_id.tz
        # sudo: a release of a company the user cannot see makes the target busy all the same.
        others = self.sudo().search(
            [
                ("target_id", "=", self.target_id.id),
                ("id", "!=", self._origin.id),
                ("state", "in", TO_COME),
                ("window_start", "<", self.window_end),
                ("window_end", ">", self.window_start),
            ],
            order="window_start",
        )
        for other in others:
            span = utc_span(other.window_start, other.window_end)
            yield {
                "release": other.name,
                "start": local_text(span.start, zone),
                "end": local_text(span.end, zone),
            }

    # -- acting ------------------------------------------------------------------------------

    def _refuse_frozen(self):
        """Refuse to act at a moment that the calendar closes.

        :raises UserError: naming what closes it, and what to do
        """
        obstacles = self._calendar_obstacles()
        if obstacles:
            raise UserError(
                "\n".join(
                    [
                        _("%s may not act now:", self.display_name),
                        *(f"- {obstacle}" for obstacle in obstacles),
                        _(
                            "Wait, plan it anew, or press Ask to Act in a Freeze: with the "
                            "signature of the finance manager it may."
                        ),
                    ]
                )
            )

    def _calendar_obstacles(self, moment=None):
        """Why the release may not act at ``moment``, but for what finance signed for.

        :param moment: an aware datetime; the default is now
        """
        self.ensure_one()
        moment = moment or datetime.now(timezone.utc)
        signed = self._signed_in_spite(moment)
        window = [] if signed else self._window_obstacles(moment)
        return [*window, *self._freeze_obstacles(moment, signed._freezes())]

    def _window_obstacles(self, moment):
        if self.window_start and self.window_end:
            window = utc_span(self.window_start, self.window_end)
            # What has begun in its window goes on after it: half a release is the worst of all.
            late = moment >= window.end and self.state != "running"
            if moment < window.start or late:
                zone = self.target_id.tz
                return [
                    _(
                        "Maintenance Window: it is %(start)s to %(end)s (%(zone)s).",
                        start=local_text(window.start, zone),
                        end=local_text(window.end, zone),
                        zone=zone,
                    )
                ]
        if self.state != "running" and not self._in_maintenance(moment):
            hours = ", ".join(self.target_id.window_ids.mapped("display_name"))
            return [_("Maintenance Hours of the target: %s.", hours)]
        return []

    def _freeze_obstacles(self, moment, signed=()):
        """Freezes at ``moment`` as sentences, without those whose numbers are ``signed``."""
        zone = self.target_id.tz
        return [
            _("Freeze: %s", freeze._describe(found, zone))
            for freeze, found in self._freezes_at(moment)
            if freeze.id not in signed
        ]

    def _freezes_at(self, moment):
        at_once = calendar.Span(moment, moment + calendar.timedelta(microseconds=1))
        return self.env["ipai.release.freeze"]._within(self.target_id, self.company_id, at_once)

    def _in_maintenance(self, moment):
        target = self.target_id
        return calendar.in_maintenance(moment, target.window_ids._weekly(), target.tz)

    # -- with a signature --------------------------------------------------------------------

    def action_ask_freeze_override(self, reason=None):
        """Ask the finance manager to let this release act in spite of the calendar."""
        self._require_executor()
        if not reason:
            return self._ask_reason("freeze")
        for release in self:
            release._ask_freeze_override(reason)
        return None

    def _ask_freeze_override(self, reason):
        moments = self._moments_to_act()
        # Each once: the window may be frozen now and when it begins.
        obstacles = dict.fromkeys(text for at in moments for text in self._calendar_obstacles(at))
        if not obstacles:
            raise UserError(_("Nothing keeps %s from acting now.", self.display_name))
        freezes = {freeze.id for at in moments for freeze, _found in self._freezes_at(at)}
        if self.signoff_ids.filtered(
            lambda row: row.stage == "freeze" and row.state == "requested"
        ):
            raise UserError(_("The finance manager is asked already."))
        role = self.env["ipai.release.role"].search([("code", "=", OVERRIDE_ROLE)])
        signoff = self.env["ipai.release.signoff"]._insert(
            [
                {
                    "release_id": self.id,
                    "role_id": role.id,
                    "stage": "freeze",
                    "meaning": _(
                        "This release may act in spite of: %(obstacles)s Reason: %(reason)s",
                        obstacles=" ".join(obstacles),
                        reason=reason,
                    ),
                    "freeze_keys": ",".join(map(str, sorted(freezes))),
                    "user_id": self._users_of_role(role)[:1].id,
                    # A new question, also where the last one was answered with no.
                    "renews_id": self._unanswered_rejections()
                    .filtered(lambda row: row.stage == "freeze")[-1:]
                    .id,
                }
            ]
        )
        signoff._request()

    def _moments_to_act(self):
        """When a release that asks wants to act: now, and when its window begins."""
        now = datetime.now(timezone.utc)
        start = self.window_start and self.window_start.replace(tzinfo=timezone.utc)
        return [now, start] if start and start > now and self.state != "running" else [now]

    def _signed_in_spite(self, moment):
        """Signatures of finance that let this release act at ``moment`` in spite of the calendar.

        What began while one held goes on under it: half a release is the worst of all.
        """
        if self.state == "running":
            moment = self.actual_start.replace(tzinfo=timezone.utc)
        signed = self._signoffs_of("freeze").filtered(lambda row: row.state == "approved")
        return signed.filtered(lambda row: moment < row._holds_until())

    def action_unschedule(self):
        """Another plan is another decision: what finance signed for this one is withdrawn."""
        super().action_unschedule()
        for signoff in self.signoff_ids.filtered(
            lambda row: row.stage == "freeze" and row.state in ("requested", "approved")
        ):
            signoff._set("signoff_withdrawn", {"state": "withdrawn"})

    def _asks_for(self, stage):
        if stage == "freeze":
            return self.state in ("scheduled", "running") and not self.rolling_back
        return super()._asks_for(stage)

    def _signoffs_finished(self, stage):
        if stage != "freeze":
            return super()._signoffs_finished(stage)
        for user in self.started_by_id or self.create_uid:
            self._schedule_activity(user, _("%s may act now", self.display_name))
        return None


class ReleaseSignoff(models.Model):
    _inherit = "ipai.release.signoff"

    stage = fields.Selection(
        selection_add=[("freeze", "Acting in a Freeze")], ondelete={"freeze": "cascade"}
    )
    freeze_keys = fields.Char(
        string="Freezes",
        readonly=True,
        help="Numbers of the freezes that it lets the release act in, by commas.",
    )

    def _freezes(self):
        """Ids of the freezes these are about."""
        keys = ",".join(filter(None, self.mapped("freeze_keys")))
        return {int(key) for key in keys.split(",") if key}

    def _holds_until(self):
        """When a signature to act in spite of the calendar ends: with the window, a day at least.

        :return: an aware datetime
        """
        day = self.signed_at + FREEZE_SIGNED_FOR
        return max(day, self.release_id.window_end or day).replace(tzinfo=timezone.utc)

    def _renewed_values(self):
        return {**super()._renewed_values(), "freeze_keys": self.freeze_keys}


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _freeze_obstacles(self):
        """Why this item may not be done now. A way back is open at any time.

        What has begun already is finished: a freeze that came later does not stop half of it.
        """
        self.ensure_one()
        release = self.release_id
        if not self.disruptive or release.rolling_back:
            return []
        begun = self.outcome == "running" and self.date_start.replace(tzinfo=timezone.utc)
        return release._calendar_obstacles(begun or None)

    def _refuse_in_freeze(self):
        if self._freeze_obstacles():
            self.release_id._refuse_frozen()

    def _frozen_result(self):
        """What an automated item ends with in a freeze: not run, for a person to decide."""
        obstacles = self._freeze_obstacles()
        if not obstacles:
            return None
        return Result(
            "error",
            summary=_("Not run: %s", " ".join(obstacles)),
            hint=_("Retry after it, or ask the finance manager by Ask to Act in a Freeze."),
        )
