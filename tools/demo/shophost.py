"""The demo's own host: this machine, with Odoo as a service that the host helper controls.

Everything of it lies in one folder of the cache: the shop's code in git, the configuration of Odoo
and of the helper, backups, and what the helper remembers.
"""

import configparser
import json
import os
import shlex
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, fields
from pathlib import Path

from tools import cluster
from tools.places import ADDONS, CACHE, made
from tools.runtime import Runtime
from tools.say import Missing

from . import service
from .password import password
from .shopcode import BRANCH, ShopCode

HOSTS = CACHE / "demo"
HELPER = ADDONS / "ipai_release_checks/host/release_host.py"
#: Who the helper logs in as, to see whether Odoo answers to people: a user who may do least.
PROBE = "vera"
#: Seconds until the login page has to answer; the first page builds the assets.
PATIENCE = 180


@dataclass(frozen=True)
class ShopRuntime(Runtime):
    """The runtime of a series with the shop's own code before everything else."""

    code: Path = None

    @property
    def addons_path(self):
        """Value of ``--addons-path``: of two addons of one name Odoo takes the first."""
        return f"{self.code},{super().addons_path}"


class DemoHost:
    """One database with its Odoo and its host helper.

    :param runtime: of :mod:`tools.runtime`
    :param database: the one it serves
    :param port: on 127.0.0.1
    """

    def __init__(self, runtime, database: str, port: int):
        self.folder = HOSTS / database
        self.database = database
        self.address = f"http://127.0.0.1:{port}"
        self.log = self.folder / "odoo.log"
        self.code = None
        self._port = port
        known = {field.name: getattr(runtime, field.name) for field in fields(Runtime)}
        self.runtime = ShopRuntime(**known, code=self.folder / "code/shop")
        self._service = service.Service(self.folder)

    # -- made --------------------------------------------------------------------------------

    def build(self):
        """Make the host afresh, with the payment addon as 1.0.8; its database is not made here."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("state", "backups"):
            made(self.folder / name).chmod(0o700)
        self.code = ShopCode(self.folder / "code")
        self._write("odoo.conf", {"options": self._odoo_options()})
        self._write("helper.ini", self._helper_options())
        self._write_private("password", password())
        told = {
            "argv": [*map(str, self.runtime.program), f"--config={self.folder / 'odoo.conf'}"],
            "env": {**self.runtime.variables, "IPAI_RELEASE_HOST_COMMAND": self.helper("serve")},
        }
        self._write_private("service.json", json.dumps(told))

    def helper(self, *arguments: str) -> str:
        """The command line of the host helper."""
        words = (self.runtime.python, HELPER, "--config", self.folder / "helper.ini", *arguments)
        return shlex.join(map(str, words))

    def _odoo_options(self):
        return {
            "addons_path": self.runtime.addons_path,
            "data_dir": self.runtime.data,
            "db_name": self.database,
            "dbfilter": f"^{self.database}$",
            "http_interface": "127.0.0.1",
            "http_port": self._port,
            "list_db": False,
            "logfile": self.log,
        }

    def _helper_options(self):
        variables = self.runtime.variables
        control = (self.runtime.python, "-I", service.__file__, self.folder)
        return {
            "host": {"state": self.folder / "state"},
            "odoo": {
                "database": self.database,
                "config": self.folder / "odoo.conf",
                "command": shlex.join(map(str, self.runtime.program)),
                "data_dir": self.runtime.data,
                "url": self.address,
                "log": self.log,
                "probe_login": PROBE,
                "probe_password_file": self.folder / "password",
            },
            "postgresql": self._postgresql_options(),
            "service": {
                "manager": "command",
                **{
                    action: shlex.join(map(str, (*control, action)))
                    for action in ("start", "stop", "status")
                },
            },
            "repository": {"path": self.runtime.code, "branches": BRANCH, "addons": "."},
            "backup": {"folder": self.folder / "backups", "keep": 2},
            "environment": {
                name: variables[name]
                for name in ("PYTHONPATH", "PGHOST", "PGPORT", "PGUSER", "ODOO_RC")
                if name in variables
            },
        }

    def _postgresql_options(self):
        known = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "passfile": "PGPASSFILE"}
        variables = self.runtime.variables
        told = {name: variables[key] for name, key in known.items() if variables.get(key)}
        # Of a server that the caller's environment names, the caller's programs are the right ones.
        return {**told, "bin": cluster.programs()} if self.runtime.services else told

    def _write(self, name, sections):
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str
        parser.read_dict(sections)
        with self._private(name) as file:
            parser.write(file)

    def _write_private(self, name, text):
        with self._private(name) as file:
            file.write(text)

    def _private(self, name):
        """A new file that its owner alone reads, from the first byte on."""
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(handle, "w")

    # -- started -----------------------------------------------------------------------------

    def start(self):
        """Start Odoo and return when its login page answers.

        :raises Missing: when it ends or does not answer in time
        """
        self._service.start()
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if not self._service.pid() or time.monotonic() > deadline:
                raise Missing(f"Odoo does not answer on {self.address}: see {self.log}")
            time.sleep(0.3)

    def stop(self):
        """Stop Odoo, if it runs."""
        self._service.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/web/login", timeout=PATIENCE):  # noqa: S310
                return True
        except (OSError, urllib.error.URLError):
            return False
