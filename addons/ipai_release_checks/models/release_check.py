import json

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.addons.ipai_release_governance.guard import is_setter
from odoo.exceptions import UserError, ValidationError

from .. import checks
from ..checks import parameters


class ReleaseCheck(models.Model):
    """A check kind with its parameters. Only runbook managers write them: they hold SQL."""

    _name = "ipai.release.check"
    _description = "Release Check"
    _inherit = ["ipai.guarded.mixin"]
    _order = "name, id"
    _guarded_fields = frozenset({"author_ids"})

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        help="Empty: usable by all companies. Checks see all companies, whatever stands here.",
    )
    kind = fields.Selection(selection="_kinds", required=True)
    parameters = fields.Text(
        default="{}", required=True, help="A JSON object. Its names are listed below."
    )
    sql = fields.Text(string="SQL", help="One SELECT. Parameters are bound as %(name)s.")
    sql_17 = fields.Text(
        string="SQL on 17.0", help="Used instead on Odoo 17.0, where it must differ."
    )
    author_ids = fields.Many2many(
        "res.users",
        "ipai_release_check_author_rel",
        string="Authors",
        readonly=True,
        copy=False,
        help="Who wrote what it measures. They are authors of the runbooks that use it, and "
        "approve none of their releases.",
    )
    help_text = fields.Text(string="Parameters of This Kind", compute="_compute_help_text")
    item_ids = fields.One2many("ipai.runbook.item", "check_id")
    host_item_ids = fields.One2many("ipai.runbook.item", "host_check_id")
    # With sudo: a check without a company may be frozen by a runbook of a company not seen here.
    is_frozen = fields.Boolean(compute="_compute_is_frozen", compute_sudo=True)

    @api.model
    def _kinds(self):
        return [(name, checks.get(name).title) for name in checks.names()]

    @api.depends("kind")
    def _compute_help_text(self):
        described = {kind["name"]: kind for kind in checks.describe()}
        for check in self:
            check.help_text = self._explain(described.get(check.kind))

    @api.model
    def _explain(self, kind):
        """The kind and its parameters as text, made from its schema."""
        if not kind:
            return ""
        lines = [kind["description"] or kind["title"], ""]
        for parameter in kind["parameters"]:
            need = _("required") if parameter["required"] else _("optional")
            lines.append(
                f"{parameter['name']} ({parameter['type']}, {need}): "
                f"{parameter.get('description') or ''}"
            )
        return "\n".join(lines)

    @api.depends("item_ids.runbook_id.state", "host_item_ids.runbook_id.state")
    def _compute_is_frozen(self):
        for check in self:
            states = (check.item_ids | check.host_item_ids).runbook_id.mapped("state")
            check.is_frozen = any(state != "draft" for state in states)

    @api.constrains("kind", "parameters", "sql", "sql_17")
    def _check_parameters(self):
        for check in self:
            try:
                parameters.validate(checks.get(check.kind), check._params())
            except checks.CheckError as problem:
                raise ValidationError(
                    _(
                        "Check %(check)s: %(problem)s\n%(hint)s",
                        check=check.name,
                        problem=problem.message,
                        hint=problem.hint,
                    )
                ) from problem

    def _params(self):
        """The parameters as data, SQL included.

        :raises ValidationError: when the text is no JSON object
        """
        self.ensure_one()
        try:
            params = json.loads(self.parameters)
        except ValueError as problem:
            raise ValidationError(
                _(
                    "Check %(check)s: the parameters are no JSON (%(problem)s).",
                    check=self.name,
                    problem=problem,
                )
            ) from problem
        if not isinstance(params, dict):
            raise ValidationError(
                _("Check %s: the parameters must be a JSON object in braces.", self.name)
            )
        if self.sql:
            params["sql"] = {"17": self.sql_17, "default": self.sql} if self.sql_17 else self.sql
        return params

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        made._note_author()
        return made

    def write(self, vals):
        if is_setter(self.env):
            return super().write(vals)
        self._refuse_frozen()
        result = super().write(vals)
        self._note_author()
        return result

    def _note_author(self):
        """The current user wrote these, and so a part of the drafts that use them."""
        # sudo: the user themselves and all drafts, whatever they may read of both.
        user, own = self.env.user.sudo(), self.sudo()
        if user.id == SUPERUSER_ID:
            return
        for check in own.filtered(lambda row: user not in row.author_ids):
            check._store({"author_ids": [(4, user.id)]})
        (own.item_ids | own.host_item_ids).runbook_id._note_author()

    def _load_records_write(self, values):
        """A data file that is loaded again leaves alone what is published."""
        if not self.is_frozen:
            super()._load_records_write(values)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self._refuse_frozen()

    def _refuse_frozen(self):
        frozen = self.filtered("is_frozen")
        if frozen:
            raise UserError(
                _(
                    "Check %s belongs to a published runbook and is frozen with it. Use New "
                    "Version of the runbook and change its copy.",
                    frozen[0].name,
                )
            )

    def _snapshot(self):
        self.ensure_one()
        return {"kind": self.kind, "params": self._params()}
