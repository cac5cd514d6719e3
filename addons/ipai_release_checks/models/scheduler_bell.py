import contextlib
import logging
import threading
import time

import psycopg2
from odoo import fields, models
from odoo.sql_db import connection_info_for
from odoo.tools import config

from .release_queue import DUE

_logger = logging.getLogger(__name__)

#: Seconds from the registry to the first look, and between two looks. Odoo's cron threads and
#: workers sleep for a minute after they start, and wake for nothing but a notification.
FIRST, EVERY = 0.5, 2
#: The database in which Odoo's scheduler listens.
LISTENING = "postgres"
WORK_DUE = f"SELECT EXISTS (SELECT {DUE})"
#: Makes the queue due, unless it is.
QUEUE_DUE = """
INSERT INTO ir_cron_trigger (cron_id, call_at, create_uid, create_date, write_uid, write_date)
SELECT queue.res_id, %(now)s, 1, %(now)s, 1, %(now)s
  FROM ir_model_data queue
 WHERE queue.module = 'ipai_release_checks' AND queue.name = 'cron_queue'
   AND NOT EXISTS (
       SELECT FROM ir_cron_trigger due WHERE due.cron_id = queue.res_id AND due.call_at <= %(now)s)
"""

_bells = {}


class ReleaseQueue(models.AbstractModel):
    """Goes on as soon as Odoo is up again, not when its scheduler happens to look."""

    _inherit = "ipai.release.queue"

    def _register_hook(self):
        super()._register_hook()
        if config["max_cron_threads"] and not config["stop_after_init"]:
            _hang(self.env.cr.dbname)


def _hang(database):
    """Have a thread of this process look after the queue of ``database``.

    With workers that is the server's first process, which outlives all others: a worker that was
    killed, or lost PostgreSQL, is followed by one that would sleep.
    """
    bell = _bells.get(database)
    if bell is None or not bell.is_alive():
        _bells[database] = threading.Thread(
            target=_look_after, args=(database,), name="ipai.release.bell", daemon=True
        )
        _bells[database].start()


def _look_after(database):
    time.sleep(FIRST)
    while True:
        try:
            _ring_if_due(database)
        except psycopg2.ProgrammingError as problem:
            _logger.info("The queue of %s is gone: %s", database, problem)
            return
        except psycopg2.Error as problem:
            # PostgreSQL is away, and the queue is to go on as soon as it is back.
            _logger.debug("The queue of %s cannot be looked after: %s", database, problem)
        time.sleep(EVERY)


def _ring_if_due(database):
    """Wake the scheduler when something is due that nobody has claimed."""
    now = {"now": fields.Datetime.now()}
    with _connected(database) as cr:
        cr.execute(WORK_DUE, now)
        if not cr.fetchone()[0]:
            return
        cr.execute(QUEUE_DUE, now)
    with _connected(LISTENING) as cr:
        cr.execute("SELECT pg_notify('cron_trigger', %s)", [database])


@contextlib.contextmanager
def _connected(database):
    """A cursor on a connection of this thread's own, which commits each statement.

    Not of Odoo's pool: the server closes that one before it makes its workers, and they would
    share what is open.
    """
    connection = psycopg2.connect(**connection_info_for(database)[1])
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cr:
            yield cr
