import json

from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core import journal
from odoo.addons.ipai_series.compat import ALL_GROUP_USERS

from ..core import configuration

#: Ends of a release that leave a system somebody signed or fell back to.
LEAVING = ("done", "rolled_back")
#: States in which a release acts on the system, or has acted on it and may fall back.
UNDER_WAY = ("running", "verifying")
#: Groups that are told of an undeclared change.
TOLD = (
    "ipai_release_governance.group_release_auditor",
    "ipai_release_governance.group_release_manager",
)
#: Changes named in the incident; the file has them all.
NAMED = 50


class ReleaseConfiguration(models.Model):
    """The configuration that a release left, and what became of it without a release since.

    Once a day, and before a release starts, the system is compared with what the latest release
    left. A difference opens an emergency release with the list of what changed.
    """

    _name = "ipai.release.configuration"
    _description = "Configuration Left by a Release"
    _inherit = ["ipai.guarded.mixin"]
    _order = "id desc"
    _rec_name = "release_id"
    _guarded_rows = True

    release_id = fields.Many2one(
        "ipai.release", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    taken_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    content = fields.Text(required=True, readonly=True, help="Canonical JSON.")
    compared_at = fields.Datetime(readonly=True)
    reported = fields.Char(
        readonly=True, help="Digest of the difference that an emergency release was opened for."
    )
    emergency_id = fields.Many2one("ipai.release", readonly=True, index=True)

    # -- the scheduler -----------------------------------------------------------------------

    @api.model
    def _compare_daily(self):
        """Keep what releases left, then look for what changed since. Called by the scheduler."""
        self._keep_what_was_left()
        latest = self.search([], limit=1)
        under_way = self.env["ipai.release"].search_count([("state", "in", UNDER_WAY)])
        # A release that is under way changed the system, and says so; what it leaves is not
        # known before it ends.
        if latest and not under_way:
            latest._compare()

    @api.model
    def _compare_before_start(self):
        """Look before a release acts: what it leaves becomes what is compared with."""
        # sudo: executors start releases, and do not read the configuration.
        self.sudo()._compare_daily()

    @api.model
    def _keep_what_was_left(self):
        """Take the configuration where a release ended since the last one was taken."""
        latest = self.search([], limit=1)
        domain = [("state", "in", LEAVING)]
        if latest:
            domain.append(("closed_at", ">", latest.taken_at))
        release = self.env["ipai.release"].search(domain, order="closed_at desc", limit=1)
        if release and release != latest.release_id:
            content = self.env["ipai.release.configuration.reader"]._read_configuration()
            self._insert([{"release_id": release.id, "content": journal.canonical(content)}])
            release._log("configuration_kept", {"digest": journal.digest(content)})

    def _compare(self):
        self.ensure_one()
        now = self.env["ipai.release.configuration.reader"]._read_configuration()
        changes = configuration.difference(json.loads(self.content), now)
        told = journal.digest([str(change) for change in changes])
        self._store({"compared_at": fields.Datetime.now()})
        if not changes:
            # It was taken back. Who does it again is told of again.
            self._store({"reported": False})
        elif told != self.reported or self.emergency_id.state == "aborted":
            # An emergency release that was given up left the difference where it was.
            self._report(changes)
            self._store({"reported": told})

    # -- what is done about it ---------------------------------------------------------------

    def _report(self, changes):
        """Open an emergency release, or add to the one that is open."""
        emergency = self.emergency_id
        if not emergency or emergency._is_ended():
            emergency = self._open_emergency(len(changes))
            self._store({"emergency_id": emergency.id})
        lines = [str(change) for change in changes]
        self._attach(emergency, lines)
        self._tell(emergency, len(changes))

    def _open_emergency(self, number):
        planned = self.release_id
        now = fields.Datetime.now()
        return self.env["ipai.release"].create(
            {
                "title": _("Undeclared change: %s differences", number),
                "runbook_id": self.env.ref("ipai_release_checks.runbook_emergency").id,
                "target_id": planned.target_id.id,
                "company_id": planned.company_id.id,
                "window_start": now,
                "window_end": fields.Datetime.add(now, days=7),
                "member_ids": [
                    (0, 0, {"role_id": member.role_id.id, "user_id": member.user_id.id})
                    for member in planned.member_ids
                ],
            }
        )

    def _attach(self, emergency, lines):
        """The list: the first ones in an incident, all of them as evidence of the first item."""
        more = len(lines) - NAMED
        named = lines[:NAMED] + ([_("… and %s more", more)] if more > 0 else [])
        self.env["ipai.release.incident"].create(
            {
                "release_id": emergency.id,
                "description": "\n".join(
                    [_("Since %s somebody changed:", self.release_id.name), *named]
                ),
                "severity": "high",
            }
        )
        item = emergency.item_ids[:1]
        self.env["ipai.release.evidence"]._add_file(
            item, item.attempt + 1, "undeclared-changes.txt", "\n".join(lines).encode()
        )

    def _tell(self, emergency, number):
        users = self.env["res.users"]
        for group in TOLD:
            users |= self.env.ref(group)[ALL_GROUP_USERS]
        people = users.filtered(
            lambda user: user.active and not user.share and emergency.company_id in user.company_ids
        )
        for user in people:
            emergency._schedule_activity(
                user, _("Look at %s undeclared changes", number), emergency.title
            )


class Release(models.Model):
    _inherit = "ipai.release"

    def _begin(self):
        self.env["ipai.release.configuration"]._compare_before_start()
        super()._begin()

    def _conclude(self):
        super()._conclude()
        if self.filtered(lambda release: release.state in LEAVING):
            # Soon, and not now: reading all code takes seconds, and somebody waits for the form.
            # sudo: whoever ends a release has no rights on the scheduler.
            self.env.ref("ipai_release_checks.cron_configuration").sudo()._trigger()
