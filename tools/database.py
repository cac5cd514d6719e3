"""Databases of one series: copied from a cached template with the stock modules installed."""

import ast
import contextlib
import hashlib
import json
import re
import shutil
import subprocess

from tools.places import ADDONS, LOGS, TEST_ADDONS, locked, made
from tools.say import Missing, say, step

# What most addons of the suite stand on; anything else that they depend on is added.
STOCK = frozenset({"account", "bus", "mail", "web"})
TROUBLE = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) |^Traceback ")


def addons():
    """Return ``{name: manifest}`` of the suite's installable addons, those of the tests too."""
    manifests = {
        path.parent.name: ast.literal_eval(path.read_text())
        for folder in (ADDONS, TEST_ADDONS)
        for path in sorted(folder.glob("*/__manifest__.py"))
    }
    return {name: found for name, found in manifests.items() if found.get("installable", True)}


def stock_modules(source):
    """Return the sorted modules of the template: what our addons need of this Odoo tree."""
    needed = set(STOCK)
    own = addons()
    for manifest in own.values():
        needed.update(set(manifest.get("depends", ())) - own.keys())
    return sorted(name for name in needed if source.addon(name))


def new(runtime, name, modules=()):
    """Make the database ``name``: a copy of the template, filestore included.

    An existing database of that name is replaced.

    :param modules: modules to install into it.
    :return: lines of the installation log that are warnings or worse.
    """
    template = ensure_template(runtime)
    drop(runtime, name)
    with step(f"{runtime.series}: database {name}"):
        # Copying needs a template that nobody is connected to or copying at this moment.
        with locked(f"{runtime.series}.template"):
            _program(runtime, "createdb", "--template", template, name)
        _copy_filestore(runtime, template, name)
    return install(runtime, name, modules) if modules else []


def install(runtime, name, modules, log=None):
    """Install ``modules`` and return the log lines that are warnings or worse.

    :param log: path of Odoo's log; the default lies in the cache folder.
    :raises Missing: Odoo ended with an error; the message names the log.
    """
    return _change(runtime, name, "init", modules, log)


def update(runtime, name, modules, log=None):
    """Update installed ``modules`` as ``-u`` does; takes, returns and raises as :func:`install`."""
    return _change(runtime, name, "update", modules, log)


def _change(runtime, name, action, modules, log):
    log = log or made(LOGS) / f"{runtime.series}-{name}-{action}.log"
    what = f"{runtime.series}: {action} {', '.join(modules)}"
    with step(what), log.open("w") as handle:
        done = runtime.run(
            runtime.odoo(
                f"--database={name}",
                f"--{action}={','.join(modules)}",
                "--without-demo=True",
                "--stop-after-init",
                "--no-http",
                "--max-cron-threads=0",
            ),
            stdout=handle,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        for line in log.read_text().splitlines()[-20:]:
            say(f"   {line}")
        raise Missing(f"{what} failed: see {log}")
    return [line for line in log.read_text().splitlines() if TROUBLE.search(line)]


def put_jobs_off(runtime, name):
    """Have the scheduled jobs due tomorrow, as where they ran this night: at first all are due.

    Those of every few minutes stay as they are.
    """
    statement = """
        UPDATE ir_cron SET nextcall = (now() AT TIME ZONE 'UTC') + interval '1 day'
         WHERE interval_type != 'minutes'
    """
    _program(runtime, "psql", "--no-psqlrc", f"--command={statement}", name)


def drop(runtime, name):
    """Drop the database ``name`` and its filestore, if they are there."""
    # As superuser where there is one: --force is refused to others where autovacuum is at work.
    admin = runtime.variables.get("IPAI_PGADMIN")
    who = [f"--username={admin}"] if admin else []
    _program(runtime, "dropdb", "--if-exists", "--force", *who, name)
    shutil.rmtree(_filestore(runtime, name), ignore_errors=True)


def ensure_template(runtime):
    """Return the name of the template database of this series, made when it is not there."""
    modules = stock_modules(runtime.source)
    text = json.dumps([runtime.source.release, modules])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = f"ipai_template_{runtime.series.replace('.', '')}_{digest}"
    with locked(f"{runtime.series}.template"):
        if name not in names(runtime):
            _make_template(runtime, name, modules)
    return name


def names(runtime):
    """Return the names of all databases of the server."""
    listing = _program(
        runtime,
        "psql",
        "--dbname=postgres",
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--command=SELECT datname FROM pg_database",
    )
    return set(listing.split())


def _make_template(runtime, name, modules):
    """Build under another name: the template appears only when it is complete."""
    partial = f"{name}_partial"
    drop(runtime, partial)
    _program(runtime, "createdb", "--template=template0", "--encoding=UTF8", partial)
    install(runtime, partial, modules)
    shutil.rmtree(_filestore(runtime, name), ignore_errors=True)
    _copy_filestore(runtime, partial, name)
    _program(
        runtime,
        "psql",
        "--dbname=postgres",
        "--no-psqlrc",
        f'--command=ALTER DATABASE "{partial}" RENAME TO "{name}"',
    )
    shutil.rmtree(_filestore(runtime, partial), ignore_errors=True)


def _copy_filestore(runtime, source, target):
    with contextlib.suppress(FileNotFoundError):
        shutil.copytree(_filestore(runtime, source), _filestore(runtime, target))


def _filestore(runtime, name):
    return runtime.data / "filestore" / name


def _program(runtime, *argv):
    """Run a client program of PostgreSQL and return what it printed."""
    done = runtime.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"PostgreSQL: {' '.join(argv[:1])}: {done.stderr.strip()}")
    return done.stdout
