"""A shop's host in one folder: a database, an addon in git, Odoo as a service, the host helper."""

import configparser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from house import House

from tools import cluster, database
from tools.demo import server
from tools.demo.shopcode import BRANCH, git
from tools.places import ADDONS

HELPER = ADDONS / "ipai_release_checks/host/release_host.py"
#: The addon that releases put live here.
WARE = "ipai_run_ware"
MANIFEST = '{{"name": "Ware", "version": "{version}", "depends": ["base"], "license": "LGPL-3"}}\n'
BEFORE, AFTER = "1.0.0", "1.0.1"
#: The file that a version changes, as git names it.
FILES = [f"{WARE}/__manifest__.py"]
#: A version whose upgrade raises.
RAISES = {
    f"migrations/{AFTER}/post-migrate.py": "def migrate(cr, version):\n    raise ValueError('no')\n"
}
#: Starts, stops and looks at Odoo as a supervisor does: the process outlives who asked.
SUPERVISOR = """
import json, os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(__file__).parent
pid_file = folder / "odoo.pid"

def alive():
    try:
        pid = int(pid_file.read_text())
        return pid if "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] else 0
    except (OSError, ValueError):
        return 0

def stop():
    pid = alive()
    if pid:
        os.kill(pid, signal.SIGTERM)
    while alive():
        time.sleep(0.05)

def start():
    if alive():
        return
    told = json.loads((folder / "service.json").read_text())
    if os.fork():
        os.wait()
        return
    process = subprocess.Popen(told["argv"], env=told["env"], start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    pid_file.write_text(str(process.pid))
    os._exit(0)

if sys.argv[1] == "status":
    sys.exit(0 if alive() else 3)
{"start": start, "stop": stop}[sys.argv[1]]()
"""


class HostedHouse(House):
    """An Odoo on a database of its own, run as a service that the host helper controls.

    :param runtime: of :mod:`tools.runtime`
    :param database: name of the database it makes; those that begin so are its own as well
    :param folder: for everything of the host
    """

    def __init__(self, runtime, database, folder):
        super().__init__(runtime, database)
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.backups = self.folder / "backups"
        self.clone = self.folder / "clone"
        self._desk = self.folder / "desk"

    # -- made once ---------------------------------------------------------------------------

    def build(self):
        self.backups.mkdir(parents=True)
        self._make_repository()
        self._make_database()
        self._write_service()
        self._write_configuration()
        return self

    def _make_repository(self):
        remote = self.folder / "remote.git"
        git(self.folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", remote)
        git(self.folder, "clone", "--quiet", remote, self._desk)
        git(self._desk, "checkout", "--quiet", "-B", BRANCH)
        self.before = self.publish(BEFORE)
        git(self.folder, "clone", "--quiet", remote, self.clone)

    def publish(self, version, files=()):
        """Push a version of the addon to the remote and return its commit."""
        if version != BEFORE:
            git(self._desk, "reset", "--quiet", "--hard", self.before)
        (self._desk / ".gitignore").write_text("__pycache__/\n")
        addon = self._desk / WARE
        addon.mkdir(exist_ok=True)
        (addon / "__init__.py").write_text("")
        (addon / "__manifest__.py").write_text(MANIFEST.format(version=version))
        for name, text in dict(files).items():
            (addon / name).parent.mkdir(parents=True, exist_ok=True)
            (addon / name).write_text(text)
        git(self._desk, "add", "--all")
        git(self._desk, "commit", "--quiet", "--message", f"Ware {version}")
        git(self._desk, "push", "--quiet", "--force", "origin", BRANCH)
        return git(self._desk, "rev-parse", "HEAD")

    def go_back(self):
        """As before any release: the old version in the clone and in the database."""
        git(self.clone, "checkout", "--quiet", "--force", "-B", BRANCH, self.before)
        values = ("-v", f"version={self._runtime.series}.{BEFORE}", "-v", f"name={WARE}")
        statement = "UPDATE ir_module_module SET latest_version = :'version' WHERE name = :'name';"
        argv = ["psql", "--quiet", *values, self.database]
        self._runtime.run(argv, input=statement, **TEXT)

    def head(self):
        return git(self.clone, "rev-parse", "HEAD")

    def _make_database(self):
        self.drop()
        database.new(self._runtime, self.database, ["ipai_release_checks"])
        self._make_people()
        self._runtime.run(
            self._odoo(f"--init={WARE}", "--stop-after-init", "--no-http", "--logfile="),
            check=True,
            capture_output=True,
        )
        database.put_jobs_off(self._runtime, self.database)

    def _make_people(self):
        """In a process of its own: that of the tests has another database's registry."""
        argv = [self._runtime.python, "-m", "tools.demo.inside", "people", self.database]
        path = f"--addons-path={self._runtime.addons_path}"
        self._runtime.run([*argv, path, f"--data-dir={self._runtime.data}"], check=True)

    def _odoo(self, *options):
        """Odoo's command line with the shop's own addons first."""
        argv = server.options(self._runtime, self.database, self.port)
        path = f"--addons-path={self.clone},{self._runtime.addons_path}"
        own = [path if str(word).startswith("--addons-path") else word for word in argv]
        return [*own, *options]

    def _write_service(self):
        environment = {**self._runtime.variables, "IPAI_RELEASE_HOST_COMMAND": self.helper("serve")}
        told = {"argv": list(map(str, self._odoo())), "env": environment}
        (self.folder / "service.json").write_text(json.dumps(told))
        (self.folder / "service.py").write_text(SUPERVISOR)

    def helper(self, *arguments):
        """The helper's command line as one text."""
        return " ".join(
            map(str, (sys.executable, HELPER, "--config", self.folder / "host.ini", *arguments))
        )

    def _write_configuration(self):
        (self.folder / "odoo.conf").write_text("[options]\n")
        variables = self._runtime.variables
        service = f"{sys.executable} {self.folder / 'service.py'}"
        settings = {
            "host": {"state": self.state},
            "odoo": {
                "database": self.database,
                "config": self.folder / "odoo.conf",
                "command": self._command(),
                "data_dir": self._runtime.data,
                "url": self.address,
                "log": self.log,
            },
            "postgresql": {
                "host": variables["PGHOST"],
                "port": variables["PGPORT"],
                "user": variables["PGUSER"],
                "bin": cluster.programs(),
            },
            "service": {
                "manager": "command",
                "start": f"{service} start",
                "stop": f"{service} stop",
                "status": f"{service} status",
            },
            "repository": {"path": self.clone, "branches": BRANCH, "addons": "."},
            "backup": {"folder": self.backups},
            "environment": {
                name: variables[name] for name in ("PYTHONPATH", "PGHOST", "PGPORT", "PGUSER")
            },
        }
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str
        parser.read_dict(settings)
        path = self.folder / "host.ini"
        with path.open("w") as file:
            parser.write(file)
        path.chmod(0o600)

    def _command(self):
        """Odoo without arguments but those that say where addons are."""
        path = f"--addons-path={self.clone},{self._runtime.addons_path}"
        return " ".join(map(str, (*self._runtime.program, path)))

    # -- the service -------------------------------------------------------------------------

    def _service(self, action):
        argv = [sys.executable, self.folder / "service.py", action]
        return subprocess.run(argv, check=False).returncode

    def start(self):
        self._service("start")
        self.wait_until_open()

    def is_open(self):
        return self._service("status") == 0

    def kill(self):
        """``kill -9``: Odoo says goodbye to nobody."""
        pid = int((self.folder / "odoo.pid").read_text())
        subprocess.run(["kill", "-9", str(pid)], check=True)
        while self.is_open():
            pass

    def stop(self):
        self._service("stop")

    # -- beside the service ------------------------------------------------------------------

    def shell(self, script, name):
        """Run a script in Odoo's shell on one of the house's databases; return what it printed."""
        argv = self._runtime.odoo(
            "shell", f"--database={name}", "--no-http", "--log-level=warn", "--max-cron-threads=0"
        )
        return self._runtime.run(argv, input=script, **TEXT).stdout

    def copy(self, ending, source=""):
        """Copy a database that nobody is connected to, as a backup of it would bring it back."""
        self.drop_copy(ending)
        name = f"{self.database}{ending}"
        argv = ["createdb", f"--template={self.database}{source}", name]
        self._runtime.run(argv, check=True)
        # A restored database reads the same files: their content is their name.
        filestore = self._runtime.data / "filestore"
        (filestore / name).symlink_to(filestore / self.database)

    def drop_copy(self, ending):
        name = f"{self.database}{ending}"
        self._runtime.run([*DROP, "--if-exists", name], **TEXT)
        (self._runtime.data / "filestore" / name).unlink(missing_ok=True)

    def drop(self):
        """Remove its databases and their files, those that restores kept too."""
        run = self._runtime.run
        known = run(["psql", "-Atc", "SELECT datname FROM pg_database", "postgres"], **TEXT).stdout
        for name in known.split():
            if name.startswith(self.database):
                run([*DROP, name], check=True)
                shutil.rmtree(self._runtime.data / "filestore" / name, ignore_errors=True)


#: As superuser: --force is refused to others where autovacuum is at work in the database.
DROP = ("dropdb", "--force", f"--username={os.environ['IPAI_PGADMIN']}")
TEXT = {"check": True, "capture_output": True, "text": True}
