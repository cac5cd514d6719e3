from odoo import _, models
from odoo.addons.ipai_series.compat import check_access
from odoo.exceptions import AccessError

EXECUTOR = "ipai_release_governance.group_release_executor"


class ReleaseAccess(models.Model):
    """Who may do what on a release, told apart by group, team and what they did."""

    _inherit = "ipai.release"

    def _require_executor(self):
        """Moving a release is for executors of its company.

        :raises AccessError: for everybody else
        """
        if not self.env.user.has_group(EXECUTOR):
            raise AccessError(
                _("Only release executors do this. Ask an administrator for the role Executor.")
            )
        check_access(self, "write")

    def _executors(self):
        """Users who had a hand in doing: started the release, or worked on one of its items.

        Whoever recorded an earlier attempt, or added evidence, has had a hand in it as well.
        """
        self.ensure_one()
        return self.started_by_id | self.item_ids._had_a_hand()

    def _welcome(self, member):
        """Somebody joins after scheduling: leave an event, and ask them where nobody answered."""
        self._log("team", {"role": member.role_id.code, "user": member.user_id.login})
        asked = self.signoff_ids.filtered(
            lambda row: row.role_id == member.role_id and row.state == "requested"
        )
        for stage in set(asked.mapped("stage")):
            # One of several: the others may still sign, and so may who was asked before.
            signoff = asked.filtered(lambda row, stage=stage: row.stage == stage)[-1]
            signoff._store({"user_id": member.user_id.id})
            signoff._invite(member.user_id)

    def _users_of_role(self, role):
        """Team members that play ``role``."""
        return self.member_ids.filtered(lambda member: member.role_id == role).user_id

    def _assign_team(self):
        """Give items and sign-offs to the team."""
        for release in self:
            for item in release.item_ids.filtered("role_id"):
                item._store({"assigned_id": release._users_of_role(item.role_id)[:1].id})
            for signoff in release.signoff_ids:
                team = release._users_of_role(signoff.role_id)
                place = signoff._siblings().ids.index(signoff.id)
                signoff._store({"user_id": (team[place:] or team)[:1].id})

    def _team_problems(self):
        """Roles that the runbook needs and nobody plays, or somebody who may not."""
        needed = self.item_ids.role_id | self.signoff_ids.role_id
        missing = needed - self.member_ids.role_id
        problems = [_("Team: name somebody for the role %s.", role.name) for role in missing]
        for member in self.member_ids:
            if not member.role_id._is_played_by(member.user_id):
                problems.append(
                    _(
                        "Team: %(user)s cannot be %(role)s without the group %(group)s.",
                        user=member.user_id.name,
                        role=member.role_id.name,
                        group=dict(member.role_id._fields["group"].selection)[member.role_id.group],
                    )
                )
        return problems + self._signer_problems()

    def _signer_problems(self):
        """Roles that sign, and that too few people play who have no other part in the release."""
        doing = self.item_ids.filtered(lambda item: item.mode == "manual").role_id
        doers = self.member_ids.filtered(lambda member: member.role_id in doing).user_id
        return [
            self._signer_problem(role, doers)
            for role in self.signoff_ids.role_id & self.member_ids.role_id
            if len(self._users_of_role(role) - doers - self._authors()) < self._quorum_of(role)
        ]

    def _quorum_of(self, role):
        """The most signatures that are asked of a role at one point."""
        return max(self.signoff_ids.filtered(lambda row: row.role_id == role).mapped("quorum"))

    def _signer_problem(self, role, doers):
        """Why a role cannot give its signatures, and what to do."""
        team = self._users_of_role(role)
        names = {
            "role": role.name,
            "doers": ", ".join((team & doers).mapped("name")),
            "authors": ", ".join((team & self._authors()).mapped("name")),
        }
        if names["authors"]:
            return _(
                "Team: %(role)s signs, and %(authors)s wrote the runbook: name somebody else "
                "beside.",
                **names,
            )
        if names["doers"]:
            return _(
                "Team: %(role)s signs, and %(doers)s has items to do: name somebody else beside.",
                **names,
            )
        return _("Team: %(role)s needs more signatures than it has people: name others.", **names)
