"""A shop on this machine: repository with a remote, database, service, and the helper's config."""

import hashlib
import importlib.util
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

HERE = Path(__file__).resolve().parent
HELPER = HERE.parents[2] / "addons" / "ipai_release_checks" / "host" / "release_host.py"
PASSWORD = "of-the-probe"  # noqa: S105 (of a program that lives in this test)


def _load():
    spec = importlib.util.spec_from_file_location("release_host", HELPER)
    module = importlib.util.module_from_spec(spec)
    sys.modules["release_host"] = module
    spec.loader.exec_module(module)
    return module


release_host = sys.modules.get("release_host") or _load()

TABLES = """
CREATE TABLE ir_module_module (name varchar PRIMARY KEY, state varchar, latest_version varchar);
INSERT INTO ir_module_module VALUES ('shop', 'installed', '17.0.1.0.8'),
    ('account', 'installed', '17.0.1.2'), ('absent', 'uninstalled', NULL);
CREATE TABLE ir_config_parameter (key varchar, value text);
INSERT INTO ir_config_parameter VALUES ('database.uuid', '5a0e4f1c-0000-4000-8000-000000000000');
CREATE TABLE ir_attachment (id serial PRIMARY KEY, name varchar, url varchar, res_model varchar,
    res_id int, create_uid int, type varchar, public bool, store_fname varchar, checksum varchar);
CREATE TABLE res_users (id int PRIMARY KEY, login varchar);
INSERT INTO res_users VALUES (2, 'ada'), (3, 'ben');
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, email varchar, active bool,
    create_uid int, write_uid int, create_date timestamp, write_date timestamp);
INSERT INTO res_partner (name, active, write_uid) VALUES ('Azure', true, 2), ('Bruno', true, 2);
CREATE TABLE res_company (id int PRIMARY KEY, name varchar);
CREATE TABLE res_currency (id int PRIMARY KEY, name varchar);
CREATE TABLE account_journal (id int PRIMARY KEY, code varchar);
CREATE TABLE account_move (id serial PRIMARY KEY, name varchar, move_type varchar, state varchar,
    date date, ref varchar, amount_total numeric, amount_residual numeric, partner_id int,
    journal_id int, company_id int, currency_id int, sequence_prefix varchar, sequence_number int,
    write_uid int, write_date timestamp);
INSERT INTO account_move (name, move_type, state, date, amount_total, partner_id, journal_id,
    sequence_prefix, sequence_number, write_uid)
    SELECT 'INV/' || n, 'out_invoice', 'posted', '2026-01-01', n * 10.5, 1, 1, 'INV/', n, 2
    FROM generate_series(1, 50) n;
CREATE TABLE account_payment (id serial PRIMARY KEY, name varchar, state varchar, date date,
    memo varchar, payment_type varchar, amount numeric, partner_id int, move_id int);
INSERT INTO account_payment (name, state, amount, partner_id) SELECT 'PAY/' || n, 'paid', n, 2
    FROM generate_series(1, 20) n;
"""

DAMAGE = """
DELETE FROM account_move WHERE id <= 10;
UPDATE account_move SET amount_total = 0, write_uid = 3, write_date = now() WHERE id = 20;
INSERT INTO account_move (name, move_type, state, date, amount_total, partner_id, write_uid)
    VALUES ('INV/51', 'out_invoice', 'posted', '2026-02-01', 777.5, 2, 3);
INSERT INTO account_payment (name, state, amount, partner_id) VALUES ('PAY/21', 'paid', 777.5, 2);
INSERT INTO res_partner (name) VALUES (E'Céline, "Ltd"\\nParis');
"""


def admin(statement):
    """Run one statement as the cluster's superuser."""
    connection = psycopg2.connect(dbname="postgres", user=os.environ["IPAI_PGADMIN"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else None
    connection.close()
    return rows


def drop_databases(prefix):
    """Drop what a test left, whatever its helper named it."""
    for (name,) in admin("SELECT datname FROM pg_database"):
        if not name.startswith(prefix):
            continue
        admin(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
        admin(f'DROP DATABASE "{name}" WITH (FORCE)')


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Shop:
    """The shop of one test."""

    def __init__(self, folder, database):
        self.folder = folder
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.repository = folder / "repository"
        self.remote = folder / "remote.git"
        self.state = folder / "state"
        self.counts_file = folder / "counts"
        self.odoo_config = folder / "odoo.conf"
        self.config_file = folder / "host.ini"
        self.log = folder / "odoo.log"
        #: While this file is there, the login page answers as without PostgreSQL.
        self.away = folder / "away"
        self._keys = itertools.count(1)
        self.options = {}
        self._make_folders()
        self._make_repository()
        self.configure()

    def _make_folders(self):
        for name in ("backups", "data"):
            (self.folder / name).mkdir()
        (self.folder / "password").write_text(PASSWORD)
        self.counts_file.touch()
        self.log.touch()
        values = {
            "port": self.port,
            "addons": self.repository / "addons",
            "counts": self.counts_file,
            "pid": self.folder / "pid",
            "log": self.log,
            "password": PASSWORD,
            "away": self.away,
        }
        lines = [f"{name} = {value}" for name, value in values.items()]
        self.odoo_config.write_text("\n".join(["[options]", *lines]))

    def _make_repository(self):
        self.git("init", "--quiet", "--bare", "--initial-branch=main", self.remote, at="/")
        self.git("clone", "--quiet", self.remote, self.folder / "workshop", at="/")
        self.git("symbolic-ref", "HEAD", "refs/heads/main")
        self.first = self.commit("1.0.8")
        self.git("clone", "--quiet", self.remote, self.repository, at="/")

    def git(self, *arguments, at=None):
        """Run git where people work, not where the shop runs."""
        identity = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
        identity |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
        done = subprocess.run(
            ["git", *map(str, arguments)],
            cwd=at or self.folder / "workshop",
            env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": "/dev/null"},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def live(self, *arguments):
        """Run git where the shop runs."""
        return self.git(*arguments, at=self.repository)

    def commit(self, version, behaviour=None, branch="main", sign=(), **files):
        """Commit a version of the module, push it, return the commit."""
        module = self.folder / "workshop" / "addons" / "shop"
        module.mkdir(parents=True, exist_ok=True)
        (module / "__manifest__.py").write_text(repr({"name": "Shop", "version": version}))
        (module / "behaviour.json").write_text(json.dumps(behaviour or {}))
        for name, text in files.items():
            (module / f"{name}.py").write_text(text)
        self.git("add", "--all")
        self.git(*sign, "commit", "--quiet", "--allow-empty", f"--message=Version {version}")
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def configure(self, **options):
        """Write the helper's config; ``section__name=value`` changes one, None removes it."""
        self.options.update(options)
        service = f"{sys.executable} {HERE / 'fake_service.py'}"
        sections = {
            "host": {"state": self.state},
            "odoo": {
                "database": self.database,
                "config": self.odoo_config,
                "command": f"{sys.executable} {HERE / 'fake_odoo.py'}",
                "data_dir": self.folder / "data",
                "url": self.url,
                "log": self.log,
                "probe_login": "probe",
                "probe_password_file": self.folder / "password",
            },
            "postgresql": {"host": os.environ["PGHOST"], "user": os.environ["PGUSER"]},
            "service": {
                "manager": "command",
                **{verb: f"{service} {verb} {self.odoo_config}" for verb in ACTIONS},
                "start_timeout": 8,
                "stop_timeout": 8,
                "watch": 1,
            },
            "repository": {"path": self.repository, "branches": "main hotfix", "addons": "addons"},
            "backup": {"folder": self.folder / "backups"},
            "proxy": {},
            "environment": {
                name: os.environ[name]
                for name in ("PGHOST", "PGUSER", "PGPORT")
                if name in os.environ
            },
        }
        for name, value in self.options.items():
            section, option = name.split("__")
            if value is None:
                del sections[section][option]
            else:
                sections[section][option] = value
        text = "".join(
            f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
            for section, values in sections.items()
        )
        self.config_file.write_text(text)
        self.config_file.chmod(0o600)
        self.config = release_host.Config(self.config_file)
        return self

    # -- the helper

    def key(self, release="REL/1"):
        """A key nobody used."""
        return f"{release}/item/{next(self._keys)}"

    def ask(self, verb, params=None, key=None):
        """Ask once."""
        request = {"v": 1, "key": key or self.key(), "verb": verb, "params": params or {}}
        server = release_host.Server(self.config)
        return server.answer_line(json.dumps(request).encode())

    def call(self, verb, params=None, key=None, patience=60):
        """Ask until it has ended."""
        key = key or self.key()
        deadline = time.monotonic() + patience
        answer = self.ask(verb, params, key)
        while answer["status"] == "running":
            assert time.monotonic() < deadline, answer
            answer = self.ask(verb, params, key)
        return answer

    def done(self, verb, params=None, key=None):
        """The result of a verb that must be done."""
        answer = self.call(verb, params, key)
        assert answer["status"] == "done", answer
        return answer["result"]

    def call_killed(self, verb, params, key, step, moment):
        """Ask for a verb whose process kills itself with SIGKILL at a moment of a step.

        :param moment: ``begun`` before the step does anything, ``worked`` after it and before that
            is written down, ``kept`` after it is written down
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(release_host, "launch", _launch_killed(step, moment))
            self.ask(verb, params, key)
        assert self.job(key).result is None

    def job(self, key):
        return release_host.Job(release_host.State(self.config), key)

    def switch_to(self, commit, branch="main"):
        """Fetch, verify and switch."""
        self.done("code_fetch", {"branch": branch, "commit": commit})
        return self.done("code_switch", {"branch": branch, "commit": commit})

    # -- what is so

    def start(self):
        """Start the service by hand, and forget that in the counts."""
        subprocess.run(
            [sys.executable, HERE / "fake_service.py", "start", self.odoo_config], check=True
        )
        deadline = time.monotonic() + 10
        while release_host.login_page(self.config)["status"] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.counts_file.write_text("")

    def answers(self):
        return release_host.login_page(self.config)["status"] == 200

    def counts(self):
        """How often the service was started and stopped and ``-u`` ran."""
        lines = self.counts_file.read_text().split("\n")[:-1]
        return {word: sum(line.split()[0] == word for line in lines) for word in WORDS}

    def head(self):
        return self.live("rev-parse", "HEAD")

    def sql(self, statement, database=None, params=None):
        connection = psycopg2.connect(dbname=database or self.database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            rows = cursor.fetchall() if cursor.description else None
        connection.close()
        return rows

    def version(self):
        select = "SELECT latest_version FROM ir_module_module WHERE name = 'shop'"
        return self.sql(select)[0][0]

    def pid(self):
        return int((self.folder / "pid").read_text())

    def end(self):
        """End what this shop started."""
        state = release_host.State(self.config)
        state.prepare()
        holder = release_host.JobLock(state).holder()
        if holder and holder["pid"]:
            os.kill(holder["pid"], signal.SIGKILL)
        subprocess.run(
            [sys.executable, HERE / "fake_service.py", "stop", self.odoo_config], check=True
        )
        for path in self.state.glob("jobs/*/probes.lock"):
            path.with_name("probes.end").touch()


def _launch_killed(step, moment):
    """What starts the job's process so that it dies there; waits for its death."""

    def launch(config, job):
        program = [sys.executable, HERE / "killed_job.py", HELPER, step, moment]
        done = subprocess.run([*program, config.path, job.id], check=False)
        assert done.returncode == -signal.SIGKILL, f"the step {step} was not reached"

    return launch


ACTIONS = ("start", "stop", "status")
WORDS = ("start", "stop", "update")


@pytest.fixture(scope="session")
def shop_template():
    """A database as a shop has it; tests get copies."""
    prefix = f"h2_{os.getpid()}"
    name = f"{prefix}_template"
    admin(f"CREATE DATABASE {name} OWNER {os.environ['PGUSER']}")
    connection = psycopg2.connect(dbname=name)
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
    connection.close()
    yield prefix, name
    drop_databases(prefix)


_NUMBERS = itertools.count(1)


@pytest.fixture
def shop(tmp_path, shop_template):
    """A shop whose service does not run yet."""
    prefix, template = shop_template
    database = f"{prefix}_{next(_NUMBERS)}"
    admin(f"CREATE DATABASE {database} OWNER {os.environ['PGUSER']} TEMPLATE {template}")
    tmp_path.chmod(0o755)
    found = Shop(tmp_path, database)
    yield found
    found.end()
    drop_databases(database)


@pytest.fixture
def running(shop):
    """A shop that is open."""
    shop.start()
    return shop


def stored(shop, content):
    """Put a file into the filestore as Odoo does; return its name."""
    checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    name = f"{checksum[:2]}/{checksum}"
    path = shop.folder / "data" / "filestore" / shop.database / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    listed = path.parents[1] / "checklist" / name
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.touch()
    statement = "INSERT INTO ir_attachment (name, store_fname, checksum) VALUES ('f', %s, %s)"
    shop.sql(statement, params=(name, checksum))
    return path


@pytest.fixture
def backed_up(running):
    """A running shop with a backup of it."""
    running.paper = stored(running, b"an invoice")
    running.backup = running.done("backup", {"label": "before"})["backup"]
    return running
