"""Connections to hosts, one for each target, shared by the items of one pass of the queue."""

from contextlib import ExitStack, contextmanager

#: Where the queue hands its pool to the items it works off. A Python object: no RPC can send it.
HOSTS_KEY = "ipai_host_pool"


class HostPool:
    """Keeps a connection to each host that was asked, and what this pass knows of releases."""

    def __init__(self):
        self._stack = ExitStack()
        self._clients = {}
        #: Ids of releases whose host was asked whether this database has forgotten anything.
        self.recalled = set()
        #: Ids of releases whose record did not come back.
        self.refused = set()
        #: ``{release id: time.monotonic()}`` before which a host that is away is not tried again.
        self.next_try = {}
        #: ``{release id: head}`` of the records the host was given.
        self.kept = {}
        #: ``{release id: values of an anchor}`` that hosts wrote down, and this database not yet.
        self.anchors = {}

    def client(self, target):
        """The client of a target's host helper.

        :raises CheckError: something the connection needs is missing
        """
        if target.id not in self._clients:
            self._clients[target.id] = self._stack.enter_context(target._host_client())
        return self._clients[target.id]

    def close(self):
        self._clients.clear()
        self._stack.close()


@contextmanager
def hosts_of(env):
    """The pool the queue handed over, or one for just this call."""
    shared = env.context.get(HOSTS_KEY)
    if isinstance(shared, HostPool):
        yield shared
        return
    pool = HostPool()
    try:
        yield pool
    finally:
        pool.close()
