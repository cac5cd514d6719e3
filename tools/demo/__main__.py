"""Make the demo and serve it: ``python3 -m tools.demo``, or ``make demo``.

A company with months of accounting, its people, a release that goes well, and the same release on
a copy in which records were damaged. Each run starts afresh; ``--keep`` serves what the last run
left instead.
"""

import argparse
import contextlib
import os
import socket

from tools import database, setup, source
from tools.places import ADDONS, BUILD
from tools.say import Missing, command, say, step

from . import databases, server
from .password import password
from .release import DemoRelease, People

#: Who finds a release to approve when the demo is served.
WAITING_FOR = "fiona"


def main():
    arguments = _arguments()
    demo = Demo(setup.prepare([arguments.series])[0], arguments.database)
    _refuse_taken_port(arguments.port)
    if not arguments.keep:
        demo.build()
        demo.release(arguments.port)
    elif arguments.database not in database.names(demo.runtime):
        raise Missing(f"there is no database {arguments.database} to keep: run without --keep")
    if arguments.serve:
        demo.serve(arguments.port)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tools.demo", description=__doc__)
    parser.add_argument("--series", default=source.DEFAULT, choices=source.SERIES)
    parser.add_argument("--database", default="ipai_demo", help="is replaced, if it is there")
    parser.add_argument("--port", type=int, default=8069, help="on 127.0.0.1 (default: 8069)")
    parser.add_argument("--keep", action="store_true", help="serve the database of the last run")
    parser.add_argument(
        "--no-serve",
        dest="serve",
        action="store_false",
        default=os.environ.get("SERVE") != "0",
        help="end after the release (also: SERVE=0)",
    )
    return parser.parse_args()


class Demo:
    """The demo database, its damaged copy, and what is done in them."""

    def __init__(self, runtime, name: str):
        self.runtime = runtime
        self.name = name
        self.damaged = f"{name}_damaged"

    def build(self):
        """Make the database: history first, the suite's addons after it, then the people."""
        history = databases.with_history(
            self.runtime, lambda name: self._inside("accounting", name)
        )
        databases.copy(self.runtime, history, self.name)
        addons = [name for name in database.addons() if (ADDONS / name).is_dir()]
        for line in database.install(self.runtime, self.name, addons):
            say(line)
        self._inside("people", self.name)
        databases.copy(self.runtime, self.name, self.damaged)
        self._python("tools.demo.damage", self.damaged)

    def release(self, port: int):
        """Run the release in the sound database and in the damaged one, and print their logs."""
        with self._served(self.name, port) as plan:
            plan("1.0.9").to_the_end(BUILD / "execution-log.pdf")
            plan("1.0.9, second shop").to_the_last_signature(WAITING_FOR)
        with self._served(self.damaged, port) as plan:
            plan("1.0.9").to_the_end(BUILD / "execution-log-damaged.pdf")

    @contextlib.contextmanager
    def _served(self, name: str, port: int):
        """Serve a database and yield what plans a release in it."""
        with step(f"Releases in {name}"), server.serving(self.runtime, name, port) as address:
            people = People(address, name, password())
            target = {"database": name, "base_url": address}
            log = str(server.log_of(self.runtime, name))
            yield lambda title: DemoRelease(people, {**target, "log_path": log}, title)

    def serve(self, port: int):
        """Serve until Ctrl-C."""
        self._inside("logins", self.name)
        log = server.log_of(self.runtime, self.name)
        say(
            f"\nOdoo {self.runtime.series} on http://127.0.0.1:{port}/odoo until Ctrl-C; log: {log}"
        )
        say(f"A release waits for the signature of {WAITING_FOR}: log in and open Releases.")
        again = f"--keep --series {self.runtime.series} --database {self.name} --port {port}"
        say(f"The same again without building: python3 -m tools.demo {again}\n")
        self.runtime.execute(server.options(self.runtime, self.name, port))

    def _inside(self, step_name: str, name: str):
        self._python(
            "tools.demo.inside",
            step_name,
            name,
            f"--addons-path={self.runtime.addons_path}",
            f"--data-dir={self.runtime.data}",
        )

    def _python(self, module: str, *options: str):
        done = self.runtime.run([self.runtime.python, "-m", module, *options], check=False)
        if done.returncode:
            raise Missing(f"{module} {' '.join(options[:2])} failed: see the lines above")


def _refuse_taken_port(port: int):
    """Say so before minutes of work, not after them."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Missing(f"port {port} is in use: choose another with --port")


if __name__ == "__main__":
    command(main)
