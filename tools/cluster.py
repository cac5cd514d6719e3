"""A PostgreSQL cluster of the project's own, on a Unix socket that only its owner can open.

No cluster, role or port of the machine is touched. Where ``PGHOST`` is set, that server is used
instead and nothing is started.

PostgreSQL refuses to run as root; then it runs as the system user ``postgres``, who cannot
reach root's home, so the cluster lies below ``/var/cache/ipai-odoo`` instead of the cache folder.
"""

import functools
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.places import CACHE, locked, made
from tools.say import Missing, step

ROLE = "ipai"  # may create databases and nothing else, as an Odoo server's role should be
ADMIN = "ipai_admin"
SYSTEM_USER = "postgres"
SYSTEM_CACHE = Path("/var/cache/ipai-odoo")
BINARIES = Path("/usr/lib/postgresql")
SOCKET_LIMIT = 90  # the kernel allows 107 characters, "/.s.PGSQL.5432" included
# A test database needs no durability; a crash costs a rebuild of the template.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "max_connections": "200",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "jit": "off",
}


def start():
    """Start the cluster unless it runs, making it first, and return what clients need.

    :return: environment variables (``PGHOST``, ``PGUSER``, ``PATH`` ...) that libpq, Odoo and
        PostgreSQL's programs read; ``IPAI_PGADMIN`` names a superuser for the tests that need
        one. Empty when the caller's environment names a server.
    :raises Missing: PostgreSQL is not installed.
    """
    if os.environ.get("PGHOST"):
        return {}
    with locked("cluster"):
        binaries = programs()
        if not (_folder() / "data/PG_VERSION").exists():
            _create()
        if _control("status", check=False).returncode:
            with step("PostgreSQL: start"):
                _control("start", "--wait", f"--log={_folder() / 'postgresql.log'}")
    search = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        "PGHOST": str(_socket_folder()),
        "PGPORT": "5432",
        "PGUSER": ROLE,
        "IPAI_PGADMIN": ADMIN,
        "PATH": search,
    }


def stop():
    """Stop the cluster if it is there and runs."""
    if (_folder() / "data/PG_VERSION").exists() and not _control("status", check=False).returncode:
        with step("PostgreSQL: stop"):
            _control("stop", "--mode=fast")


def remove():
    """Stop the cluster and delete it with all its databases."""
    stop()
    for folder in (_folder(), _socket_folder()):
        shutil.rmtree(folder, ignore_errors=True)


def packages():
    """Return the Debian packages that are missing for a cluster of our own."""
    return [] if os.environ.get("PGHOST") or _newest_programs() else ["postgresql"]


@functools.cache
def programs():
    """Return the folder with initdb and pg_ctl."""
    folder = _newest_programs()
    if folder is None:
        raise Missing("PostgreSQL's initdb is missing: run make setup as root, or set PGHOST")
    return folder


def _newest_programs():
    versions = [path for path in BINARIES.glob("*/bin/initdb") if path.parts[-3].isdigit()]
    if versions:
        return max(versions, key=lambda path: int(path.parts[-3])).parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _folder():
    if os.geteuid() != 0:
        return CACHE / "postgresql"
    return SYSTEM_CACHE / _digest(CACHE)


def _socket_folder():
    folder = _folder() / "socket"
    if len(str(folder)) <= SOCKET_LIMIT:
        return folder
    return Path(tempfile.gettempdir()) / f"ipai-odoo-{os.getuid()}-{_digest(folder)}"


def _digest(path):
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def _create():
    """Make the cluster beside its final place, so that a half-made one is never used."""
    data = _folder() / "data"
    partial = data.with_name("data.partial")
    with step("PostgreSQL: a cluster of our own"):
        _prepare_folders()
        shutil.rmtree(partial, ignore_errors=True)
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        _as_owner("initdb", f"--pgdata={partial}", f"--username={ADMIN}", *options)
        with (partial / "postgresql.conf").open("a") as handle:
            handle.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            handle.write(f"unix_socket_directories = '{_socket_folder()}'\n")
        # Single-user mode: the role exists before anybody can connect.
        _as_owner(
            "postgres",
            "--single",
            "-D",
            str(partial),
            "postgres",
            text=f"CREATE ROLE {ROLE} LOGIN CREATEDB;\n",
        )
        partial.rename(data)


def _prepare_folders():
    for folder in (_folder(), _socket_folder()):
        made(folder).chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)


def _control(action, *options, check=True):
    return _as_owner("pg_ctl", action, f"--pgdata={_folder() / 'data'}", *options, check=check)


def _as_owner(program, *arguments, check=True, text=""):
    """Run a program of PostgreSQL as the cluster's owner, its output in a log.

    Standard output must not be a pipe: the server that pg_ctl starts keeps it open.
    """
    owner = {}
    if os.geteuid() == 0:
        entry = pwd.getpwnam(SYSTEM_USER)
        owner = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    log = _folder() / "setup.log"
    with log.open("a") as handle:
        done = subprocess.run(
            [programs() / program, *arguments],
            input=text.encode(),
            stdout=handle,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            check=False,
            **owner,
        )
    if check and done.returncode:
        raise Missing(f"PostgreSQL: {program} failed; see {log} (make clean starts afresh)")
    return done
