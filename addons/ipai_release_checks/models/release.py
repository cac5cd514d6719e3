from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core.vocabulary import BLOCKING
from odoo.exceptions import UserError


class Release(models.Model):
    """The buttons that start checks, on the form and on the list."""

    _inherit = "ipai.release"

    runnable_count = fields.Integer(compute="_compute_runnable_count")
    retryable_count = fields.Integer(compute="_compute_runnable_count")

    @api.depends("item_ids.outcome", "item_ids.mode", "phase_ids.state")
    def _compute_runnable_count(self):
        for release in self:
            items = release.item_ids._runnable()
            release.runnable_count = len(items)
            release.retryable_count = len(items.filtered(lambda item: item.outcome in BLOCKING))

    def action_run_checks(self):
        """Run all automated items of the open phase that are pending or stopped at the gate."""
        self._run(BLOCKING | {"pending"}, _("all checks of the open phase are done"))

    def action_retry_failed(self):
        """Run those again that failed or measured nothing."""
        self._run(BLOCKING, _("no check of the open phase failed"))

    def _run(self, outcomes, nothing):
        self._require_executor()
        self._refuse_approver()
        for release in self:
            if not release._current_stage():
                raise UserError(
                    _(
                        "%s has not been scheduled or has ended: no phase is open.",
                        release.display_name,
                    )
                )
            items = release.item_ids._runnable().filtered(lambda item: item.outcome in outcomes)
            if not items:
                raise UserError(
                    _(
                        "%(release)s: nothing to run, %(why)s.",
                        release=release.display_name,
                        why=nothing,
                    )
                )
            items._take_a_hand()
            items._start_again()

    def _plan_problems(self):
        problems = super()._plan_problems()
        if self.target_id.database != self.env.cr.dbname:
            problems.append(
                _(
                    "Target: %(target)s is the database %(database)s, and checks run in this one, "
                    "%(own)s. Choose a target of this database.",
                    target=self.target_id.name,
                    database=self.target_id.database,
                    own=self.env.cr.dbname,
                )
            )
        return problems
