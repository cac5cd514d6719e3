"""Make the demo and serve it: ``python3 -m tools.demo``, or ``make demo``.

A company with months of accounting, its people, and a release that goes live on this machine, for
real. The stories (:mod:`tools.demo.stories`) are ``deploy``, ``rollback`` and ``restore``. Each run
starts afresh; ``--keep`` serves what the last run left instead.
"""

import argparse
import contextlib
import os
import signal
import socket

from tools import database, setup, source
from tools.places import ADDONS
from tools.say import Missing, command, say, step

from . import databases, stories
from .password import password
from .release import DemoRelease, People
from .shophost import DemoHost


def main():
    arguments = _arguments()
    demo = Demo(
        setup.prepare([arguments.series])[0], arguments.database, arguments.port, arguments.story
    )
    demo.close()
    _refuse_taken_port(arguments.port)
    host = demo.kept() if arguments.keep else stories.STORIES[arguments.story](demo)
    if arguments.serve:
        demo.serve(host)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tools.demo", description=__doc__)
    parser.add_argument("--series", default=source.DEFAULT, choices=source.SERIES)
    parser.add_argument("--story", default=next(iter(stories.STORIES)), choices=stories.STORIES)
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
    """What the stories are made of: hosts with the shop's database, and people who work there.

    :param runtime: of :mod:`tools.runtime`
    :param name: of the database; copies have it as prefix
    :param port: on 127.0.0.1
    :param story: one of ``stories.STORIES``
    """

    def __init__(self, runtime, name: str, port: int, story: str):
        self.runtime = runtime
        self._name = name
        self._port = port
        self._story = story

    def host(self, suffix: str = "") -> DemoHost:
        """A host as before the release: 1.0.8 in the code and in the database, Odoo stopped."""
        host = self._host(suffix)
        host.build()
        history = databases.with_history(
            self.runtime, lambda name: self._inside(self.runtime, "accounting", name)
        )
        ready = databases.ready(self.runtime, history, lambda name: self._install(host, name))
        databases.copy(self.runtime, ready, host.database)
        return host

    def kept(self) -> DemoHost:
        """The host that the last run left.

        :raises Missing: there is none
        """
        host = self._host(stories.SUFFIXES[self._story])
        if host.database not in database.names(self.runtime) or not host.folder.is_dir():
            raise Missing(f"there is no database {host.database} to keep: run without --keep")
        return host

    def _host(self, suffix):
        return DemoHost(self.runtime, self._name + suffix, self._port)

    def _install(self, host, name):
        """History is first, the suite's addons after it, then the people."""
        addons = [addon for addon in database.addons() if (ADDONS / addon).is_dir()]
        for line in database.install(host.runtime, name, addons):
            say(line)
        self._inside(host.runtime, "people", name)

    @contextlib.contextmanager
    def at_work(self, host: DemoHost):
        """Serve the host's database and yield what plans a release in it."""
        with step(f"Release in {host.database}"):
            host.start()
            try:
                people = People(host.address, host.database, password())
                yield lambda title, code: self._plan(host, people, title, code)
            finally:
                host.stop()

    def _plan(self, host, people, title, code):
        """A release on this machine; without code, one whose host Odoo does not reach."""
        target = {
            "name": "Larch Harbour" if code else "Larch Harbour, second shop",
            "host_kind": "local" if code else "none",
            "database": host.database,
            "base_url": host.address,
            "log_path": str(host.log),
        }
        return DemoRelease(people, target, title, code or {})

    def damage(self, host: DemoHost):
        """Damage the host's database, as a careless hand on a console would."""
        self._python("tools.demo.damage", host.database)

    def close(self):
        """Stop what an earlier run may have left running."""
        for suffix in ("", *stories.SUFFIXES.values(), stories.DAMAGED):
            self._host(suffix).stop()

    def serve(self, host: DemoHost):
        """Serve until Ctrl-C."""
        host.start()
        self._inside(host.runtime, "logins", host.database)
        say(f"\nOdoo {self.runtime.series} on {host.address}/odoo until Ctrl-C; log: {host.log}")
        say(stories.INVITATIONS[self._story])
        again = f"--keep --series {self.runtime.series} --story {self._story}"
        again += f" --database {self._name} --port {self._port}"
        say(f"The same again without building: python3 -m tools.demo {again}\n")
        try:
            # Not Odoo's own process: a release that somebody starts restarts Odoo.
            signal.pause()
        finally:
            host.stop()

    def _inside(self, runtime, step_name: str, name: str):
        self._python(
            "tools.demo.inside",
            step_name,
            name,
            f"--addons-path={runtime.addons_path}",
            f"--data-dir={runtime.data}",
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
