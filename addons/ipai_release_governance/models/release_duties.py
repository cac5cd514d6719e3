from odoo import SUPERUSER_ID, _, models
from odoo.addons.ipai_series.compat import ALL_GROUP_USERS
from odoo.exceptions import AccessError

GROUP = "ipai_release_governance.group_release_"


class ReleaseDuties(models.Model):
    """Separation of duties: author, executor, waiver and approver are told apart by what they
    did, never by the groups they hold."""

    _inherit = "ipai.release"

    def _authors(self):
        """Who created, changed or published the version of the runbook that is executed."""
        self.ensure_one()
        # sudo: the question is who they are, not whether I see the runbook's company.
        return self.runbook_id.sudo().author_ids.with_env(self.env)

    def _waivers(self):
        """Who accepted a failure, also one that was retried later: the journal knows them all."""
        self.ensure_one()
        # sudo: whoever asks, the whole journal answers.
        events = self.env["ipai.release.event"].sudo()
        found = events.search([("release_id", "=", self.id), ("kind", "=", "waived")])
        return found.actor_id.with_env(self.env)

    def _approvers(self):
        """Whose approval stands, and for whom it was given."""
        self.ensure_one()
        approved = self.signoff_ids.filtered(lambda row: row.state == "approved")
        return approved.signed_by_id | approved.on_behalf_of_id

    def _duty_obstacle(self, user):
        """Why ``user`` approves nothing of this release, as a sentence, or ''. Extend it."""
        if user in self._authors():
            return _(
                "%(user)s wrote or published %(runbook)s and cannot approve its release.",
                user=user.name,
                runbook=self.runbook_id.sudo().display_name,
            )
        if user in self._executors():
            return _("%s executed a part of this release and cannot approve it.", user.name)
        if user in self._waivers():
            return _("%s accepted a failure of this release and cannot approve it.", user.name)
        return ""

    def _refuse_approver(self):
        """Who approved has no hand in what follows.

        :raises AccessError: for them
        """
        for release in self:
            if self.env.user in release._approvers():
                raise AccessError(
                    _(
                        "You signed %s. Who approves a release neither executes it nor accepts "
                        "its failures.",
                        release.display_name,
                    )
                )

    def _refuse_early_start(self):
        self._refuse_approver()
        return super()._refuse_early_start()


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _may_execute(self, user):
        return super()._may_execute(user) and user not in self.release_id._approvers()

    def _refuse_stranger(self, retry=False):
        # First: it says more than that somebody else has the role.
        self.release_id._refuse_approver()
        return super()._refuse_stranger(retry)

    def _compute_can_waive(self):
        super()._compute_can_waive()
        for item in self.filtered("can_waive"):
            item.can_waive = self.env.user not in item.release_id._approvers()

    def _refuse_waiver(self):
        if self.env.uid == SUPERUSER_ID:
            raise AccessError(_("The system is no person: it accepts no failure."))
        self.release_id._refuse_approver()
        return super()._refuse_waiver()


class ResUsers(models.Model):
    _inherit = "res.users"

    def _release_almighty(self):
        """Active users whose groups let them write a runbook, execute it and approve it.

        What they did still decides in a release; but groups that cannot do it are better.
        """
        # sudo: who holds which group is asked by people who may not read groups.
        holders = {
            name: self.env.ref(GROUP + name).sudo()[ALL_GROUP_USERS]
            for name in ("manager", "executor", "tester", "approver")
        }
        doers = holders["executor"] | holders["tester"]
        return (holders["manager"] & doers & holders["approver"]).filtered("active")
