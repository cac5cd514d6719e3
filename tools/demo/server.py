"""Odoo as a process of its own, while the demo's people work in it."""

import contextlib
import subprocess
import time
import urllib.error
import urllib.request

from tools.places import LOGS, made
from tools.say import Missing

#: Seconds until the login page has to answer; the first page builds the assets.
PATIENCE = 180


def log_of(runtime, database: str):
    """Path of the log that Odoo writes while it serves ``database``."""
    return made(LOGS) / f"{runtime.series}-{database}.log"


def options(runtime, database: str, port: int) -> list:
    """The command line of an Odoo that serves one database on 127.0.0.1."""
    return runtime.odoo(
        f"--database={database}",
        f"--db-filter=^{database}$",
        f"--http-port={port}",
        f"--logfile={log_of(runtime, database)}",
    )


@contextlib.contextmanager
def serving(runtime, database: str, port: int):
    """Serve ``database`` and yield its address; stop when the block ends.

    :raises Missing: when it ends or does not answer in time
    """
    log_of(runtime, database).unlink(missing_ok=True)
    process = subprocess.Popen(options(runtime, database, port), env=runtime.variables)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address, log_of(runtime, database))
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait(process, address: str, log):
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(address + "/web/login", timeout=PATIENCE),  # noqa: S310 our own
        ):
            return
        time.sleep(0.3)
    raise Missing(f"Odoo does not answer on {address}: see {log}")
