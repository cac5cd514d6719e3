import json

from dateutil.relativedelta import relativedelta
from odoo import _, fields, models
from odoo.exceptions import UserError

from ..core import journal


class ReleaseSnapshot(models.Model):
    """The runbook as it was when the release was planned; later versions do not touch it."""

    _inherit = "ipai.release"

    def write(self, vals):
        changed = self.filtered(
            lambda release: "runbook_id" in vals and release.runbook_id.id != vals["runbook_id"]
        )
        changed._refuse_forgetting()
        result = super().write(vals)
        for release in changed:
            release._take_snapshot()
        return result

    def _refuse_forgetting(self):
        """Another runbook would drop what was recorded with this one."""
        for release in self.filtered(lambda row: row._is_recorded()):
            raise UserError(
                _(
                    "Items of %s are recorded already, or have evidence, which is kept. Plan a new "
                    "release with the other runbook, and abort this one.",
                    release.display_name,
                )
            )

    def _is_recorded(self):
        # sudo: what is there counts, whether or not the planner may see it.
        items = self.sudo().item_ids
        return bool(items.evidence_ids) or any(items.mapped("attempt"))

    def _take_snapshot(self):
        """Copy the runbook's phases, items and sign-offs into this release.

        :raises UserError: for a runbook that is not published, and may still change
        """
        self.ensure_one()
        if self.runbook_id.state != "published":
            raise UserError(
                _("Runbook: %s is not published. Publish it first.", self.runbook_id.display_name)
            )
        snapshot = self._runbook_snapshot()
        self._store(
            {
                "runbook_snapshot": journal.canonical(snapshot),
                "runbook_digest": journal.digest(snapshot),
            }
        )
        self._clear_snapshot()
        roles = {role.code: role.id for role in self.env["ipai.release.role"].search([])}
        for phase in snapshot["phases"]:
            self._create_phase(phase, roles)
        self._create_signoffs(snapshot["signoffs"], roles)
        self._create_modules(snapshot["modules"])
        self._log(
            "snapshot",
            {
                "runbook": snapshot["code"],
                "digest": self.runbook_digest,
                "authors": sorted(self._authors().mapped("login")),
            },
        )

    def _runbook_snapshot(self):
        """The runbook as JSON data. Extend it with what executing needs."""
        runbook = self.runbook_id
        return {
            "name": runbook.name,
            "code": runbook.code,
            "version": runbook.version,
            "modules": runbook.module_list(),
            "module_version": runbook.module_version or "",
            "verification_hours": runbook.verification_hours,
            "retention_months": runbook.retention_months,
            "rollback_plan": runbook.rollback_plan or "",
            "signoffs_in_sequence": runbook.signoffs_in_sequence,
            "phases": [phase._snapshot() for phase in runbook.phase_ids],
            "signoffs": [signoff._snapshot() for signoff in runbook.signoff_ids],
        }

    def _snapshot(self):
        """The stored snapshot as data."""
        self.ensure_one()
        return json.loads(self.runbook_snapshot or "{}")

    def _clear_snapshot(self):
        items = self.item_ids
        # Children first: what PostgreSQL deletes with their parent would leave no event.
        for rows in (
            items.measurement_ids,
            items.evidence_ids,
            items,
            self.phase_ids,
            self.signoff_ids,
            self.module_ids,
        ):
            # sudo: rows of the record are made and replaced by the release itself.
            rows.sudo()._as_setter().unlink()

    def _create_phase(self, data, roles):
        phase = self.env["ipai.release.phase"]._insert(
            [
                {
                    "release_id": self.id,
                    **{
                        key: data[key]
                        for key in (
                            "code",
                            "name",
                            "sequence",
                            "stage",
                            "instructions",
                            "gate_policy",
                        )
                    },
                }
            ]
        )
        self.env["ipai.release.item"]._insert(
            [
                {
                    "release_id": self.id,
                    "phase_id": phase.id,
                    **self._item_values(item, roles),
                }
                for item in data["items"]
            ]
        )

    def _item_values(self, data, roles):
        """Values of a release item from its snapshot. Extend it with what executing needs."""
        return {
            **{
                key: data[key]
                for key in (
                    "code",
                    "name",
                    "sequence",
                    "mode",
                    "instructions",
                    "expected",
                    "severity",
                    "due_minutes",
                    "evidence_required",
                )
            },
            "aspect": data["aspect"] or False,
            "disruptive": data["disruptive"],
            "role_id": roles.get(data["role"]),
            "measurement_ids": [(0, 0, line) for line in data["measurements"]],
        }

    def _create_signoffs(self, rules, roles):
        self.env["ipai.release.signoff"]._insert(
            [
                {
                    "release_id": self.id,
                    "role_id": roles[rule["role"]],
                    "sequence": place,
                    **{key: rule[key] for key in ("stage", "meaning", "quorum", "valid_days")},
                }
                for place, rule in enumerate(rules, 1)
                for _signature in range(rule["quorum"])
            ]
        )

    def _create_modules(self, names):
        expected = self._snapshot()["module_version"]
        self.env["ipai.release.module"]._insert(
            [{"release_id": self.id, "name": name, "version_expected": expected} for name in names]
        )

    def _retention_date(self):
        months = self._snapshot().get("retention_months", 12)
        return fields.Date.context_today(self) + relativedelta(months=months)

    def _record_before(self):
        """Facts a machine knows when the deployment begins. Extend it."""
        self.module_ids._record_version("version_before")

    def _record_after(self):
        """The same facts when the deployment is over. Extend it."""
        self.module_ids._record_version("version_after")
