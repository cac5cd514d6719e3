"""Looks whether Odoo is up, and how soon after it the release goes on."""

import time

import psycopg2
from background import Background

#: Grows with each item that is claimed, and each time a host is asked again.
CLAIMS = "SELECT coalesce(sum(fence), 0) FROM ipai_release_item"
#: Whether the machine has anything to do.
OPEN = """
SELECT EXISTS (
    SELECT FROM ipai_release_item item JOIN ipai_release_phase phase ON phase.id = item.phase_id
     WHERE item.mode = 'automated' AND phase.state = 'running'
       AND (item.outcome = 'running' OR item.outcome = 'pending' AND item.queued_at IS NOT NULL))
"""


class Watcher(Background):
    """A context in which every return of Odoo is timed.

    ``delays`` are seconds from Odoo's first answer to the release's next step, one a return while
    the machine had something to do.
    """

    def __init__(self, host):
        super().__init__()
        self.delays = []
        self._host = host
        self._was_up = True

    def _look(self):
        up = self._host.answers(timeout=2)
        if up and not self._was_up:
            self._time_return()
        self._was_up = up

    def _time_return(self):
        began = time.monotonic()
        before = self._ask(CLAIMS)
        while self._ask(OPEN) and not self._stop.is_set():
            if self._ask(CLAIMS) != before:
                self.delays.append(time.monotonic() - began)
                return
            if not self._host.answers(timeout=2):
                return  # it was killed again: the next return counts
            time.sleep(0.1)

    def _ask(self, query):
        """The one figure; None while PostgreSQL is down or the database's name is swapped."""
        try:
            with self._host.connected() as cr:
                cr.execute(query)
                return cr.fetchone()[0]
        except psycopg2.Error:
            return None
