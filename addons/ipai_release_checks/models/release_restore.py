from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core.vocabulary import OPEN
from odoo.exceptions import UserError


class ReleaseRestore(models.Model):
    """Restoring the database throws away what was entered since: a person decides it, in words."""

    _inherit = "ipai.release"

    restore_decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    restore_decided_at = fields.Datetime(readonly=True, copy=False)
    restore_reason = fields.Text(readonly=True, copy=False)
    can_restore = fields.Boolean(compute="_compute_can_restore")

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "restore_decided_by_id",
            "restore_decided_at",
            "restore_reason",
        }

    @api.depends("state", "restore_decided_by_id", "item_ids.check_kind", "has_host")
    def _compute_can_restore(self):
        for release in self:
            release.can_restore = (
                release.has_host
                and release.state in ("running", "verifying")
                and not release.restore_decided_by_id
                and bool(release._restore_items())
            )

    def _restore_items(self):
        return self.item_ids.filtered(
            lambda item: (
                item.stage == "rollback" and item._needs_host() and item._kind().needs_decision
            )
        )

    def action_restore(self):
        """Ask for the reason, and for the name of the database that is replaced."""
        self.ensure_one()
        self._refuse_restore()
        return {
            "type": "ir.actions.act_window",
            "name": _("Restore the Database"),
            "res_model": "ipai.release.restore.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_release_id": self.id},
        }

    def _refuse_restore(self):
        self._require_executor()
        if not self.can_restore:
            raise UserError(
                _(
                    "%s cannot restore the database: it is not running on a host, its runbook has "
                    "no item for it, or it was decided already.",
                    self.display_name,
                )
            )

    def _decide_restore(self, reason):
        """A person's decision. The item runs as soon as the rollback comes to it, or now."""
        self._refuse_restore()
        self._store(
            {
                "restore_decided_by_id": self.env.uid,
                "restore_decided_at": fields.Datetime.now(),
                "restore_reason": reason,
            }
        )
        self._log("restore_decided", {"reason": reason, "database": self.target_id.database})
        if not self.rolling_back:
            self.action_roll_back(reason)
        for item in self._restore_items().filtered(lambda row: row.phase_id.state != "pending"):
            item._run_from_here()


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _run_from_here(self):
        """Begin this item anew, and what the machine did after it in the same phase."""
        self.ensure_one()
        self._refuse_closed_phase()
        for item in self.phase_id.item_ids:
            later = item == self or (item.mode == "automated" and item._place() > self._place())
            if later and item.outcome not in OPEN:
                item._reopen("remeasured")
