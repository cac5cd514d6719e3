import math

from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core.result import Result
from odoo.tools import config

from .release_queue import DUE

#: Seconds of Odoo's limit that are left to the item that begins last.
RESERVE = 40
AMID = f"SELECT item.id {DUE} AND item.phase_id = ANY(%(phases)s)"


def longest_pass():
    """Seconds a scheduled job may take before Odoo ends its process; infinite without a limit."""
    limit = max(config["limit_time_real_cron"], 0) or config["limit_time_real"]
    return limit - RESERVE if limit else math.inf


class ReleaseQueueSnapshot(models.AbstractModel):
    """Figures of a phase compare only when one snapshot shows them all, and it lasts a pass."""

    _inherit = "ipai.release.queue"

    @api.model
    def _goes_on(self, elapsed, budget, snapshots):
        """Whether a pass goes on after so many seconds.

        Past its budget it does only amid a snapshot: the next pass would measure all of it again.
        A phase that takes longer than any pass may is given up, or that would never end.
        """
        if elapsed < budget:
            return True
        waiting = self._amid(snapshots)
        if waiting and elapsed >= longest_pass():
            if snapshots.age() >= budget:
                self._give_up(waiting)
            return False
        return bool(waiting)

    @api.model
    def _amid(self, snapshots):
        """Items that are due, of the phase whose snapshot is open, and to be measured in it."""
        phases = snapshots.phases()
        self.env.cr.execute(AMID, {"now": fields.Datetime.now(), "phases": phases})
        due = self.env["ipai.release.item"].browse(row[0] for row in self.env.cr.fetchall())
        return due.filtered(lambda item: item._uses_snapshot())

    @api.model
    def _give_up(self, waiting):
        for item in waiting.phase_id.item_ids.filtered(lambda item: item._uses_snapshot()):
            self._write(item, "_settle_too_long")

    @api.model
    def _settle_too_long(self, item):
        if item.outcome != "pending" or not item.queued_at:
            return
        item._store({"queued_at": False})
        item._begin()
        item._settle(
            Result(
                "inconclusive",
                summary=_(
                    "Not measured: the checks of this phase take longer than the %d s that Odoo "
                    "leaves a scheduled job, and one snapshot has to show all their figures.",
                    longest_pass(),
                ),
                hint=_(
                    "Raise limit_time_real_cron in Odoo's configuration, make the checks faster, "
                    "or spread them over several phases. Then press Retry Failed."
                ),
            )
        )

    @api.model
    def _measure_again(self, item, name):
        """Queue again what this phase measured in another snapshot. Decisions of people stay."""
        others = item.phase_id.item_ids.filtered(
            lambda other: (
                other != item
                and other.snapshot_name
                and other.snapshot_name != name
                and other.outcome in ("passed", "warned")
            )
        )
        for other in others:
            other._reopen("remeasured")
