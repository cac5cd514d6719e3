"""A host for the helper: real PostgreSQL, real files, a stand-in for Odoo's program."""

import configparser
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

HELPER = Path(__file__).resolve().parents[3] / "addons/ipai_release_checks/host/release_host.py"
#: Logs as Odoo does; what it does besides stands in the file `behaviour`.
ODOO = """
import json, pathlib, subprocess, sys
folder = pathlib.Path({folder!r})
with open(folder / "odoo-calls.jsonl", "a") as handle:
    handle.write(json.dumps(sys.argv[1:]) + "\\n")
behaviour = (folder / "behaviour").read_text().strip()
options = dict(word.partition("=")[::2] for word in sys.argv[1:])
with open(options["--logfile"], "a") as log:
    if behaviour != "silent":
        log.write("2026-01-31 12:00:00,000 77 INFO db odoo.registry: Registry loaded in 1.0s\\n")
    if behaviour == "error":
        log.write("2026-01-31 12:00:01,000 77 ERROR db odoo.registry: column x does not exist\\n")
if behaviour == "exit":
    sys.exit(3)
"""
#: The tables of Odoo 18 and later that figures are taken from, with enough rows to damage.
TABLES = """
CREATE TABLE ir_config_parameter (key varchar PRIMARY KEY, value text);
INSERT INTO ir_config_parameter VALUES ('database.uuid', '2c54a9a4-0000-4000-8000-000000000001');
CREATE TABLE ir_attachment (id serial PRIMARY KEY, store_fname varchar, checksum varchar);
CREATE TABLE account_move (id serial PRIMARY KEY, company_id int, journal_id int, state varchar,
    sequence_prefix varchar, sequence_number int, inalterable_hash varchar);
INSERT INTO account_move (company_id, journal_id, state, sequence_prefix, sequence_number,
    inalterable_hash)
    SELECT 1, 1 + n % 3, 'posted', 'INV/2026/', n, md5(n::text) FROM generate_series(1, 3000) n;
CREATE TABLE account_move_line (id serial PRIMARY KEY, company_id int, journal_id int, date date,
    parent_state varchar, debit numeric, credit numeric, amount_residual numeric, name text);
INSERT INTO account_move_line (company_id, journal_id, date, parent_state, debit, credit,
    amount_residual, name)
    SELECT 1, 1 + n % 3, date '2026-01-01' + n % 300, 'posted', n, 0, n / 2.0, md5(n::text)
    FROM generate_series(1, 20000) n;
CREATE TABLE account_partial_reconcile (id serial, company_id int, amount numeric);
INSERT INTO account_partial_reconcile (company_id, amount) SELECT 1, n FROM generate_series(1, 9) n;
CREATE TABLE account_full_reconcile (id serial);
CREATE TABLE account_payment (id serial PRIMARY KEY, company_id int, state varchar,
    currency_id int, amount numeric);
INSERT INTO account_payment (company_id, state, currency_id, amount)
    SELECT 1, 'paid', 1, n FROM generate_series(1, 500) n;
"""


def load():
    """The helper as a module."""
    if "release_host" not in sys.modules:
        spec = importlib.util.spec_from_file_location("release_host", HELPER)
        sys.modules["release_host"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["release_host"])
    return sys.modules["release_host"]


def key():
    """A key that nobody used."""
    return f"REL/2026/0001/1.1/{secrets.token_hex(4)}"


class Stage:
    """One host: its configuration file, Odoo's folders, a repository, backups."""

    def __init__(self, folder, database):
        self.folder = folder
        self.database = database
        self.state = folder / "state"
        self.backups = folder / "backups"
        self.filestore = folder / "data" / "filestore" / database
        self.repository = folder / "repository"
        for made in (self.backups, self.filestore, self.repository / "addons"):
            made.mkdir(parents=True)
        (folder / "odoo.conf").write_text("[options]\nadmin_passwd = secret\n")
        (folder / "odoo.py").write_text(ODOO.format(folder=str(folder)))
        self.behave("well")
        self.settings = self._settings()
        self.write()

    def _settings(self):
        canary = f"/usr/bin/touch {self.folder / 'canary'}"
        return {
            "host": {"state": self.state},
            "odoo": {
                "database": self.database,
                "config": self.folder / "odoo.conf",
                "command": f"{sys.executable} {self.folder / 'odoo.py'}",
                "data_dir": self.folder / "data",
            },
            "postgresql": {
                "host": os.environ["PGHOST"],
                "port": os.environ["PGPORT"],
                "user": os.environ["PGUSER"],
                "bin": Path(shutil.which("pg_dump")).parent,
            },
            "service": {"manager": "command", "start": canary, "stop": canary, "status": canary},
            "repository": {"path": self.repository, "branches": "main", "addons": "addons"},
            "backup": {"folder": self.backups},
            "commands": {"append": f"/bin/sh {self.folder / 'append.sh'}"},
        }

    def write(self):
        """Write the configuration file from ``settings``."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str
        parser.read_dict(self.settings)
        with open(self.config, "w") as handle:
            parser.write(handle)
        self.config.chmod(0o600)

    @property
    def config(self):
        return self.folder / "host.ini"

    def behave(self, how):
        """What Odoo's stand-in does: ``well``, ``error``, ``exit``, ``silent``."""
        (self.folder / "behaviour").write_text(how)

    def odoo_calls(self):
        """The argument lists that Odoo's stand-in was started with."""
        path = self.folder / "odoo-calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def store(self, content, run_sql):
        """Store an attachment in filestore and database; return its path."""
        checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        path = self.filestore / checksum[:2] / checksum
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        run_sql(
            "INSERT INTO ir_attachment (store_fname, checksum) VALUES (%s, %s)",
            (f"{checksum[:2]}/{checksum}", checksum),
        )
        return path

    def commit(self):
        """Make a commit of what is in the repository's folder; return its name."""
        git = ["git", "-C", self.repository, "-c", "user.name=T", "-c", "user.email=t@example.com"]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message=A commit"], check=True)
        done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True)
        return done.stdout.decode().strip()

    # -- asking

    def argv(self, *arguments):
        return [sys.executable, HELPER, "--config", self.config, *arguments]

    def run(self, *arguments, **options):
        """Run a command of the helper to its end."""
        return subprocess.run(
            self.argv(*arguments), capture_output=True, text=True, check=False, **options
        )

    def open(self, **options):
        """Start a ``serve`` that stays open."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(self.argv("serve"), **pipes, **options)

    def send(self, *lines, **options):
        """Send bytes to one ``serve``, a line each; return the answers."""
        data = b"".join(line + b"\n" for line in lines)
        argv = self.argv("serve")
        done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, check=False, **options)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ask(self, verb, params=None, key="REL/key", anchor=None, **options):
        """Send one request and return the answer."""
        request = {"v": 1, "key": key, "verb": verb, "params": params or {}}
        if anchor:
            request["anchor"] = anchor
        return self.send(json.dumps(request).encode(), **options)[0]

    def settle(self, verb, params=None, key="REL/key", seconds=60, **options):
        """Send a request until its job has ended; return the last answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.ask(verb, params, key, **options)
            if answer["status"] != "running":
                return answer
            assert time.monotonic() < deadline, answer

    # -- looking

    def jobs(self):
        """Folders of all jobs."""
        return sorted((self.state / "jobs").iterdir()) if self.state.exists() else []

    def journal(self):
        """All events of the journal."""
        path = self.state / "journal.jsonl"
        return (
            [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        )

    def kinds(self, key):
        """Kinds of the events of a key, in order; steps by their names."""
        return [
            event["payload"]["name"] if event["kind"] == "step" else event["kind"]
            for event in self.journal()
            if event["key"] == key
        ]

    def holder(self):
        """What the running job wrote into the lock."""
        return json.loads((self.state / "lock").read_bytes())

    def running_job(self):
        """Process id of the job that runs, or None; never that of somebody else's process."""
        lock = self.state / "lock"
        if not lock.exists() or not lock.read_bytes():
            return None
        pid = self.holder()["pid"]
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if str(self.config).encode() in command else None


def until(look, seconds=20):
    """Wait until a function returns something; return that."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def children(pid, program):
    """Process ids of the children of a process that run a program, by the name of its file."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            name = Path(os.readlink(path / "exe")).name
        except OSError:  # it has just ended
            continue
        if parent == pid and name == program:
            found.append(int(path.name))
    return found
