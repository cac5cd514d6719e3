"""A shop's server as it stands in a data centre: PostgreSQL, Odoo, sshd and the host helper, each
a service of a systemd of its own.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg2
import requests
from machine import Machine

from tests.pure.transport.sshd import Sshd
from tools import cluster
from tools.demo.shopcode import ADDON, BRANCH, ShopCode
from tools.places import ADDONS

DATABASE = "shop"
CLEAN = "shop_clean"  # the database as it was before the release
HELPER = "/usr/local/sbin/release_host.py"
CONFIG = "/etc/ipai-release-host.ini"
PROBE = "probe"
#: Seconds for a service to be up.
PATIENCE = 120
#: Of this cluster: as PostgreSQL is by itself, for it is killed. A dead machine alone needs fsync.
SETTINGS = {
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    # The users of three services open its socket; the network cannot.
    "unix_socket_permissions": "0777",
}

UNIT = """\
[Unit]
DefaultDependencies=no
StartLimitIntervalSec=0

[Service]
Type={type}
User={user}
{environment}
ExecStart={command}
Restart={restart}
RestartSec=200ms
{more}
"""

ODOO_CONF = """\
[options]
addons_path = {addons_path}
data_dir = {data}
db_host = {socket}
db_user = odoo
db_name = {database}
dbfilter = ^{database}$
http_interface = 127.0.0.1
http_port = {port}
gevent_port = {longpolling}
workers = 2
max_cron_threads = 1
logfile = {log}
list_db = False
ipai_release_ssh_key = {key}
"""

HELPER_INI = """\
[host]
state = {state}

[odoo]
database = {database}
config = {conf}
command = {odoo}
user = odoo
data_dir = {data}
url = {address}
log = {log}
probe_login = {probe}
probe_password_file = {password}

[postgresql]
host = {socket}
user = odoo

[service]
manager = systemd
name = odoo.service
start_timeout = 60

[repository]
path = {clone}
branches = {branch}
addons = .

[backup]
folder = {backups}

[environment]
PYTHONPATH = {home}
"""


class ShopHost:
    """One server, made once and set back to its beginning for each test.

    :param runtime: of :mod:`tools.runtime`; its Odoo and Python are what runs
    :param probe_password: of the user without rights that the helper logs in as
    """

    def __init__(self, runtime, probe_password: str):
        self._runtime = runtime
        self._probe_password = probe_password
        # Below /var/tmp: the way there is open to the users of the services.
        self.folder = Path(tempfile.mkdtemp(prefix="ipai-host-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        for name in ("postgresql", "data", "logs", "backups", "state", "sshd", "suite"):
            (self.folder / name).mkdir()
        self.machine = Machine(self.folder)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "logs/odoo.log"
        self.state = self.folder / "state"
        self.backups = self.folder / "backups"
        self.sshd = Sshd(self.folder / "sshd")
        self.code = None

    # -- made once ---------------------------------------------------------------------------

    def build(self, database: str):
        """Boot, and bring up everything but Odoo, with the payment addon as 1.0.8.

        :param database: of the runtime's cluster; the shop's begins as a copy of it
        """
        self.machine.start()
        self._open_the_way()
        self.machine.run("useradd", "--system", "--no-create-home", "odoo")
        self._install_suite()
        self.code = ShopCode(self.folder / "code")
        self._write_files()
        self._start_postgresql()
        self._start_sshd()
        self._add_odoo()
        self._copy_database(database)
        self._upgrade()
        self._keep_clean()

    def destroy(self):
        self.machine.stop()
        shutil.rmtree(self.folder)

    def _open_the_way(self):
        """Let the services' users reach Odoo and Python, also where they lie in root's home."""
        python = self._runtime.python
        ends = [python, python.resolve(), self._runtime.source.home]
        ways = {folder for end in ends for folder in end.parents}
        self.machine.run("chmod", "a+rx", *ways)

    def _install_suite(self):
        """The suite lies beside the shop's own code: a release of that does not change it."""
        for manifest in ADDONS.glob("*/__manifest__.py"):
            addon = manifest.parent
            if addon.name != ADDON:
                shutil.copytree(addon, self.folder / "suite" / addon.name)
        helper = self.folder / "suite/ipai_release_checks/host/release_host.py"
        self.machine.run("python3", helper, "install")

    def _write_files(self):
        """Configuration of Odoo and of the helper, and the key that Odoo shows to the host."""
        folders = [self.code.clone, self.folder / "suite", *self._runtime.source.addons_paths]
        password = self.folder / "probe-password"
        password.write_text(self._probe_password)
        values = {
            "addons_path": ",".join(map(str, folders)),
            "address": self.address,
            "backups": self.backups,
            "branch": BRANCH,
            "clone": self.code.clone,
            "conf": self.folder / "odoo.conf",
            "data": self.folder / "data",
            "database": DATABASE,
            "home": self._runtime.source.home,
            "key": self.sshd.key,
            "log": self.log,
            "longpolling": free_port(),
            "odoo": " ".join(map(str, self._runtime.program)),
            "password": password,
            "port": self.port,
            "probe": PROBE,
            "socket": self._socket,
            "state": self.state,
        }
        (self.folder / "odoo.conf").write_text(ODOO_CONF.format(**values))
        self.machine.run("tee", CONFIG, input=HELPER_INI.format(**values))
        for path in (self.folder / "data", self.folder / "logs", self.sshd.key):
            self.machine.run("chown", "-R", "odoo", path)
        for path in (password, self.state):
            self.machine.run("chmod", "go=", path)

    def _start_postgresql(self):
        data = self._socket / "data"
        binaries = cluster.programs()
        self.machine.run("chown", "postgres", self._socket)
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self.machine.run(binaries / "initdb", f"--pgdata={data}", *options, user="postgres")
        settings = {**cluster.SETTINGS, **SETTINGS, "unix_socket_directories": self._socket}
        with (data / "postgresql.conf").open("a") as handle:
            handle.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.add_service(
            "postgresql.service",
            f"{binaries}/postgres -D {data}",
            type="notify",
            user="postgres",
            more="KillMode=mixed\nKillSignal=SIGINT",
        )
        self.machine.systemctl("start", "postgresql.service")
        with self.connected("postgres", user="postgres") as cr:
            cr.execute("CREATE ROLE odoo LOGIN CREATEDB")

    def _start_sshd(self):
        line = self.helper("key-line", f"{self.sshd.key}.pub").stdout
        self.sshd.authorize_line(line.strip())
        self.machine.run("mkdir", "-p", "/run/sshd")
        self.add_service("sshd.service", f"/usr/sbin/sshd -D -e -f {self.folder}/sshd/sshd_config")
        self.machine.systemctl("start", "sshd.service")

    def _add_odoo(self):
        program = " ".join(map(str, self._runtime.program))
        self.add_service(
            "odoo.service",
            f"{program} --config={self.folder}/odoo.conf",
            user="odoo",
            environment=f"Environment=PYTHONPATH={self._runtime.source.home}",
            restart="on-failure",
            more="KillMode=mixed\nTimeoutStopSec=30",
        )

    def _copy_database(self, database):
        dump = self.folder / "begin.dump"
        argv = ["pg_dump", "--format=custom", "--compress=0", f"--file={dump}", database]
        self._runtime.run(argv, check=True)
        self.postgresql("createdb", "--template=template0", "--encoding=UTF8", DATABASE)
        self.postgresql("pg_restore", "--no-owner", "--jobs=2", f"--dbname={DATABASE}", dump)
        dump.unlink()
        shutil.copytree(self._runtime.data / "filestore" / database, self._filestore(DATABASE))
        self.machine.run("chown", "-R", "odoo", self.folder / "data")

    def _upgrade(self):
        """Bring the database to the version of the code, as whoever set the shop up did."""
        self.machine.run(
            "env",
            f"PYTHONPATH={self._runtime.source.home}",
            *self._runtime.program,
            f"--config={self.folder}/odoo.conf",
            f"--update={ADDON}",
            "--stop-after-init",
            "--logfile=",  # where the caller sees it
            "--no-http",
            user="odoo",
        )

    def _keep_clean(self):
        self.postgresql("createdb", f"--template={DATABASE}", CLEAN)
        self.machine.run("cp", "-a", self._filestore(DATABASE), self._filestore(CLEAN))

    # -- set back ----------------------------------------------------------------------------

    def reset(self):
        """As on the first day: 1.0.8 in clone and database, no release, no backup, Odoo up."""
        self.machine.systemctl("stop", "odoo.service")
        self.machine.systemctl("stop", "ipai-release-*", check=False)
        for database in self.databases() - {CLEAN}:
            # As the superuser: a vacuum of the server itself may be at work there.
            self.postgresql("dropdb", "--force", database, user="postgres")
            self.machine.run("rm", "-rf", self._filestore(database))
        self.postgresql("createdb", f"--template={CLEAN}", DATABASE)
        # Before the next checkpoint a copy's sequences fall back in a crash: their pages count on
        # records in the log that only the database they were copied from has.
        with self.connected("postgres", user="postgres") as cr:
            cr.execute("CHECKPOINT")
        self.machine.run("cp", "-a", self._filestore(CLEAN), self._filestore(DATABASE))
        for folder in (self.state, self.backups):
            self.machine.run("find", folder, "-mindepth", "1", "-delete")
        self.code = ShopCode(self.folder / "code")
        self.start()

    def start(self):
        """Start Odoo and wait until it answers."""
        self.machine.systemctl("start", "odoo.service")
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < deadline, f"Odoo does not answer: see {self.log}"
            time.sleep(0.1)

    # -- looked at, and acted on -------------------------------------------------------------

    def log_in(self):
        """Log in as the probe's user, as the helper does."""
        params = {"db": DATABASE, "login": PROBE, "password": self._probe_password}
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = requests.post(f"{self.address}/web/session/authenticate", json=body, timeout=60)
        assert answer.json()["result"]["uid"], answer.text

    def answers(self, timeout: float = PATIENCE) -> bool:
        """Whether the login page is there."""
        try:
            return requests.get(f"{self.address}/web/login", timeout=timeout).ok
        except requests.RequestException:
            return False

    def helper(self, *arguments, **options):
        """Run the helper by hand, as root on the host does."""
        return self.machine.run(HELPER, *arguments, **options)

    def ssh(self, *command, options=()):
        """Run OpenSSH's own client with Odoo's key, as somebody who stole it would."""
        known = self.folder / "sshd/known_hosts"
        known.write_text(f"[{self.sshd.host}]:{self.sshd.port} {self.sshd.host_key}\n")
        trust = ("-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes", "-F", "none")
        # A copy that root owns: ssh refuses a key that somebody else may read.
        key = self.folder / "sshd/stolen"
        key.write_bytes(self.sshd.key.read_bytes())
        key.chmod(0o600)
        where = ("-p", str(self.sshd.port), "-i", key, f"root@{self.sshd.host}")
        return subprocess.run(
            ["ssh", *trust, *options, *where, *command],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def add_service(self, name, command, **values):
        values = {"type": "exec", "user": "root", "restart": "always", **values}
        values = {"environment": "", "more": "", **values}
        self.machine.write_unit(name, UNIT.format(command=command, **values))

    def postgresql(self, program, *arguments, user: str = "odoo"):
        """Run a client program of PostgreSQL, as the shop's role or another one."""
        options = (f"--host={self._socket}", f"--username={user}")
        return self.machine.run(cluster.programs() / program, *options, *arguments)

    @contextlib.contextmanager
    def connected(self, database: str = DATABASE, user: str = "odoo"):
        """A cursor of a connection that commits each statement."""
        with contextlib.closing(
            psycopg2.connect(host=str(self._socket), dbname=database, user=user)
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cr:
                yield cr

    def databases(self) -> set[str]:
        """Names of the databases of the shop's role."""
        with self.connected("postgres") as cr:
            cr.execute("SELECT datname FROM pg_database WHERE datdba = 'odoo'::regrole")
            return {name for (name,) in cr.fetchall()}

    def version(self) -> str:
        """The payment addon's version in the database, without the series."""
        with self.connected() as cr:
            cr.execute("SELECT latest_version FROM ir_module_module WHERE name = %s", [ADDON])
            return ".".join(cr.fetchone()[0].split(".")[-3:])

    def journal(self) -> list[dict]:
        """The helper's own journal, after it was verified."""
        self.helper("verify-journal")
        lines = self.machine.run("cat", self.state / "journal.jsonl").stdout.splitlines()
        return [json.loads(line) for line in lines]

    def done_twice(self) -> list[tuple]:
        """What the helper's journal says was done more than once under one key."""
        done = Counter(
            (event["key"], event["kind"], event["payload"].get("name"))
            for event in self.journal()
            if event["kind"] in ("step", "finished")
        )
        return [what for what, times in done.items() if times > 1]

    @property
    def _socket(self) -> Path:
        return self.folder / "postgresql"

    def _filestore(self, database: str) -> Path:
        return self.folder / "data/filestore" / database


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
