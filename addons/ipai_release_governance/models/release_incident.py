from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import check_access
from odoo.exceptions import AccessError, UserError

from ..guard import is_setter

SEVERITIES = [("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")]
OF_ITEM = {"critical": "critical", "major": "high", "minor": "low"}


class ReleaseIncident(models.Model):
    """Something that went wrong: a failed item proposes one, people add others."""

    _name = "ipai.release.incident"
    _description = "Release Incident"
    _inherit = ["ipai.guarded.mixin", "ipai.journaled.mixin"]
    _order = "release_id, time, id"
    _rec_name = "description"
    _guarded_fields = frozenset({"status", "approver_id", "resolved_at"})

    release_id = fields.Many2one("ipai.release", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    item_id = fields.Many2one(
        "ipai.release.item", domain="[('release_id', '=', release_id)]", ondelete="restrict"
    )
    time = fields.Datetime(required=True, default=fields.Datetime.now)
    description = fields.Text(required=True)
    severity = fields.Selection(SEVERITIES, required=True, default="medium")
    resolution = fields.Text()
    status = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("pending", "Pending"),
            ("resolved", "Resolved"),
            ("dismissed", "Dismissed"),
        ],
        default="pending",
        required=True,
        readonly=True,
        help="Proposed: by a failed item, until a person confirms or dismisses it.",
    )
    approver_id = fields.Many2one("res.users", readonly=True, help="Who accepted the resolution.")
    resolved_at = fields.Datetime(readonly=True)

    @api.model
    def _propose(self, item):
        """Propose an incident for a failed item, once as long as it is open."""
        open_before = item.release_id.incident_ids.filtered(
            lambda row: row.item_id == item and row.status in ("proposed", "pending")
        )
        description = "\n".join(
            filter(
                None, [f"{item.display_name}: {item._outcome_label()}", item.summary, item.records]
            )
        )
        if open_before:
            open_before._store({"description": description})
            return
        self._insert(
            [
                {
                    "release_id": item.release_id.id,
                    "item_id": item.id,
                    "description": description,
                    "severity": OF_ITEM[item.severity],
                    "status": "proposed",
                }
            ]
        )

    @api.model_create_multi
    def create(self, vals_list):
        incidents = super().create(vals_list)
        for incident in incidents:
            incident.release_id._log(
                "incident", {"status": incident.status, "description": incident.description}
            )
        return incidents

    def write(self, vals):
        if is_setter(self.env):
            return super().write(vals)
        self._refuse_closed()
        self._refuse_moving(vals)
        if "severity" in vals:
            self.filtered(lambda row: row._is_worse_than(vals["severity"]))._refuse_playing_down()
        before = {incident: incident._content() for incident in self}
        result = super().write(vals)
        for incident in self:
            incident._log_edit(before[incident])
        return result

    def _content(self):
        """What people write of an incident, for the journal."""
        return {
            "description": self.description or "",
            "severity": self.severity,
            "resolution": self.resolution or "",
        }

    def _log_edit(self, before):
        after = self._content()
        changes = {
            name: [before[name], after[name]] for name in after if before[name] != after[name]
        }
        if changes:
            self.release_id._log("incident_edited", {"changes": changes})

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("Incidents stay on the record. Dismiss this one instead."))

    def _refuse_moving(self, vals):
        if "release_id" in vals and self.filtered(
            lambda row: row.release_id.id != vals["release_id"]
        ):
            raise UserError(_("An incident stays with its release."))
        if "item_id" in vals and self.filtered(
            lambda row: row.item_id and row.item_id.id != vals["item_id"]
        ):
            raise UserError(_("Item: an incident stays with the item that failed."))

    def _refuse_closed(self):
        closed = self.filtered(lambda row: row.status in ("resolved", "dismissed"))
        if closed:
            raise UserError(_("This incident is closed. Add a new one."))

    def _is_worse_than(self, severity):
        ranks = [value for value, _label in SEVERITIES]
        return severity in ranks and ranks.index(self.severity) < ranks.index(severity)

    def _refuse_playing_down(self):
        """How bad it was is judged by approvers who had no hand in the release.

        Who had none may also take back what they reported themselves.

        :raises AccessError: for everybody else
        """
        for incident in self:
            if self.env.user in incident.release_id._executors():
                raise AccessError(_("You had a hand in this release: somebody else judges it."))
            if incident.item_id or incident.create_uid != self.env.user:
                incident._require_approver()

    def _require_approver(self):
        if not self.env.user.has_group("ipai_release_governance.group_release_approver"):
            raise AccessError(_("Only approvers judge incidents and accept their resolution."))

    def _set_status(self, status, **values):
        check_access(self, "write")
        for incident in self:
            incident._refuse_closed()
            incident._store({"status": status, **values})
            incident.release_id._log("incident_" + status, incident._content())

    def action_confirm(self):
        self._set_status("pending")

    def action_dismiss(self):
        """Judge that it is no incident, with the reason as resolution."""
        self._refuse_playing_down()
        if self.filtered(lambda row: not row.resolution):
            raise UserError(_("Resolution: say why this is no incident."))
        self._set_status("dismissed", approver_id=self.env.uid, resolved_at=fields.Datetime.now())

    def action_resolve(self):
        """Accept the resolution. That is the approvers' part."""
        self._require_approver()
        if self.filtered(lambda row: not row.resolution):
            raise UserError(_("Resolution: say how it was resolved."))
        self._set_status("resolved", approver_id=self.env.uid, resolved_at=fields.Datetime.now())
