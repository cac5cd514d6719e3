from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import plaintext2html
from psycopg2 import OperationalError

from ..core.vocabulary import ENDED
from .release_archive import KEEPERS
from .release_verify import KEPT, UNREADABLE

#: Releases archived in one turn of the scheduler, and tried again that could not be archived.
TURN, AGAIN = 20, 5


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
    archive_tried_at = fields.Datetime(readonly=True, copy=False)
    archive_obstacle = fields.Text(
        readonly=True, copy=False, help="Why the last try wrote no archive. It is tried again."
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "legal_hold",
            "archive_tried_at",
            "archive_obstacle",
        }

    def _get_unjournaled_fields(self):
        """What the scheduler tried is no part of the record; the archive is."""
        return super()._get_unjournaled_fields() | {"archive_tried_at", "archive_obstacle"}

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
        for release in self._due_for_archive():
            release._archive()

    @api.model
    def _due_for_archive(self):
        """What is kept long enough. What could not be archived holds up nothing behind it."""
        over = [
            ("state", "in", sorted(ENDED)),
            ("retention_date", "<", fields.Date.context_today(self)),
            ("legal_hold", "=", False),
            ("archive_ids", "=", False),
        ]
        new, again = ("archive_tried_at", "=", False), ("archive_tried_at", "!=", False)
        return self.search([*over, new], order="retention_date, id", limit=TURN) | self.search(
            [*over, again], order="archive_tried_at, id", limit=AGAIN
        )

    def _archive(self):
        """Write the archive and ask for it to be taken away, or tell why there is none."""
        try:
            with self.env.cr.savepoint():
                archive = self.env["ipai.release.archive"]._write_archive(self)
        except OperationalError:
            # Somebody writes to it at this moment: the next turn tries again.
            raise
        except UNREADABLE as problem:
            archive = [str(problem)]
        if isinstance(archive, list):
            self._keep_obstacle("\n".join(archive[:KEPT]))
        else:
            self._ask_to_take_away()

    def _keep_obstacle(self, obstacle):
        """Keep why there is no archive; the auditors are told of each reason once."""
        if obstacle != self.archive_obstacle:
            for user in self._auditors():
                self._schedule_activity(
                    user, _("%s could not be archived", self.name), plaintext2html(obstacle)
                )
        self._store({"archive_tried_at": fields.Datetime.now(), "archive_obstacle": obstacle})

    def _ask_to_take_away(self):
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
