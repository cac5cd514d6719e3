from odoo import SUPERUSER_ID, _, api, fields, models

from .release_signoff import OPEN_STATES


class ReleaseSignoffRight(models.Model):
    """Who may sign: a team member of the role or a delegate, who had no other part in it."""

    _inherit = "ipai.release.signoff"

    asked_user_ids = fields.Many2many(
        "res.users",
        string="Asked",
        compute="_compute_asked_user_ids",
        help="The signer, others of the role who may sign as well, and who signs in their place "
        "today.",
    )
    is_mine = fields.Boolean(compute="_compute_is_mine", search="_search_is_mine")

    @api.depends("state", "user_id", "role_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        user = self.env.user
        for signoff in self:
            signoff.is_mine = (
                signoff.state == "requested"
                and signoff == signoff._open_rows(user)
                and not signoff._obstacle(user)
            )

    @api.model
    def _search_is_mine(self, operator, value):
        wanted = (operator in ("=", "in")) == bool(value)
        mine = self.search([("state", "=", "requested")]).filtered("is_mine")
        return [("id", "in" if wanted else "not in", mine.ids)]

    def _siblings(self):
        """Sign-offs of the same role at the same point, this one included."""
        self.ensure_one()
        return self.release_id.signoff_ids.filtered(
            lambda row: row.role_id == self.role_id and row.stage == self.stage
        )

    def _open_rows(self, user):
        """Of several signatures of one role, the one that ``user`` is shown."""
        rows = self._siblings().filtered(lambda row: row.state == "requested")
        return rows.filtered(lambda row: row.user_id == user)[:1] or rows[:1]

    @api.depends(
        "role_id",
        "release_id.member_ids.user_id",
        "release_id.signoff_ids.state",
        "release_id.signoff_ids.user_id",
    )
    def _compute_asked_user_ids(self):
        for signoff in self:
            members = signoff.user_id | signoff._spare_members()
            delegations = signoff._delegations().filtered(
                lambda row, members=members: row.user_id in members
            )
            signoff.asked_user_ids = members | delegations.delegate_id

    def _spare_members(self):
        """Members of the role who may sign as well, though no row waits for them by name.

        They are asked with the first row that is open, so that nobody is asked twice.
        """
        rows = self._siblings()
        if self != rows.filtered(lambda row: row.state == "requested")[:1]:
            return self.env["res.users"]
        named = rows.filtered(lambda row: row.state in OPEN_STATES).user_id
        spare = self.release_id._users_of_role(self.role_id) - named
        return spare.filtered(lambda user: not self._part_obstacle(user))

    def _delegations(self):
        """Delegations of this role by team members that hold today."""
        self.ensure_one()
        team = self.release_id._users_of_role(self.role_id)
        return self.env["ipai.release.delegation"]._today(team, self.role_id, self.company_id)

    def _principal(self, user):
        """For whom ``user`` signs: themselves, or the member who delegated it and may sign."""
        self.ensure_one()
        if user in self.release_id._users_of_role(self.role_id):
            return user
        delegators = self._delegations().filtered(lambda row: row.delegate_id == user).user_id
        free = delegators.filtered(lambda person: not self._part_obstacle(person))
        return free[:1] or delegators[:1]

    def _obstacle(self, user):
        """Why ``user`` may not sign this, as a sentence; empty when nothing is in the way.

        Whatever groups they hold: what people did decides, administrators included. Who signs in
        the place of another is held to what both did. Extend it.
        """
        self.ensure_one()
        if user.id == SUPERUSER_ID:
            return _("%s is the system, not a person: it signs nothing.", user.name)
        if not self.role_id._is_played_by(user):
            return _(
                "%(user)s does not hold the role %(role)s.", user=user.name, role=self.role_id.name
            )
        principal = self._principal(user)
        if not principal:
            team = self.release_id._users_of_role(self.role_id)
            return _(
                "%(role)s of this release is %(team)s.",
                role=self.role_id.name,
                team=", ".join(team.mapped("name")) or _("nobody yet"),
            )
        return self._part_obstacle(user) or self._part_obstacle(principal)

    def _notes_for(self, user):
        """Sentences that ``user`` reads before they sign. Extend it."""
        self.ensure_one()
        notes = []
        principal = self._principal(user)
        if principal and principal != user:
            notes.append(_("You sign in the place of %s.", principal.name))
        if self.renews_id.void_reason:
            notes.append(_("An earlier signature is void. %s", self.renews_id.void_reason))
        return notes

    def _part_obstacle(self, user):
        """What ``user`` did in this release that keeps them from this signature, or ''."""
        if self._counts(user):
            return _("%s has signed here already: nobody counts twice.", user.name)
        return self.release_id._duty_obstacle(user)

    def _counts(self, user):
        """Whether ``user`` gave, or had somebody give, a signature of this role at this point."""
        others = (self._siblings() - self).filtered(lambda row: row.state == "approved")
        return user in others.signed_by_id | others.on_behalf_of_id
