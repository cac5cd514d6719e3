"""A sliding window of requests per client, kept in the memory of one process."""

from collections import OrderedDict, deque


class RateLimit:
    """At most ``limit`` requests of one client in ``window`` seconds.

    :param int limit: requests allowed in the window.
    :param float window: seconds.
    :param int clients: how many clients are remembered; the one not seen longest is forgotten.
    """

    def __init__(self, limit, window, clients=10_000):
        self.limit = limit
        self.window = window
        self.clients = clients
        self._seen = OrderedDict()

    def allows(self, client, now):
        """Count a request and say whether it is within the limit.

        :param client: hashable, for instance an address.
        :param float now: seconds on a clock that never goes back.
        """
        times = self._seen.setdefault(client, deque())
        self._seen.move_to_end(client)
        while times and times[0] <= now - self.window:
            times.popleft()
        if len(self._seen) > self.clients:
            self._seen.popitem(last=False)
        if len(times) >= self.limit:
            return False
        times.append(now)
        return True
