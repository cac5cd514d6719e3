from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.vocabulary import ENDED
from .release_archive import KEEPERS

#: Archives written in one turn of the scheduler.
TURN = 20


class ReleaseRetention(models.Model):
    """How long a record is kept, who may prolong that, and what happens when it is over."""

    _inherit = "ipai.release"

    legal_hold = fields.Boolean(
        readonly=True,
        copy=False,
        tracking=True,
        help="Nothing of this record is removed, however old it is.",
    )
    archive_ids = fields.One2many("ipai.release.archive", "release_id")

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"legal_hold"}

    def _retention_date(self):
        """The later one of what the runbook and the company ask for."""
        months = self.company_id.release_retention_months
        company = fields.Date.add(fields.Date.context_today(self), months=months)
        return max(company, super()._retention_date())

    # -- legal hold --------------------------------------------------------------------------

    def action_hold(self, reason=None):
        """Put the record under a legal hold. Without a reason, ask for one."""
        return self._change_hold(True, "hold", reason)

    def action_lift_hold(self, reason=None):
        """End the legal hold. Without a reason, ask for one."""
        return self._change_hold(False, "lift_hold", reason)

    def _change_hold(self, held, act, reason):
        self._require_keeper()
        if not reason:
            return self._ask_reason(act)
        for release in self:
            release._store({"legal_hold": held})
            release._log(act, {"reason": reason})
        return None

    def _require_keeper(self):
        if not any(self.env.user.has_group(group) for group in KEEPERS):
            raise AccessError(_("Only auditors and runbook managers change a legal hold."))

    def _refuse_held(self):
        if self.legal_hold:
            raise UserError(_("%s is under a legal hold: nothing of it goes.", self.display_name))

    # -- when it is over ---------------------------------------------------------------------

    @api.model
    def _cron_retention(self):
        """Write an archive of what is kept long enough, and tell the auditors. Removes nothing."""
        over = self.search(
            [
                ("state", "in", sorted(ENDED)),
                ("retention_date", "<", fields.Date.context_today(self)),
                ("legal_hold", "=", False),
                ("archive_ids", "=", False),
            ],
            order="retention_date, id",
            limit=TURN,
        )
        for release in over:
            release._archive()

    def _archive(self):
        archive = self.env["ipai.release.archive"]._write_archive(self)
        if isinstance(archive, list):
            self._tell_auditors(archive)
            return
        for user in self._auditors():
            self._schedule_activity(
                user,
                _("Take the archive of %s away", self.name),
                _(
                    "Its retention ended on %s. Download the bundle from Releases > Archives and "
                    "store it; then its files may go. A legal hold keeps them.",
                    self.retention_date,
                ),
            )


class ResCompany(models.Model):
    _inherit = "res.company"

    release_retention_months = fields.Integer(
        string="Retention of Releases (months)",
        default=12,
        help="The record of a release is kept at least this long after its end.",
    )
