from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint, check_access
from odoo.exceptions import AccessError, UserError, ValidationError

from ..guard import is_setter

MANAGER = "ipai_release_governance.group_release_manager"


class Runbook(models.Model):
    """A versioned template of releases. Published is frozen; changes start as a new version."""

    _name = "ipai.runbook"
    _description = "Runbook"
    _inherit = ["mail.thread", "ipai.guarded.mixin"]
    _order = "name, version desc, id"
    _rec_names_search = ["name", "code"]

    _guarded_fields = frozenset({"state", "version", "published_by_id", "published_at"})

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True, help="The same for all versions, for example payment-workflow-hardening."
    )
    version = fields.Integer(default=1, readonly=True, copy=False)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("archived", "Archived")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    company_id = fields.Many2one("res.company", help="Empty: usable by all companies.")
    description = fields.Html(help="What is deployed, with which impact, and what is guaranteed.")
    rollback_plan = fields.Html()
    support_notes = fields.Html(help="Known symptoms after the release, and what to do about them.")
    module_names = fields.Char(
        string="Modules",
        help="Technical names of the modules a release of this runbook deploys, by comma.",
    )
    module_version = fields.Char(
        string="Expected Version",
        help="Version the modules have afterwards, without the series, for example 1.0.9.",
    )
    estimated_minutes = fields.Integer(string="Estimated Duration (min)", default=60)
    verification_hours = fields.Integer(
        string="Verification (h)",
        default=24,
        help="Hours after the deployment until its post-deployment verification.",
    )
    retention_months = fields.Integer(string="Retention (months)", default=12)
    signoffs_in_sequence = fields.Boolean(
        string="Sign in Sequence",
        help="Each sign-off is asked for when the ones above it are given, not all at once.",
    )
    phase_ids = fields.One2many("ipai.runbook.phase", "runbook_id", copy=True)
    signoff_ids = fields.One2many("ipai.runbook.signoff", "runbook_id", copy=True)
    item_count = fields.Integer(compute="_compute_item_count")
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    published_at = fields.Datetime(readonly=True, copy=False)

    _verification_positive = Constraint(
        "check(verification_hours >= 0)", "The hours until the verification cannot be negative."
    )
    _retention_positive = Constraint(
        "check(retention_months > 0)", "The retention period is at least one month."
    )

    @api.constrains("code", "version", "company_id")
    def _check_version(self):
        """Not a table constraint: two runbooks of no company are equal here, and NULLs are not."""
        for runbook in self:
            # sudo: a version taken by a company the user does not see is taken all the same.
            same = self.sudo().search_count(
                [
                    ("code", "=", runbook.code),
                    ("version", "=", runbook.version),
                    ("company_id", "=", runbook.company_id.id),
                ]
            )
            if same > 1:
                raise ValidationError(
                    _(
                        "Version %(version)s of %(code)s exists already.",
                        version=runbook.version,
                        code=runbook.code,
                    )
                )

    def copy_data(self, default=None):
        """A duplicate is another runbook; only New Version keeps the code."""
        values = super().copy_data(default)
        if "version" not in (default or {}):
            for runbook, vals in zip(self, values, strict=True):
                vals["code"] = _("%s-copy", runbook.code)
        return values

    @api.depends("phase_ids.item_ids")
    def _compute_item_count(self):
        for runbook in self:
            runbook.item_count = len(runbook.phase_ids.item_ids)

    @api.depends("name", "version", "state")
    def _compute_display_name(self):
        for runbook in self:
            runbook.display_name = _(
                "%(name)s, version %(version)s", name=runbook.name or "", version=runbook.version
            )

    def module_list(self):
        """Technical names of the modules, in the order they were written."""
        self.ensure_one()
        return [name.strip() for name in (self.module_names or "").split(",") if name.strip()]

    def write(self, vals):
        self._refuse_frozen(vals)
        return super().write(vals)

    def _load_records_write(self, values):
        """A data file that is loaded again leaves alone what is published."""
        if self.state == "draft":
            super()._load_records_write(values)

    def _refuse_frozen(self, vals):
        """A published runbook changes no more; following and chatting about it still works."""
        touched = set(vals) - {"message_follower_ids", "message_ids", "activity_ids"}
        frozen = self.filtered(lambda runbook: runbook.state != "draft")
        if touched and frozen and not is_setter(self.env):
            raise UserError(
                _(
                    "%s is published and cannot be changed: releases refer to it. Use New Version "
                    "and change that one.",
                    frozen[0].display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered(lambda runbook: runbook.state != "draft"):
            raise UserError(_("Only draft runbooks can be deleted. Archive this one instead."))

    def _require_manager(self):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(_("Only runbook managers publish, archive and renew runbooks."))
        check_access(self, "write")

    def action_publish(self):
        self._require_manager()
        self._publish()

    def _publish(self):
        """Freeze the drafts among these. The button checks who asks; data files that ship one
        do not.

        :raises UserError: naming everything that is incomplete
        """
        for runbook in self.filtered(lambda runbook: runbook.state == "draft"):
            errors = runbook._publish_errors()
            if errors:
                raise UserError(
                    _("%(runbook)s cannot be published:", runbook=runbook.display_name)
                    + "\n- "
                    + "\n- ".join(errors)
                )
            runbook._store(
                {
                    "state": "published",
                    "published_by_id": self.env.uid,
                    "published_at": fields.Datetime.now(),
                }
            )

    def action_archive_runbook(self):
        self._require_manager()
        self._store({"state": "archived"})

    def action_new_version(self):
        """Copy to a draft with the next version number and open it."""
        self.ensure_one()
        self._require_manager()
        latest = self.search([("code", "=", self.code)], order="version desc", limit=1)
        values = {"name": self.name, "version": latest.version + 1}
        draft = self._as_setter().copy(values).with_env(self.env)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def _publish_errors(self):
        """What keeps this runbook from being published, one sentence each. Extend it."""
        self.ensure_one()
        errors = []
        if not self.phase_ids.filtered(lambda phase: phase.stage == "execution"):
            errors.append(_("It has no phase of the stage Execution: add one with its items."))
        for phase in self.phase_ids:
            errors += phase._publish_errors()
        if not self.signoff_ids:
            errors.append(_("Nobody signs: add at least one sign-off."))
        errors += self._rollback_errors()
        return errors

    def _rollback_errors(self):
        stages = set(self.phase_ids.mapped("stage"))
        rolls_back = self.phase_ids.filtered(lambda phase: phase.gate_policy == "roll_back")
        if rolls_back and "rollback" not in stages:
            return [
                _(
                    "The gate of %s rolls back, but there is no phase of the stage Rollback.",
                    rolls_back[0].display_name,
                )
            ]
        return []
