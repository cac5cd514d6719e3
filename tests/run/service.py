"""The service that checks ask over HTTP: it counts who asks, and lets a check wait."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Seconds a check is kept waiting at most.
PATIENCE = 60


class Service(ThreadingHTTPServer):
    """Answers every path with 200, unless told otherwise.

    A path below ``/held`` is answered when the test calls :meth:`let_go`.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = Counter()
        self.status = 200
        self._go = threading.Event()
        self._changed = threading.Condition()
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_until_asked(self, path, times=1):
        """Return when ``path`` was asked for so many times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.asked[path] >= times, PATIENCE), (
                f"{path} was asked {self.asked[path]} times, not {times}"
            )

    def let_go(self):
        """Answer who waits, and from now on everybody at once."""
        self._go.set()

    def note(self, path):
        with self._changed:
            self.asked[path] += 1
            self._changed.notify_all()
        if path.startswith("/held"):
            self._go.wait(PATIENCE)

    def handle_error(self, request, client_address):
        """Clients of these tests are killed: that they hang up is no news."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.note(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):  # noqa: A002 - the name is the library's
        """The tests ask ``asked``."""
