from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint, check_access
from odoo.exceptions import AccessError, UserError

#: Days within which the review of a failed release is asked for.
DUE_DAYS = 5
#: Severities of incidents after which a release is reviewed, whatever its end.
GRAVE = ("critical", "high")
REVIEWERS = (
    "ipai_release_governance.group_release_executor",
    "ipai_release_governance.group_release_approver",
    "ipai_release_governance.group_release_manager",
)


class ReleaseReview(models.Model):
    """The post-implementation review: what was planned, what happened, and what follows from it.

    The figures come from the release; people write why, and what they will do about it.
    """

    _name = "ipai.release.review"
    _description = "Post-implementation Review"
    _inherit = ["mail.thread", "mail.activity.mixin", "ipai.guarded.mixin", "ipai.journaled.mixin"]
    _order = "id desc"
    _guarded_fields = frozenset({"state", "closed_by_id", "closed_at"})

    release_id = fields.Many2one("ipai.release", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        default="open",
        required=True,
        readonly=True,
        tracking=True,
    )
    closed_by_id = fields.Many2one("res.users", readonly=True)
    closed_at = fields.Datetime(readonly=True)

    release_state = fields.Selection(related="release_id.state", string="End")
    verdict = fields.Selection(related="release_id.verdict")
    end_reason = fields.Text(related="release_id.end_reason")
    planned_start = fields.Datetime(related="release_id.planned_start")
    planned_end = fields.Datetime(related="release_id.planned_end")
    planned_minutes = fields.Float(related="release_id.planned_minutes")
    actual_start = fields.Datetime(related="release_id.actual_start")
    actual_end = fields.Datetime(related="release_id.actual_end")
    actual_minutes = fields.Float(related="release_id.actual_minutes")
    late_minutes = fields.Float(string="Longer Than Planned (min)", compute="_compute_late_minutes")
    downtime_seconds = fields.Float(related="release_id.downtime_seconds")
    incident_ids = fields.One2many(related="release_id.incident_ids")
    score_ids = fields.One2many(related="release_id.score_ids")
    issue_item_ids = fields.Many2many("ipai.release.item", compute="_compute_issue_item_ids")

    went_well = fields.Text(help="What to do the same way again.")
    cause = fields.Text(
        string="What Went Wrong, and Why", help="The cause behind the symptoms, not a person."
    )
    action_ids = fields.One2many("ipai.release.review.action", "review_id", string="Follow-up")
    open_action_count = fields.Integer(compute="_compute_open_action_count")

    _release_unique = Constraint("unique(release_id)", "This release has a review already.")

    @api.depends("release_id")
    def _compute_display_name(self):
        for review in self:
            review.display_name = _("Review of %s", review.release_id.display_name)

    @api.depends("release_id.planned_minutes", "release_id.actual_minutes")
    def _compute_late_minutes(self):
        for review in self:
            review.late_minutes = max(0.0, review.actual_minutes - review.planned_minutes)

    @api.depends("release_id.item_ids.outcome")
    def _compute_issue_item_ids(self):
        for review in self:
            review.issue_item_ids = review.release_id._issue_items()

    @api.depends("action_ids.done")
    def _compute_open_action_count(self):
        for review in self:
            review.open_action_count = len(review.action_ids.filtered(lambda row: not row.done))

    @api.model_create_multi
    def create(self, vals_list):
        reviews = super().create(vals_list)
        for review in reviews:
            if not review.release_id._is_ended():
                raise UserError(
                    _("%s has not ended: review it afterwards.", review.release_id.display_name)
                )
        return reviews

    def write(self, vals):
        self._refuse_closed(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("Reviews belong to the record of their release and are not deleted."))

    def _refuse_closed(self, vals):
        written = {"went_well", "cause", "release_id"}.intersection(vals)
        closed = self.filtered(lambda review: review.state == "closed")
        if written and closed:
            raise UserError(_("%s is closed and final.", closed[0].display_name))

    def action_close(self):
        """Make the review final.

        :raises AccessError: for who takes no part in releases
        :raises UserError: naming what is missing
        """
        if not any(self.env.user.has_group(group) for group in REVIEWERS):
            raise AccessError(_("Only executors, approvers and runbook managers close reviews."))
        check_access(self, "write")
        for review in self:
            review._refuse_incomplete()
            review._store(
                {
                    "state": "closed",
                    "closed_by_id": self.env.uid,
                    "closed_at": fields.Datetime.now(),
                }
            )
            review.release_id._log(
                "reviewed", {"cause": review.cause, "actions": review.action_ids.mapped("name")}
            )
            review.activity_ids.action_done()

    def _refuse_incomplete(self):
        if not self.cause:
            raise UserError(
                _("What Went Wrong, and Why: write it down, or that nothing went wrong.")
            )


class ReleaseReviewAction(models.Model):
    """Something that is done so that it does not happen again."""

    _name = "ipai.release.review.action"
    _description = "Follow-up of a Review"
    _order = "review_id, deadline, id"

    review_id = fields.Many2one(
        "ipai.release.review", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="review_id.company_id", store=True, index=True)
    name = fields.Char(string="What", required=True)
    user_id = fields.Many2one(
        "res.users", string="Who", required=True, domain="[('share', '=', False)]"
    )
    deadline = fields.Date(required=True)
    done = fields.Boolean(help="May be ticked after the review is closed too.")

    @api.model_create_multi
    def create(self, vals_list):
        actions = super().create(vals_list)
        actions._refuse_closed()
        for action in actions:
            # sudo: whoever writes the review may not plan the activities of others.
            action.review_id.sudo().activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=action.deadline,
                user_id=action.user_id.id,
                summary=action.name,
            )
        return actions

    def write(self, vals):
        if set(vals) <= {"done"}:
            return super().write(vals)
        self._refuse_closed()
        result = super().write(vals)
        # Again: another review may be where they are moved to.
        self._refuse_closed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        self._refuse_closed()

    def _refuse_closed(self):
        closed = self.review_id.filtered(lambda review: review.state == "closed")
        if closed:
            raise UserError(
                _(
                    "%s is closed and final: of its follow-up only Done can be ticked. What else "
                    "is to be done belongs into the review of another release.",
                    closed[0].display_name,
                )
            )


class Release(models.Model):
    _inherit = "ipai.release"

    review_ids = fields.One2many("ipai.release.review", "release_id")
    review_count = fields.Integer(compute="_compute_review_count")

    @api.depends("review_ids")
    def _compute_review_count(self):
        for release in self:
            release.review_count = len(release.review_ids)

    def _conclude(self):
        super()._conclude()
        for release in self.filtered(lambda row: row._needs_review()):
            release._ask_for_review()

    def _needs_review(self):
        """Whether the end asks for a review: something was begun, and it did not go well."""
        grave = self.incident_ids.filtered(
            lambda row: row.severity in GRAVE and row.status != "dismissed"
        )
        return bool(self.actual_start and (self.verdict == "critical_failure" or grave))

    def _ask_for_review(self):
        # sudo: a release may end by the act of a tester or a signer, who open no reviews.
        review = self.env["ipai.release.review"].sudo().create({"release_id": self.id})
        review.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=fields.Date.add(fields.Date.context_today(self), days=DUE_DAYS),
            user_id=(self.started_by_id or self.create_uid).id,
            summary=_("Review %s", self.display_name),
            note=self.end_reason or "",
        )

    def action_review(self):
        """Open the review of this release, or begin one."""
        self.ensure_one()
        review = self.review_ids or self.env["ipai.release.review"].create({"release_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": "ipai.release.review",
            "res_id": review.id,
            "view_mode": "form",
            "name": review.display_name,
        }
