# Each item is claimed and settled in a transaction of its own, so that a killed worker loses none.
# pylint: disable=invalid-commit
import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from psycopg2 import errors

from .snapshot_pool import POOL_KEY, SnapshotPool

_logger = logging.getLogger(__name__)

#: How long a worker has for one item before another worker takes it over.
LEASE = timedelta(minutes=15)
#: Tries at writing a result when others write to the same release at the same moment.
TRIES = 5
#: What PostgreSQL says then; the same write can succeed a moment later. Odoo repeats requests for
#: the same three.
CONCURRENCY = (errors.LockNotAvailable, errors.SerializationFailure, errors.DeadlockDetected)
#: Wait before the second try, in seconds; doubled for each further one.
PAUSE = 0.05

#: A PostgreSQL session's name: its process and when that began, since numbers come again.
SESSION_NAME = """
SELECT holder.pid || '@' || extract(epoch FROM holder.backend_start)
  FROM pg_stat_activity holder
 WHERE holder.pid = pg_backend_pid()
"""
#: The item to work off next. An item that is running is due again when its lease is over, or
#: when the session that holds it is gone.
NEXT = """
SELECT item.id
  FROM ipai_release_item item
  JOIN ipai_release_phase phase ON phase.id = item.phase_id
 WHERE item.mode = 'automated'
   AND phase.state IN ('running', 'blocked')
   AND (item.outcome = 'pending' AND item.queued_at IS NOT NULL
        AND (item.scheduled_at IS NULL OR item.scheduled_at <= %(now)s)
        OR item.outcome = 'running' AND (
           item.lease_until < %(now)s
           OR NOT EXISTS (
               SELECT FROM pg_stat_activity holder
                WHERE holder.pid || '@' || extract(epoch FROM holder.backend_start)
                      = item.lease_holder)))
   AND NOT EXISTS (
       SELECT FROM ipai_release_item earlier
        WHERE earlier.phase_id = item.phase_id
          AND (earlier.sequence, earlier.id) < (item.sequence, item.id)
          AND earlier.outcome IN ('pending', 'running'))
 ORDER BY item.release_id, item.phase_sequence, item.sequence, item.id
 LIMIT 1
   FOR UPDATE OF item SKIP LOCKED
"""


class ReleaseQueue(models.AbstractModel):
    """Works off automated items, one transaction an item, on Odoo's scheduler.

    An item is claimed under a lease with a fencing number and the claim is committed before the
    check runs. A worker that dies loses nothing: when its session or its lease is over, another
    one claims the item, and what the dead one might still write carries an old number and is
    refused.
    """

    _name = "ipai.release.queue"
    _description = "Release Queue"

    @api.model
    def _wake(self):
        """Have the scheduler work off the queue as soon as this transaction is committed."""
        # sudo: whoever settles an item sets the queue going, without rights on the scheduler.
        self.env.ref("ipai_release_checks.cron_queue").sudo()._trigger()

    @api.model
    def _work(self):
        """Work off everything that is due. Called by the scheduler, and commits."""
        pool = SnapshotPool(self.env.cr.dbname)
        try:
            while item := self._claim():
                self.with_context(**{POOL_KEY: pool})._work_off(item.id, item.fence, pool)
        finally:
            pool.close()
        self._wake_later()

    @api.model
    def _claim(self):
        """Claim the next item that is due and commit the claim; an empty recordset if none is."""
        for number in range(TRIES):
            try:
                item = self._claim_once()
                self.env.cr.commit()
                return item
            except CONCURRENCY:
                self._give_way(number)
        return self.env["ipai.release.item"]

    @api.model
    def _give_way(self, number):
        """Undo the try of this number and let the others finish."""
        self.env.cr.rollback()
        self.env.invalidate_all()
        time.sleep(PAUSE * 2**number)

    @api.model
    def _claim_once(self):
        now = fields.Datetime.now()
        self.env.cr.execute(NEXT, {"now": now})
        item = self.env["ipai.release.item"].browse(row[0] for row in self.env.cr.fetchall())
        if item:
            item._store(
                {
                    "lease_until": now + LEASE,
                    "lease_holder": self._session_name(),
                    "fence": item.fence + 1,
                }
            )
            item._begin()
        return item

    @api.model
    def _session_name(self):
        self.env.cr.execute(SESSION_NAME)
        return self.env.cr.fetchone()[0]

    @api.model
    def _work_off(self, item_id, fence, pool):
        """Run the check and write its result, in a transaction of its own."""
        item = self.env["ipai.release.item"].browse(item_id)
        result = item._execute()
        self.env.cr.rollback()
        try:
            name = pool.name(item.phase_id) if item._uses_snapshot() else None
            self._write_result(item, fence, result, name)
        except Exception as problem:
            # Whatever it was: an item nobody settles would stay running, and run again for ever.
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.exception("The result of item %s could not be written", item_id)
            self._write_result(item, fence, item._broken(problem), None)

    @api.model
    def _write_result(self, item, fence, result, snapshot_name):
        for number in range(TRIES):
            try:
                self._settle(item, fence, result, snapshot_name)
                self.env.cr.commit()
                return
            except CONCURRENCY:
                self._give_way(number)
        _logger.warning("%s: result not written, others kept writing; it runs again", item.id)

    @api.model
    def _settle(self, item, fence, result, snapshot_name):
        """Settle the item, if this claim is still the latest.

        :param snapshot_name: the snapshot it was measured in, or ``None`` where none was open
        """
        item.invalidate_recordset()
        if item.fence != fence or item.outcome != "running":
            _logger.info("%s was taken over or ended meanwhile; result dropped", item.code)
            return
        if snapshot_name:
            self._measure_again(item, snapshot_name)
            item._store({"snapshot_name": snapshot_name})
        item._store({"lease_until": False, "lease_holder": False, "queued_at": False})
        item._settle(result)

    @api.model
    def _measure_again(self, item, name):
        """Queue again what this phase measured in another snapshot: a phase's figures compare
        only when one snapshot shows them all. Decisions of people stay.
        """
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

    @api.model
    def _wake_later(self):
        """Items scheduled for later: wake then."""
        later = self.env["ipai.release.item"].search(
            [
                ("queued_at", "!=", False),
                ("outcome", "=", "pending"),
                ("phase_id.state", "=", "running"),
                ("scheduled_at", ">", fields.Datetime.now()),
            ],
            order="scheduled_at",
            limit=1,
        )
        if later:
            self.env.ref("ipai_release_checks.cron_queue")._trigger(later.scheduled_at)
