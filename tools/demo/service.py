"""Odoo in the background: ``service.py FOLDER start``, ``stop`` or ``status``.

What the demo's host helper controls in place of systemd. It runs what ``FOLDER/service.json`` says,
``{"argv": [...], "env": {...}}``, and it outlives who started it. ``status`` exits with 0 when it
runs, with 3 when it does not. Standard library only: the helper starts it without our packages.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

#: What is tried to end Odoo, each for some seconds. The first signal can be lost: it arrives just
#: before the server goes to sleep for a minute.
SIGNALS = ((signal.SIGTERM, 10), (signal.SIGTERM, 20), (signal.SIGKILL, 20))
NOT_RUNNING = 3


class Service:
    """One program in the background, known by its process and when that began.

    :param folder: holds ``service.json``; gets ``service.pid`` and ``service.out``
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._known = folder / "service.pid"

    def start(self):
        """Start it, unless it runs; returns at once."""
        if self.pid():
            return
        told = json.loads((self._folder / "service.json").read_text())
        with (self._folder / "service.out").open("ab") as output:
            process = subprocess.Popen(
                told["argv"],
                env=told["env"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        partial = self._known.with_suffix(".part")
        partial.write_text(f"{process.pid} {_began(process.pid)}")
        partial.rename(self._known)

    def stop(self):
        """End it and return when it is gone."""
        for number, seconds in SIGNALS:
            pid = self.pid()
            if pid:
                os.kill(pid, number)
                self._wait_for_end(pid, seconds)

    def _wait_for_end(self, pid: int, seconds: float):
        deadline = time.monotonic() + seconds
        while self.pid() == pid and time.monotonic() < deadline:
            time.sleep(0.05)

    def pid(self) -> int:
        """The process; 0 when it does not run."""
        try:
            number, began = self._known.read_text().split()
        except (OSError, ValueError):
            return 0
        return int(number) if began and began == _began(int(number)) else 0


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty when it is no more."""
    try:
        # The name of the program, in parentheses, may hold anything.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def main():
    service = Service(Path(sys.argv[1]))
    if sys.argv[2] == "status":
        return 0 if service.pid() else NOT_RUNNING
    {"start": service.start, "stop": service.stop}[sys.argv[2]]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
