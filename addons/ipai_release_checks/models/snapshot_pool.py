"""One snapshot per phase, shared by the checks of one pass of the queue."""

import time
from contextlib import contextmanager

from odoo import sql_db

from ..checks.snapshot import Snapshot

#: Where the queue hands its pool to the items it works off. A Python object: no RPC can send it.
POOL_KEY = "ipai_snapshot_pool"


class SnapshotPool:
    """Keeps the snapshot of the phase worked on; another phase gets a new one.

    :param dbname: database of this Odoo
    """

    def __init__(self, dbname):
        self._dbname = dbname
        self._phase = None
        self._snapshot = None
        self._opened = 0.0

    def snapshot(self, phase):
        """The snapshot of ``phase``, opened at its first use."""
        if not self._holds(phase):
            self.close()
            self._snapshot = self._open(phase.release_id.target_id)
            self._phase = phase.id
            self._opened = time.monotonic()
        return self._snapshot

    def name(self, phase):
        """Name of the phase's snapshot; ``None`` when none is open."""
        return self._snapshot.identity.name if self._holds(phase) else None

    def phases(self):
        """Ids of the phases whose snapshot is open."""
        return [self._phase] if self._snapshot is not None and self._snapshot.is_open else []

    def age(self):
        """Seconds since the snapshot in use was opened."""
        return time.monotonic() - self._opened

    def _holds(self, phase):
        return self._phase == phase.id and self._snapshot.is_open

    def _open(self, target):
        _name, connection = sql_db.connection_info_for(self._dbname)
        snapshot = Snapshot(
            connection,
            statement_timeout_ms=target.statement_timeout * 1000,
            role=target.check_role or None,
        )
        # Opened here and now: one that cannot be opened is not kept for the next check.
        snapshot.open()
        return snapshot

    def close(self):
        if self._snapshot is not None:
            self._snapshot.close()
        self._snapshot = self._phase = None


@contextmanager
def pool_of(env):
    """The pool the queue handed over, or one for just this call."""
    shared = env.context.get(POOL_KEY)
    if isinstance(shared, SnapshotPool):
        yield shared
        return
    pool = SnapshotPool(env.cr.dbname)
    try:
        yield pool
    finally:
        pool.close()
