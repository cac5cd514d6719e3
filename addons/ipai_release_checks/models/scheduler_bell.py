import logging
import threading
import time

import psycopg2
from odoo import SUPERUSER_ID, api, models, sql_db

_logger = logging.getLogger(__name__)

#: Seconds after the registry was loaded at which the scheduler is rung for. Odoo's cron threads and
#: workers sleep for a minute after they start, and wake for nothing but this notification; they
#: begin to listen at about the time the registry is ready (17.0 and 18.0 pass over a database whose
#: registry is not ready yet), so one ring alone could be heard by nobody.
RINGS = (0.5, 1.5, 3, 6)
OPEN_WORK = """
SELECT FROM ipai_release_item item
  JOIN ipai_release_phase phase ON phase.id = item.phase_id
 WHERE item.mode = 'automated' AND phase.state IN ('running', 'blocked')
   AND (item.outcome = 'running' OR item.outcome = 'pending' AND item.queued_at IS NOT NULL)
 LIMIT 1
"""


class ReleaseQueue(models.AbstractModel):
    """Goes on as soon as Odoo is up again, not when its scheduler happens to look."""

    _inherit = "ipai.release.queue"

    def _register_hook(self):
        super()._register_hook()
        self.env.cr.execute(OPEN_WORK)
        if self.env.cr.rowcount:
            _ring_soon(self.env.cr.dbname)


def _ring_soon(database):
    """Wake the scheduler for ``database`` a few times, from a thread that keeps nobody waiting."""
    threading.Thread(target=_ring, args=(database,), name="ipai.release.bell", daemon=True).start()


def _ring(database):
    started = time.monotonic()
    for moment in RINGS:
        time.sleep(max(0.0, started + moment - time.monotonic()))
        try:
            _wake(database)
        except psycopg2.Error as problem:
            _logger.info("The scheduler was not woken (%s); it looks by itself", problem)
            return


def _wake(database):
    """Make the queue due, in a transaction of this thread's own, and wake the scheduler for it."""
    with sql_db.db_connect(database).cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["ipai.release.queue"]._wake()
