"""Everything that running Odoo of one series needs, found or made on first use."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import cluster, environment, source
from tools.places import ADDONS, CACHE, DATA, ROOT, TEST_ADDONS, made


@dataclass(frozen=True)
class Runtime:
    """Odoo of one series with the suite's addons, the private cluster and its own data folder."""

    source: source.Source
    python: Path
    services: dict

    @property
    def series(self):
        return self.source.series

    @property
    def data(self):
        """Odoo's data folder (filestore, sessions) of this series."""
        return DATA / self.series

    @property
    def addons_path(self):
        """Value of ``--addons-path``: core addons beside the tree, the suite's, the tests'."""
        own = [folder for folder in (ADDONS, TEST_ADDONS) if any(folder.glob("*/__manifest__.py"))]
        return ",".join(map(str, [*self.source.addons_paths, *own]))

    @property
    def variables(self):
        """The environment of an Odoo process. No configuration file of the user is read."""
        return {
            **os.environ,
            **self.services,
            "PYTHONPATH": os.pathsep.join(map(str, (self.source.home, ROOT))),
            "ODOO_RC": str(_empty_configuration()),
            "IPAI_SERIES": self.series,
            "TZ": "UTC",
        }

    def odoo(self, *arguments):
        """Return the command line that runs Odoo with ``arguments``.

        A first argument without a dash is a subcommand, such as ``shell``.
        """
        command = arguments[:1] if arguments and not arguments[0].startswith("-") else ()
        return [
            *self.program,
            *command,
            f"--addons-path={self.addons_path}",
            f"--data-dir={made(self.data)}",
            "--http-interface=127.0.0.1",
            *arguments[len(command) :],
        ]

    @property
    def program(self):
        """The command line that runs Odoo without arguments.

        A file where there is one: with workers Odoo starts itself anew by the name of its program,
        which is no good one after ``-m odoo``.
        """
        home = self.source.home
        # Of a source tree, and of a distribution's package.
        starters = (home / "odoo-bin", home.parent.parent.parent / "bin/odoo")
        found = [starter for starter in starters if starter.is_file()]
        return (self.python, *(found[:1] or ("-m", "odoo")))

    def run(self, argv, **options):
        """Run a program in this environment; options as of :func:`subprocess.run`."""
        return subprocess.run(argv, env=self.variables, **options)  # noqa: PLW1510

    def execute(self, argv):
        """Become the program ``argv``: signals and the terminal are then its own."""
        os.execve(argv[0], list(map(str, argv)), self.variables)


def get(series):
    """Return the :class:`Runtime` of ``series``, such as "19.0".

    :raises tools.say.Missing: a piece is missing and cannot be fetched.
    """
    return Runtime(
        source=source.find(series),
        python=environment.python(),
        services=cluster.start(),
    )


def _empty_configuration():
    """Return an empty configuration file, so that nobody's own ``~/.odoorc`` takes part."""
    path = made(CACHE) / "odoo.conf"
    if not path.exists():
        path.write_text("[options]\n")
    return path
