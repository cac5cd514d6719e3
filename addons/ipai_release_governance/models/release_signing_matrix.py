from odoo import _, api, fields, models

#: What a cell of the matrix says: signed or rejected, may sign, may not, or not asked.
MAY, MAY_NOT, DONE, OTHER = "may", "may_not", "done", "other"


class ReleaseSigningMatrix(models.Model):
    """The tab "Who May Sign": everybody in question, every sign-off, and why not."""

    _inherit = "ipai.release"

    signing_matrix = fields.Html(
        string="Who May Sign", compute="_compute_signing_matrix", sanitize=False
    )
    duty_warning = fields.Text(
        string="Separation of Duties",
        compute="_compute_duty_warning",
        help="People whose groups let them write a runbook, execute it and approve it.",
    )

    def _compute_signing_matrix(self):
        for release in self:
            release.signing_matrix = self.env["ir.qweb"]._render(
                "ipai_release_governance.signing_matrix", release._signing_matrix()
            )

    @api.depends("company_id", "state")
    def _compute_duty_warning(self):
        almighty = self.env["res.users"]._release_almighty()
        for release in self:
            ended = release._is_ended()
            people = almighty.filtered(lambda user, own=release: own.company_id in user.company_ids)
            release.duty_warning = people._duty_warning() if people and not ended else ""

    def _signing_matrix(self):
        """``{"columns": [name], "rows": [{"user", "part", "cells": [{"kind", "text"}]}]}``."""
        self.ensure_one()
        points = self._signing_points()
        return {
            "columns": [signoffs[0].display_name for signoffs in points],
            "rows": [
                {
                    "user": user.name,
                    "part": self._part_text(user),
                    "cells": [self._signing_cell(signoffs, user) for signoffs in points],
                }
                for user in self._signing_people()
            ],
        }

    def _signing_points(self):
        """Sign-offs by role and stage, in their order."""
        points = {}
        for signoff in self.signoff_ids.filtered(lambda row: row.state != "withdrawn"):
            key = signoff.role_id, signoff.stage
            points[key] = points.get(key, signoff.browse()) | signoff
        return list(points.values())

    def _signing_people(self):
        """Team members and who stands in for one of them today."""
        delegates = self.signoff_ids.mapped(lambda row: row._delegations().delegate_id)
        return (self.member_ids.user_id | delegates).sorted("name")

    def _part_text(self, user):
        """What ``user`` did in this release so far, in a word each."""
        parts = [
            (self._authors(), _("author")),
            (self._executors(), _("executed")),
            (self._waivers(), _("waived")),
            (self._approvers(), _("approved")),
        ]
        return ", ".join(word for people, word in parts if user in people)

    def _signing_cell(self, signoffs, user):
        given = signoffs.filtered(
            lambda row: user in row.signed_by_id | row.on_behalf_of_id and row.state != "void"
        )
        if given:
            return {"kind": DONE, "text": given[-1]._decision_text()}
        signoff = signoffs[-1]
        obstacle = signoff._obstacle(user)
        if obstacle:
            return {"kind": MAY_NOT, "text": obstacle}
        if signoff.role_id not in self._unsigned_roles(signoff.stage):
            return {"kind": OTHER, "text": _("No longer needed")}
        principal = signoff._principal(user)
        if principal != user:
            return {"kind": MAY, "text": _("May sign for %s", principal.name)}
        return {"kind": MAY, "text": _("May sign")}


class ReleaseSignoff(models.Model):
    _inherit = "ipai.release.signoff"

    def _decision_text(self):
        """Who decided what, in the words of the screen."""
        state = dict(self._fields["state"]._description_selection(self.env))[self.state]
        if self.on_behalf_of_id:
            return _(
                "%(state)s by %(delegate)s for %(signer)s",
                state=state,
                delegate=self.signed_name,
                signer=self.on_behalf_of_id.name,
            )
        return _("%(state)s by %(signer)s", state=state, signer=self.signed_name)


class ResUsers(models.Model):
    _inherit = "res.users"

    def _duty_warning(self):
        return _(
            "%s may write a runbook, execute it and approve it, by their groups. In a release what "
            "they did decides; better take one of the groups from them.",
            ", ".join(self.mapped("name")),
        )


class ReleaseRole(models.Model):
    _inherit = "ipai.release.role"

    duty_warning = fields.Char(
        string="Separation of Duties",
        compute="_compute_duty_warning",
        help="People who may play this role and whose groups let them do everything else as well.",
    )

    @api.depends("group")
    def _compute_duty_warning(self):
        almighty = self.env["res.users"]._release_almighty()
        for role in self:
            people = almighty.filtered(lambda user, role=role: role._is_played_by(user))
            role.duty_warning = people._duty_warning() if people else False
