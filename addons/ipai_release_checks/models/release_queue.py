# Each item is claimed and settled in a transaction of its own, so that a killed worker loses none.
# pylint: disable=invalid-commit
import logging
import math
import time
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import SERIES
from psycopg2 import errors

from ..checks.base import CheckError, NotYet
from ..core.stopping import is_stopping
from ..transport import HostUnreachable
from .host_caller import PATIENCE, Forgotten, HostAway, away_since
from .host_pool import HOSTS_KEY, HostPool
from .snapshot_pool import POOL_KEY, SnapshotPool

_logger = logging.getLogger(__name__)

#: How long a worker has for one item before another worker takes it over.
LEASE = timedelta(minutes=15)
#: Seconds after which a pass ends and another one begins: Odoo ends a scheduled job after 120,
#: unless it is configured otherwise.
BUDGET = 45
#: Wait before a host that is still at it is asked again.
AGAIN = timedelta(seconds=1)
#: The same while it cannot be reached: some servers lock out whoever knocks too often.
AWAY_AGAIN = timedelta(seconds=5)
#: Seconds between two looks at whether an item is due again.
LOOK = 0.25
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
#: The item to work off next. An item that is running is due again when its lease is over, when the
#: session that holds it is gone, or when its host is to be asked again.
DUE = """
  FROM ipai_release_item item
  JOIN ipai_release_phase phase ON phase.id = item.phase_id
 WHERE item.mode = 'automated'
   AND phase.state IN ('running', 'blocked')
   AND (item.outcome = 'pending' AND item.queued_at IS NOT NULL
        AND (item.scheduled_at IS NULL OR item.scheduled_at <= %(now)s)
        OR item.outcome = 'running' AND coalesce(item.resume_at <= %(now)s, true) AND (
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
"""
NEXT = f"""
SELECT item.id {DUE}
   AND item.release_id != ALL(%(held)s)
 ORDER BY item.release_id, item.phase_sequence, item.sequence, item.id
 LIMIT 1
   FOR UPDATE OF item SKIP LOCKED
"""
RELEASES_DUE = f"SELECT DISTINCT item.release_id {DUE}"
#: Items that a host is at, and that will be due again in a moment.
AT_IT = """
SELECT FROM ipai_release_item item
  JOIN ipai_release_phase phase ON phase.id = item.phase_id
 WHERE item.outcome = 'running' AND item.resume_at IS NOT NULL
   AND phase.state IN ('running', 'blocked')
 LIMIT 1
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
        """Work off everything that is due. Called by the scheduler, and commits.

        A pass that has not come to an end after :data:`BUDGET` seconds wakes the next one.
        """
        self._say_alive()
        snapshots, hosts = SnapshotPool(self.env.cr.dbname), HostPool()
        worker = self.with_context(**{POOL_KEY: snapshots, HOSTS_KEY: hosts})
        try:
            ended = worker._work_for(BUDGET, snapshots, hosts)
        finally:
            snapshots.close()
            hosts.close()
        if not ended:
            self._wake()
        self._wake_later()

    @api.model
    def _say_alive(self):
        """Tell Odoo's scheduler that this job is no hopeless one, however often it is killed.

        After three deaths without progress it counts a failure, and puts the job behind all others.
        """
        cron = self.env["ir.cron"]
        if SERIES >= 19:
            cron._commit_progress(1)
        elif SERIES == 18:
            cron._notify_progress(done=1, remaining=0)
            self.env.cr.commit()

    @api.model
    def _work_for(self, seconds, snapshots, hosts):
        """Work off what is due; return whether nothing is left that will be due in a moment.

        A host may stop this very Odoo on behalf of an item: then nobody waits for its end here.
        """
        began = time.monotonic()
        while self._goes_on(time.monotonic() - began, seconds, snapshots) and not is_stopping():
            held = self._recall(hosts)
            item = self._claim(held)
            if item:
                self._work_off(item.id, item.fence, snapshots, hosts)
            elif held or self._is_host_at_it():
                self.env.cr.commit()  # so that the next look sees what others wrote meanwhile
                time.sleep(LOOK)
            else:
                return True
        return False

    @api.model
    def _is_host_at_it(self):
        self.env.cr.execute(AT_IT)
        return bool(self.env.cr.rowcount)

    @api.model
    def _recall(self, hosts):
        """Have releases that are due take back what a restored database has forgotten.

        :return: ids of releases to leave alone until their host can be asked
        """
        held = []
        for release in self._releases_due():
            if not release.target_id._has_host() or release.id in hosts.recalled:
                continue
            if time.monotonic() < hosts.next_try.get(release.id, 0):
                held += release.ids
            else:
                held += self._recall_one(release, hosts)
        return held

    @api.model
    def _recall_one(self, release, hosts):
        """Ask one host; return the release's id in a list while it is to be left alone."""
        try:
            self._ask_host(release, hosts)
            self.env.cr.commit()
        except CONCURRENCY:
            self._give_way(0)
        except Exception as problem:
            # Whatever it was: the other releases go on, and this one's journal stays as it is.
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.exception("What %s has forgotten could not be taken back", release.name)
            hosts.next_try[release.id] = math.inf
            release._report_trouble(_("Its record was not taken back: %s", problem), "critical")
            self.env.cr.commit()
        return [] if release.id in hosts.recalled else release.ids

    @api.model
    def _ask_host(self, release, hosts):
        try:
            release._recall(hosts)
            self._host_is_back(release)
        except HostUnreachable:
            if release._host_is_away_for_good(PATIENCE):
                # The items say so themselves, and a person decides.
                hosts.recalled.add(release.id)
                return
            hosts.next_try[release.id] = time.monotonic() + AWAY_AGAIN.total_seconds()
            if not release.host_away_since:
                release._store(away_since(release))
        except CheckError:
            # The way to the host is not set up: the items say what is missing.
            hosts.recalled.add(release.id)

    @api.model
    def _releases_due(self):
        self.env.cr.execute(RELEASES_DUE, {"now": fields.Datetime.now()})
        return self.env["ipai.release"].browse(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _claim(self, held=()):
        """Claim the next item that is due and commit the claim; an empty recordset if none is.

        :param held: ids of releases to leave alone
        """
        for number in range(TRIES):
            try:
                item = self._claim_once(held)
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
    def _claim_once(self, held):
        now = fields.Datetime.now()
        self.env.cr.execute(NEXT, {"now": now, "held": list(held)})
        item = self.env["ipai.release.item"].browse(row[0] for row in self.env.cr.fetchall())
        if item:
            asked_again = item.outcome == "running" and item.resume_at
            item._store(
                {
                    "lease_until": now + LEASE,
                    "lease_holder": self._session_name(),
                    "fence": item.fence + 1,
                    "resume_at": False,
                }
            )
            # Asking a host again is no beginning, and happens every second.
            if not asked_again:
                item._begin()
        return item

    @api.model
    def _session_name(self):
        self.env.cr.execute(SESSION_NAME)
        return self.env.cr.fetchone()[0]

    @api.model
    def _work_off(self, item_id, fence, snapshots, hosts):
        """Run the check and write its result, in a transaction of its own."""
        item = self.env["ipai.release.item"].browse(item_id)
        try:
            result = item._execute()
        except NotYet as later:
            self.env.cr.rollback()
            self._write(item, "_put_off", fence, later, hosts)
            return
        self.env.cr.rollback()
        try:
            name = snapshots.name(item.phase_id) if item._uses_snapshot() else None
            self._write(item, "_settle", fence, result, name)
        except Exception as problem:
            # Whatever it was: an item nobody settles would stay running, and run again for ever.
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.exception("The result of item %s could not be written", item_id)
            self._write(item, "_settle", fence, item._broken(problem), None)
        self._write(item, "_keep_anchor", hosts)
        hosts.anchors.pop(item.release_id.id, None)

    @api.model
    def _keep_anchor(self, item, hosts):
        """List what the host knows of the journal since the item asked it, where it did."""
        anchor = hosts.anchors.get(item.release_id.id)
        if anchor:
            item.release_id._anchor("host", **anchor)

    @api.model
    def _write(self, item, setter, *values):
        """Call a setter of this model for the item and commit, again where others wrote too."""
        for number in range(TRIES):
            try:
                getattr(self, setter)(item, *values)
                self.env.cr.commit()
                return
            except CONCURRENCY:
                self._give_way(number)
        _logger.warning("%s: result not written, others kept writing; it runs again", item.id)

    @api.model
    def _is_ours(self, item, fence):
        """Whether this claim is still the latest, and the item still running."""
        item.invalidate_recordset()
        ours = item.fence == fence and item.outcome == "running"
        if not ours:
            _logger.info("%s was taken over or ended meanwhile; result dropped", item.code)
        return ours

    @api.model
    def _put_off(self, item, fence, later, hosts):
        """Free the lease of an item its host is still at; it is asked again in a moment."""
        if not self._is_ours(item, fence):
            return
        again = fields.Datetime.now() + AGAIN
        if isinstance(later, Forgotten):
            hosts.recalled.discard(item.release_id.id)
        elif isinstance(later, HostAway):
            item.release_id._store(away_since(item.release_id))
            again += AWAY_AGAIN
        else:
            self._host_is_back(item.release_id)
        item._store({"lease_until": False, "lease_holder": False, "resume_at": again})
        item._take_progress(later.progress)

    @api.model
    def _host_is_back(self, release):
        if release.host_away_since:
            release._store({"host_away_since": False})

    @api.model
    def _settle(self, item, fence, result, snapshot_name):
        """Settle the item, if this claim is still the latest.

        :param snapshot_name: the snapshot it was measured in, or ``None`` where none was open
        """
        if not self._is_ours(item, fence):
            return
        if snapshot_name:
            self._measure_again(item, snapshot_name)
            item._store({"snapshot_name": snapshot_name})
        item._store({"lease_until": False, "lease_holder": False, "queued_at": False})
        item._settle(result)

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
