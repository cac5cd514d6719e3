import re

from odoo import _, api, fields, models

#: A commit by its full name: a short one may become ambiguous, a branch moves.
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
#: What the plan must say before the host can fetch or switch code, and what it is for.
CODE_KINDS = frozenset({"code_fetch", "code_switch"})
PLANNED_CODE = ("branch_to", "commit_to", "files_expected")


class ReleasePlan(models.Model):
    """What is put live, and which items the machine does on this target."""

    _inherit = "ipai.release"

    branch_to = fields.Char(
        string="Branch to Deploy", copy=False, help="Branch of the repository on the host."
    )
    commit_to = fields.Char(
        string="Commit to Deploy",
        copy=False,
        help="The full name of the reviewed commit: 40 hexadecimal digits. Nothing else is "
        "put live.",
    )
    files_expected = fields.Text(
        string="Expected Files",
        copy=False,
        help="Paths that were reviewed, one a line, from the root of the repository. Where others "
        "change, the code is not fetched.",
    )
    has_host = fields.Boolean(compute="_compute_has_host")

    @api.depends("target_id.host_kind")
    def _compute_has_host(self):
        for release in self:
            release.has_host = bool(release.target_id) and release.target_id._has_host()

    def _planning_fields(self):
        return super()._planning_fields() | set(PLANNED_CODE)

    def _plan_problems(self):
        problems = super()._plan_problems()
        if self.has_host and CODE_KINDS & set(self.item_ids.mapped("check_kind")):
            problems += self._code_problems()
        return problems

    def _code_problems(self):
        """What the plan does not say of the code."""
        labels = {name: self._fields[name]._description_string(self.env) for name in PLANNED_CODE}
        problems = [
            _("%s: the host needs it to put the right code live.", labels[name])
            for name in PLANNED_CODE
            if not (self[name] or "").strip()
        ]
        if self.commit_to and not COMMIT.fullmatch(self.commit_to):
            problems.append(
                _(
                    "%s: write the full name, 40 hexadecimal digits in small letters.",
                    labels["commit_to"],
                )
            )
        return problems

    # -- what the machine does here ----------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        if "target_id" in vals:
            self._adapt_to_target()
        return result

    def action_schedule(self):
        self._require_executor()
        # The target may have got or lost its host since the release was made.
        self.filtered(lambda release: release.state == "draft")._adapt_to_target()
        return super().action_schedule()

    def _adapt_to_target(self):
        """Give what needs a host to people where the target has none, and back."""
        for release in self:
            ways = {
                data["code"]: release._way_values(data)
                for phase in release._snapshot().get("phases", [])
                for data in phase["items"]
            }
            for item in release.item_ids:
                changed = {
                    name: value for name, value in ways[item.code].items() if item[name] != value
                }
                if changed:
                    item._store(changed)

    def _document_plan(self):
        plan = super()._document_plan()
        code = {"branch_to": self.branch_to or "", "commit_to": self.commit_to or ""}
        return {**plan, "code": {**plan["code"], **code}}


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _needs_host(self):
        """Whether it is done through the target's host helper."""
        return self.release_id._needs_host(self.check_kind)
