"""Odoo as a process that the tests start, kill and start again."""

import socket
import subprocess
import time

import requests

from tools.demo import server

#: Seconds until the login page has to answer.
PATIENCE = 120


class House:
    """An Odoo of its own on the test's database, with its own scheduler.

    :param runtime: of :mod:`tools.runtime`
    :param database: name of the database it serves
    """

    def __init__(self, runtime, database):
        self._runtime = runtime
        self.database = database
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = server.log_of(runtime, database)
        self.log.unlink(missing_ok=True)
        self._process = None

    def start(self):
        """Start and wait until it answers."""
        self._process = subprocess.Popen(
            server.options(self._runtime, self.database, self.port), env=self._runtime.variables
        )
        self.wait_until_open()

    def wait_until_open(self):
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self.is_open(), f"Odoo ended: see {self.log}"
            assert time.monotonic() < deadline, f"Odoo does not answer: see {self.log}"
            time.sleep(0.2)

    def is_open(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """``kill -9``: it writes nothing any more and says goodbye to nobody."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def _answers(self):
        try:
            return requests.get(f"{self.address}/web/login", timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
