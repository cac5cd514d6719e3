#!/usr/bin/env python3
"""The one program of a release that acts on a host: a closed list of verbs, JSON in and out.

    release_host.py serve            JSON lines on stdin, answers on stdout (SSH's forced command)
    release_host.py disk             any verb by hand
    release_host.py key-line FILE    the line for authorized_keys
    release_host.py verify-journal   look whether the journal was changed

Names, paths and programs come from the configuration file only, which its reader or root must
own. A verb that changes something runs in a process of its own, once for each key, in steps that
are recorded as they are done: kill it at any moment, ask again with the same request, and it goes
on where it was. Standard library only, Python 3.9 or newer.
"""

import argparse
import ast
import configparser
import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import platform
import pwd
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import traceback
import urllib.parse
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

VERSION = "1.0"
PROTOCOL = 1
CONFIG = "/etc/ipai-release-host.ini"
#: Bytes of one request line.
LONGEST_REQUEST = 8 << 20
#: Bytes of the record of one release.
LONGEST_RECORD = 6 << 20
#: Seconds that an answer waits for a job that may be quick.
PATIENCE = 1.0
#: The programs of a host, whatever the caller's PATH says.
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

DONE, RUNNING, FAILED, REFUSED, ERROR = "done", "running", "failed", "refused", "error"


# -- problems


class Problem(Exception):
    """Ends a verb: ``message`` is what is wrong, ``hint`` what to do, ``result`` what happened."""

    status = ERROR

    def __init__(self, message, hint="", result=None):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.result = result or {}

    def ending(self):
        """How the verb ended (:func:`ending`)."""
        return ending(self.status, self.result, self.message, self.hint)


class Refused(Problem):
    """Parameters, configuration or the state of the host do not allow it. Nothing was changed."""

    status = REFUSED


class Failed(Problem):
    """It ran, and what was wanted was not reached."""

    status = FAILED


class Broken(Problem):
    """The helper itself cannot work, such as for a journal that cannot be read."""


# -- small things


def now():
    """The time as ISO text in UTC, with microseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def canonical(value):
    """The one text of a JSON value: keys sorted, no spaces, UTF-8 kept as it is.

    :raises ValueError: for NaN and infinities, which JSON does not know
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value):
    """SHA-256 of a JSON value's canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def sync_folder(path):
    """Make renames and new files in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path, data, durable=True):
    """Replace a file by bytes as a whole: readers see the old or the new one.

    :param durable: wait until the disk has it
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb", opener=_private) as handle:
        handle.write(data)
        handle.flush()
        if durable:
            os.fsync(handle.fileno())
    os.replace(temporary, path)
    if durable:
        sync_folder(path.parent)


def _private(path, flags):
    return os.open(path, flags, 0o600)


def write_json(path, value, durable=True):
    """Replace a file by a JSON value (:func:`write_file`)."""
    write_file(path, canonical(value).encode() + b"\n", durable)


def read_json(path, default=None):
    """The JSON value in a file, or ``default`` where there is no such file."""
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        return default


def last_line(text):
    """The last line with something in it, at most 300 characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "no output"


# -- configuration


def _text(value):
    if not value or not value.isprintable():
        raise ValueError("is empty or has unprintable characters")
    return value


def _path(value):
    if not os.path.isabs(_text(value)):
        raise ValueError("is not an absolute path")
    return Path(os.path.normpath(value))


def _argv(value):
    argv = shlex.split(_text(value))
    if not argv or not os.path.isabs(argv[0]):
        raise ValueError("does not begin with the absolute path of a program")
    return argv


def _words(value):
    return value.split()


def _number(value):
    if not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError("is not a whole number")
    return int(value)


def _choice(*allowed):
    def read(value):
        if value not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return value

    return read


def _url(value):
    parts = urllib.parse.urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not the address of a web server, such as http://127.0.0.1:8069")
    return value.rstrip("/")


def _log(value):
    return value if value == "journald" else _path(value)


#: What the configuration file may say: section → name → (how it is read, default as text).
OPTIONS = {
    "host": {"state": (_path, "/var/lib/ipai-release")},
    "odoo": {
        "database": (_text, None),
        "config": (_path, None),
        "command": (_argv, None),
        "user": (_text, None),
        "data_dir": (_path, None),
        "url": (_url, "http://127.0.0.1:8069"),
        "log": (_log, None),
        "probe_login": (_text, None),
        "probe_password_file": (_path, None),
    },
    "postgresql": {
        "host": (_text, None),
        "port": (_number, None),
        "user": (_text, None),
        "passfile": (_path, None),
        "maintenance_database": (_text, "postgres"),
        "bin": (_path, None),
        "system_user": (_text, None),
    },
    "service": {
        "manager": (_choice("systemd", "command"), "systemd"),
        "name": (_text, "odoo.service"),
        "start": (_argv, None),
        "stop": (_argv, None),
        "status": (_argv, None),
        "start_timeout": (_number, "180"),
        "stop_timeout": (_number, "60"),
    },
    "repository": {
        "path": (_path, None),
        "remote": (_text, "origin"),
        "branches": (_words, ""),
        "addons": (_text, "."),
        "signed": (_choice("no", "commit", "tag"), "no"),
        "signers": (_path, None),
    },
    "backup": {
        "folder": (_path, None),
        "keep": (_number, "7"),
        "jobs": (_number, "2"),
        "compress": (_text, "6"),
    },
    "proxy": {"maintenance_file": (_path, None)},
}
#: Sections whose names are free: how a value is read.
FREE_SECTIONS = {"commands": _argv, "environment": _text}


class Config:
    """The configuration file: ``config.odoo.database``, ``config.commands["name"]``.

    An option that is not there is None, or its default; :meth:`need` refuses then.
    """

    def __init__(self, path):
        """Read and check a file.

        :raises Refused: it is missing, somebody else may write it, or a value is wrong
        """
        self.path = Path(path).resolve()
        _require_trusted(self.path)
        parser = configparser.ConfigParser(interpolation=None, strict=True)
        parser.optionxform = str
        try:
            parser.read_string(self.path.read_text(encoding="utf-8"))
        except (configparser.Error, UnicodeDecodeError) as problem:
            raise Refused(f"{self.path}: {last_line(str(problem))}") from problem
        self._refuse_unknown(parser)
        for section, options in OPTIONS.items():
            values = {
                name: self._read(section, name, read, parser.get(section, name, fallback=default))
                for name, (read, default) in options.items()
            }
            setattr(self, section, SimpleNamespace(**values))
        for section, read in FREE_SECTIONS.items():
            found = parser[section].items() if parser.has_section(section) else ()
            values = {name: self._read(section, name, read, value) for name, value in found}
            setattr(self, section, values)
        self.need("odoo", "database")

    def need(self, section, name):
        """The value of an option.

        :raises Refused: the file does not have it
        """
        value = getattr(getattr(self, section), name)
        if value is None:
            raise Refused(
                f"The host's configuration has no '{name}' in [{section}].",
                f"Add it to {self.path}.",
            )
        return value

    def _refuse_unknown(self, parser):
        for section in parser.sections():
            if section not in OPTIONS and section not in FREE_SECTIONS:
                raise Refused(f"{self.path}: there is no section [{section}].")
            for name in parser[section] if section in OPTIONS else ():
                if name not in OPTIONS[section]:
                    raise Refused(f"{self.path}: [{section}] has no option '{name}'.")

    def _read(self, section, name, read, value):
        if value is None:
            return None
        try:
            return read(value)
        except ValueError as problem:
            raise Refused(f"{self.path}: '{name}' in [{section}] {problem}.") from problem


def _require_trusted(path):
    """Refuse a file that somebody else than root and its reader could have written."""
    try:
        info = path.stat()
    except OSError as problem:
        raise Refused(
            f"The configuration {path} cannot be read: {problem.strerror}.",
            "Copy release_host.ini.example there and fill it in, or name a file with --config.",
        ) from problem
    owners = (0, os.geteuid())
    if info.st_uid not in owners or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(
            f"The configuration {path} may be written by others than root or the user who runs "
            "the helper.",
            f"As root: chown root {path} && chmod go-w {path}",
        )
    for folder in path.parents:
        info = folder.stat()
        shared = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not info.st_mode & stat.S_ISVTX
        if info.st_uid not in owners or shared:
            raise Refused(
                f"The configuration {path} lies in {folder}, which others may write.",
                f"As root: chown root {folder} && chmod go-w {folder}",
            )


# -- parameters


class Rule:
    """What a parameter must be. ``default`` makes it optional."""

    def __init__(self, *default):
        self.default = default

    @property
    def required(self):
        return not self.default

    def check(self, name, value):
        """Return the value as the verb gets it.

        :raises Refused: the value is not allowed; the message names the parameter
        """
        raise NotImplementedError

    def refuse(self, name, problem):
        raise Refused(f"Parameter '{name}' {problem}.", "Send what the verb's table allows.")


class Text(Rule):
    """Text that matches a pattern as a whole."""

    def __init__(self, pattern, longest, meaning, *default):
        super().__init__(*default)
        self.pattern = re.compile(pattern, re.ASCII)
        self.longest = longest
        self.meaning = meaning

    def check(self, name, value):
        if not isinstance(value, str):
            self.refuse(name, "is not text")
        if len(value) > self.longest:
            self.refuse(name, f"is longer than {self.longest} characters")
        if not self.pattern.fullmatch(value):
            self.refuse(name, f"is not {self.meaning}")
        return value


class Integer(Rule):
    """A whole number from ``least`` to ``most``."""

    def __init__(self, least, most, *default):
        super().__init__(*default)
        self.least = least
        self.most = most

    def check(self, name, value):
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(name, "is not a whole number")
        if not self.least <= value <= self.most:
            self.refuse(name, f"is not between {self.least} and {self.most}")
        return value


class Flag(Rule):
    """true or false."""

    def check(self, name, value):
        if not isinstance(value, bool):
            self.refuse(name, "is not true or false")
        return value


class ListOf(Rule):
    """A list of at most ``most`` values of one rule, none twice."""

    def __init__(self, rule, most, *default):
        super().__init__(*default)
        self.rule = rule
        self.most = most

    def check(self, name, value):
        if not isinstance(value, list):
            self.refuse(name, "is not a list")
        if len(value) > self.most:
            self.refuse(name, f"has more than {self.most} entries")
        found = [self.rule.check(f"{name}[{at}]", entry) for at, entry in enumerate(value)]
        if len(set(found)) != len(found):
            self.refuse(name, "names something twice")
        return found


class MapOf(Rule):
    """An object of at most ``most`` entries whose keys and values follow two rules."""

    def __init__(self, key, rule, most, *default):
        super().__init__(*default)
        self.key = key
        self.rule = rule
        self.most = most

    def check(self, name, value):
        if not isinstance(value, dict):
            self.refuse(name, "is not an object")
        if len(value) > self.most:
            self.refuse(name, f"has more than {self.most} entries")
        return {
            self.key.check(f"{name} key", key): self.rule.check(f"{name}.{key[:80]}", entry)
            for key, entry in value.items()
        }


class OrNull(Rule):
    """A value of another rule, or null."""

    def __init__(self, rule, *default):
        super().__init__(*default)
        self.rule = rule

    def check(self, name, value):
        return None if value is None else self.rule.check(name, value)


class Moment(Text):
    """A time in UTC, such as ``2026-01-31T12:00:00Z``."""

    def __init__(self, *default):
        pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"
        super().__init__(pattern, 27, "a time such as 2026-01-31T12:00:00Z", *default)

    def check(self, name, value):
        super().check(name, value)
        try:
            moment = datetime.fromisoformat(value[:19])
        except ValueError:
            self.refuse(name, f"is not {self.meaning}")
        fraction = float(f"0.{value[20:-1] or 0}") if len(value) > 20 else 0
        return moment.replace(microsecond=int(fraction * 1e6), tzinfo=timezone.utc)


KEY = Text("[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}", 200, "a key of letters, digits and ._:/-")
MODULE = Text("[a-z][a-z0-9_]{0,99}", 100, "the technical name of a module")
MODULE_VERSION = Text("[0-9]{1,5}([.][0-9]{1,5}){0,4}", 29, "a version such as 1.0.9")
COMMIT = Text("[0-9a-f]{40}|[0-9a-f]{64}", 64, "the full hexadecimal name of a commit")
BRANCH = Text("[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", 100, "the name of a branch")
BACKUP = Text("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", 25, "the name of a backup")
LABEL = Text("[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,99}", 100, "a label of letters, digits and ._:/#-")
RELEASE = Text("[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", 100, "the number of a release")
SHA256 = Text("[0-9a-f]{64}", 64, "a SHA-256 in hexadecimal digits")
NAME = Text("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", 64, "a name of letters, digits, _ and -")


def checked(table, params):
    """The parameters of a verb, checked and with defaults.

    :param table: ``{name: Rule}``
    :raises Refused: one is missing, unknown or not allowed
    """
    if not isinstance(params, dict):
        raise Refused("'params' is not an object.", "Send a JSON object.")
    for name in params:
        if name not in table:
            known = ", ".join(table) or "none"
            raise Refused(f"Parameter '{name[:80]}' is unknown.", f"Known are: {known}.")
    found = {}
    for name, rule in table.items():
        if name in params:
            found[name] = rule.check(name, params[name])
        elif rule.required:
            raise Refused(f"Parameter '{name}' is missing.", "Send it.")
        else:
            found[name] = rule.default[0]
    return found


# -- journal

GENESIS = "0" * 64


class Journal:
    """What was asked and done: lines of JSON, each with the hash of the one before.

    An event has ``sequence, time, kind, key, verb, payload, previous, hash``; the hash is the
    SHA-256 of the previous one, a newline and the canonical JSON of the event without both.
    """

    def __init__(self, path):
        self.path = Path(path)

    def append(self, kind, key, verb, payload):
        """Write an event and wait for the disk; return it.

        :raises Broken: the line before cannot be read
        """
        with self._locked() as handle:
            self._mend(handle)
            return self._write(handle, kind, key, verb, payload)

    def head(self):
        """``{"sequence", "head"}`` of the last event."""
        with self._locked() as handle:
            event = self._last(handle)
        return {"sequence": event["sequence"], "head": event["hash"]}

    def events(self):
        """Yield all events; a line that is no event is yielded as None.

        A last line without its end is not yielded: it was never written.
        """
        if not self.path.exists():
            return
        with open(self.path, "rb") as handle:
            for line in handle:
                if line.endswith(b"\n"):
                    yield _event(line)

    def has(self, kind, key):
        """Whether an event of this kind and key was written."""
        found = (event for event in self.events() if event)
        return any((event["kind"], event["key"]) == (kind, key) for event in found)

    def faults(self):
        """Yield ``(sequence, reason)`` for each line that does not fit its place in the chain."""
        previous, expected = GENESIS, 1
        for event in self.events():
            if event is None:
                yield expected, "cannot be read"
                return
            body = {name: event[name] for name in event if name not in ("previous", "hash")}
            if event["sequence"] != expected:
                yield event["sequence"], f"expected event {expected}: events are missing or added"
            elif event["previous"] != previous:
                yield event["sequence"], "does not follow the event before it"
            elif _link(event["previous"], body) != event["hash"]:
                yield event["sequence"], "was changed after it was written"
            previous, expected = event["hash"], event["sequence"] + 1

    @contextlib.contextmanager
    def _locked(self):
        with open(self.path, "a+b", opener=_private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle

    def _mend(self, handle):
        """Cut off a line that was being written when the helper was killed."""
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - 1))
        if size and handle.read(1) != b"\n":
            start = self._line_start(handle, size)
            handle.truncate(start)
            self._write(handle, "torn", "", "", {"bytes": size - start})

    def _last(self, handle):
        size = handle.seek(0, os.SEEK_END)
        start = self._line_start(handle, size)
        if start != size:
            size = start  # a torn line, not mended yet
        if not size:
            return {"sequence": 0, "hash": GENESIS}
        start = self._line_start(handle, size - 1)
        handle.seek(start)
        event = _event(handle.read(size - start))
        if event is None:
            raise Broken(
                f"The last line of {self.path} cannot be read.",
                "Run release_host.py verify-journal, and keep the file for whoever investigates.",
            )
        return event

    @staticmethod
    def _line_start(handle, end):
        """Position after the last newline before ``end``."""
        while end:
            start = max(0, end - 65536)
            handle.seek(start)
            found = handle.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0

    def _write(self, handle, kind, key, verb, payload):
        last = self._last(handle)
        event = {
            "sequence": last["sequence"] + 1,
            "time": now(),
            "kind": kind,
            "key": key,
            "verb": verb,
            "payload": payload,
        }
        event.update(previous=last["hash"], hash=_link(last["hash"], event))
        handle.write(canonical(event).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
        return event


def _link(previous, event):
    return hashlib.sha256(f"{previous}\n{canonical(event)}".encode()).hexdigest()


def _event(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    names = ("sequence", "time", "kind", "key", "verb", "payload", "previous", "hash")
    return event if isinstance(event, dict) and all(name in event for name in names) else None


# -- programs of the host


#: Loaded here: a child between fork and exec must not load anything.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _bound_to(parent):
    """Return what lets the kernel kill a child when the helper dies: a resumed job works alone.

    It follows the thread that started the child: start programs in a thread that outlives them.
    """

    def bind():
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before
            os._exit(1)

    return bind


def _communicate(process, text, timeout, each):
    """``Popen.communicate`` that calls ``each`` now and then."""
    deadline = time.monotonic() + timeout if timeout else None
    while True:
        try:
            return process.communicate(text, 0.2 if each else timeout)
        except subprocess.TimeoutExpired:
            if not each or (deadline and time.monotonic() > deadline):
                raise
            text = None  # it has been taken already
            each()


def system_user(name):
    """The entry of a system user.

    :raises Failed: there is none
    """
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Failed(
            f"There is no system user '{name}'.", "Correct the host's configuration."
        ) from None


def ended_how(status):
    """An exit status in words."""
    return f"ended with {status}" if status >= 0 else f"was killed by signal {-status}"


class Host:
    """The host as the configuration describes it: programs, database, repository, Odoo."""

    def __init__(self, config):
        self.config = config

    def start(self, argv, user=None, variables=None, bound=True, **options):
        """Start a program and return the ``subprocess.Popen``.

        :param user: system user to run as, where the helper is root
        :param variables: environment beside the few that every program gets
        :param bound: whether it dies with the helper
        :raises Failed: there is no such program
        """
        if user and os.geteuid() == 0:
            entry = system_user(user)
            options.update(user=entry.pw_uid, group=entry.pw_gid)
            options["extra_groups"] = os.getgrouplist(user, entry.pw_gid)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("cwd", "/")
        bind = _bound_to(os.getpid()) if bound else None
        try:
            return subprocess.Popen(  # noqa: S603 (a list, of the configuration's programs)
                [str(part) for part in argv],
                env={**self._environment(user), **(variables or {})},
                preexec_fn=bind,  # noqa: PLW1509 (one system call, no lock)
                **options,
            )
        except OSError as problem:
            raise Failed(
                f"{argv[0]} cannot be started: {problem.strerror}.",
                "Install it, or correct its path in the host's configuration.",
            ) from problem

    def run(self, argv, text="", timeout=60, check=True, each=None, **options):
        """Run a program to its end; return ``subprocess.CompletedProcess`` with texts.

        :param text: what it reads, unless ``stdin`` is given
        :param timeout: seconds, or None for as long as it takes
        :param check: whether an exit status other than 0 is a failure
        :param each: called five times a second while it runs
        :raises Failed: it failed, or took longer than ``timeout``
        """
        for name in ("stdin", "stdout", "stderr"):
            options.setdefault(name, subprocess.PIPE)
        text = text if options["stdin"] == subprocess.PIPE else None
        process = self.start(argv, text=True, errors="replace", **options)
        try:
            output, errors = _communicate(process, text, timeout, each)
        except subprocess.TimeoutExpired:
            raise Failed(f"{argv[0]} took longer than {timeout} seconds.") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        if check and process.returncode:
            raise Failed(f"{argv[0]} {ended_how(process.returncode)}: {last_line(errors or '')}")
        return subprocess.CompletedProcess(argv, process.returncode, output, errors)

    def run_logged(self, job, argv, check=True, **options):
        """Run a program that writes into the job's own log; ``stdout`` is what it wrote there.

        :raises Failed: it failed, or took too long (:meth:`run`)
        """
        with job.output() as output:
            start = output.seek(0, os.SEEK_END)
            done = self.run(argv, check=False, stdout=output, stderr=output, **options)
        with open(output.name, "rb") as handle:
            handle.seek(start)
            done.stdout = handle.read().decode(errors="replace")
        if check and done.returncode:
            raise Failed(f"{argv[0]} {ended_how(done.returncode)}: {last_line(done.stdout)}")
        return done

    def _environment(self, user):
        folder = self.config.postgresql.bin
        other = user and os.geteuid() == 0
        home = system_user(user).pw_dir if other else os.environ.get("HOME", "/")
        return {
            "PATH": f"{folder}:{SEARCH}" if folder else SEARCH,
            "HOME": home,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }

    # -- PostgreSQL

    @property
    def postgresql_user(self):
        """System user of PostgreSQL's programs, for a server that trusts system users."""
        return self.config.postgresql.system_user or self.config.odoo.user

    def postgresql_variables(self):
        """Environment of libpq: the server, its user and the password's file."""
        settings = self.config.postgresql
        found = {
            "PGHOST": settings.host,
            "PGPORT": settings.port,
            "PGUSER": settings.user,
            "PGPASSFILE": settings.passfile,
            "PGAPPNAME": "release_host",
            "PGCONNECT_TIMEOUT": "10",
        }
        return {name: str(value) for name, value in found.items() if value is not None}

    def postgresql(self, argv, **options):
        """Run one of PostgreSQL's programs (:meth:`run`)."""
        options.setdefault("user", self.postgresql_user)
        variables = {**self.postgresql_variables(), **options.pop("variables", {})}
        return self.run(argv, variables=variables, **options)

    def sql(self, statement, database=None, timeout=60, **values):
        """Run SQL and return what it prints, a row a line and a tab between columns.

        :param values: what ``:'name'`` in the statement stands for, quoted by psql
        :raises Failed: PostgreSQL refused it or cannot be reached
        """
        argv = [*PSQL, f"--dbname={connection_string(database or self.config.odoo.database)}"]
        for name, value in values.items():
            argv.append(f"--set={name}={value}")
        return self.postgresql(argv, text=statement, timeout=timeout).stdout

    def rows(self, statement, database=None, timeout=60, **values):
        """Run one SELECT and return its rows as dictionaries."""
        wrapped = f"SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM ({statement}) q;"  # noqa: S608 (constant statements)
        return json.loads(self.sql(wrapped, database, timeout, **values))

    # -- Odoo and git

    def odoo_argv(self, *arguments):
        """Odoo's command line with its configuration file."""
        config = self.config.need("odoo", "config")
        return [*self.config.need("odoo", "command"), f"--config={config}", *arguments]

    def git(self, *arguments, **options):
        """Run git in the repository as its owner and return what it prints (:meth:`git_process`).

        :raises Failed: git failed
        """
        return self.git_process(*arguments, **options).stdout

    def git_process(self, *arguments, **options):
        """Run git; return ``subprocess.CompletedProcess``.

        Nothing that people configured in the repository runs as a program, nobody is asked for a
        password, submodules are not followed, and only authenticated protocols are spoken.
        """
        folder = self.config.need("repository", "path")
        try:
            owner = pwd.getpwuid(folder.stat().st_uid).pw_name
        except (OSError, KeyError) as problem:
            raise Failed(f"The repository {folder} cannot be read: {problem}.") from problem
        settings = [word for setting in GIT_SETTINGS for word in ("-c", setting)]
        argv = ["git", "-C", folder, "--no-pager", *settings, *arguments]
        variables = {**GIT_VARIABLES, **self.config.environment}
        return self.run(argv, user=owner, variables=variables, **options)

    @property
    def service(self):
        """The service that runs Odoo."""
        manager = self.config.service.manager
        return (SystemdService if manager == "systemd" else CommandService)(self)


GIT_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
)
GIT_VARIABLES = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
}
PSQL = (
    "psql",
    "--no-psqlrc",
    "--quiet",
    "--no-align",
    "--tuples-only",
    "--field-separator=\t",
    "--set=ON_ERROR_STOP=1",
    "--no-password",
)


def connection_string(database):
    """A database's name as libpq cannot take it for anything else; a dead network is noticed."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}' keepalives_idle=30 keepalives_interval=10 keepalives_count=3"


class SystemdService:
    """Odoo as a unit of systemd."""

    def __init__(self, host):
        self.host = host
        self.settings = host.config.service

    def state(self):
        """``{"state", "pid", "since"}``; state ``active`` is a service that runs."""
        argv = ["systemctl", "show", "--property=ActiveState,MainPID,ActiveEnterTimestamp"]
        output = self.host.run([*argv, "--", self.settings.name], timeout=10).stdout
        found = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        return {
            "state": found["ActiveState"],
            "pid": int(found["MainPID"]) or None,
            "since": found["ActiveEnterTimestamp"] or None,
        }

    def start(self, output):
        """Start it; systemd says what went wrong. ``output`` is an open file for its words."""
        self._control("start", self.settings.start_timeout, output)

    def stop(self, output):
        """Stop it and wait until it has stopped."""
        self._control("stop", self.settings.stop_timeout, output)

    def _control(self, action, timeout, output):
        argv = ["systemctl", action, "--", self.settings.name]
        self.host.run(argv, timeout=timeout, stdout=output, stderr=output)


class CommandService:
    """Odoo started and stopped by programs of the configuration, such as supervisor's."""

    def __init__(self, host):
        self.host = host
        self.settings = host.config.service

    def state(self):
        """``{"state", "pid", "since"}``; only whether it runs is known."""
        argv = self.host.config.need("service", "status")
        running = self.host.run(argv, timeout=10, check=False).returncode == 0
        return {"state": "active" if running else "inactive", "pid": None, "since": None}

    def start(self, output):
        """Run the program that starts it. ``output`` is an open file for its words."""
        self._control("start", self.settings.start_timeout, output)

    def stop(self, output):
        """Run the program that stops it."""
        self._control("stop", self.settings.stop_timeout, output)

    def _control(self, action, timeout, output):
        # What it starts outlives the helper and keeps the output open: never a pipe.
        argv = self.host.config.need("service", action)
        options = {"stdout": output, "stderr": output, "bound": False}
        self.host.run(argv, timeout=timeout, start_new_session=True, **options)


# -- state of the helper


class State:
    """The helper's own folder: journal, jobs, records, locks."""

    def __init__(self, config):
        self.config = config
        self.folder = config.host.state
        self.journal = Journal(self.folder / "journal.jsonl")

    def prepare(self):
        """Make the folders, readable by nobody else.

        :raises Refused: the folder cannot be made or belongs to somebody else
        """
        for folder in (self.folder, self.folder / "jobs", self.folder / "records"):
            try:
                folder.mkdir(mode=0o700, exist_ok=True, parents=True)
            except OSError as problem:
                raise Refused(
                    f"The state folder {folder} cannot be made: {problem.strerror}.",
                    "Name another one as 'state' in [host], or run the helper as root.",
                ) from problem
            info = folder.stat()
            if info.st_uid != os.geteuid() or info.st_mode & 0o077:
                raise Refused(
                    f"The state folder {folder} is open to others.",
                    f"chown it to the user who runs the helper, and chmod 0700 {folder}",
                )

    def record_path(self, release, what="record"):
        """Where the latest ``record`` of a release, or only its ``head``, is kept."""
        name = hashlib.sha256(release.encode()).hexdigest()[:32]
        return self.folder / "records" / f"{name}.{what}.json"

    def kept_head(self, release):
        """``{"release", "length", "head"}`` of the record kept, or None."""
        return read_json(self.record_path(release, "head"))

    def log_trouble(self):
        """Write the traceback of what is being handled where only the host's people read it."""
        with open(self.folder / "helper.log", "a", opener=_private) as handle:
            handle.write(f"{now()} {traceback.format_exc()}\n")


class Busy(Exception):
    """Another job holds the lock; ``holder`` is what it wrote there."""

    def __init__(self, holder):
        super().__init__("busy")
        self.holder = holder


class JobLock:
    """One job at a time: an flock, which the kernel frees when its process dies."""

    def __init__(self, state):
        self.path = state.folder / "lock"

    def holder(self):
        """``{"id", "key", "verb", "pid"}`` of the job that runs, or None."""
        with open(self.path, "a+b", opener=_private) as handle:
            try:
                # Shared, so that two who only look do not take each other for a job.
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                return _holder(handle.read())
        return None

    @contextlib.contextmanager
    def held(self, job, patience=30):
        """Hold the lock as a job.

        :raises Busy: another job holds it after ``patience`` seconds
        """
        with open(self.path, "a+b", opener=_private) as handle:
            deadline = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise Busy(self.holder()) from None
                    time.sleep(0.02)
            handle.truncate(0)
            handle.write(canonical({**job.label, "pid": os.getpid()}).encode())
            handle.flush()
            yield


def _holder(data):
    try:
        return json.loads(data)
    except ValueError:  # it holds the lock and has not written yet
        return {"id": None, "key": "", "verb": "another job", "pid": None}


# -- jobs


class Job:
    """One request that changes something: its folder, its steps, its result.

    Folder: ``request.json``, ``state.json`` (steps and what verbs remember), ``progress.json``,
    ``output.log``, ``result.json``.
    """

    def __init__(self, state, key):
        self.state = state
        self.key = key
        self.id = hashlib.sha256(key.encode()).hexdigest()[:32]
        self.folder = state.folder / "jobs" / self.id
        self.progress_written = 0.0
        self.current = ""

    @classmethod
    def by_id(cls, state, identifier):
        """The job in a folder.

        :raises Refused: there is none
        """
        request = read_json(state.folder / "jobs" / identifier / "request.json")
        if request is None:
            raise Refused("There is no such job.")
        return cls(state, request["key"])

    @property
    def request(self):
        """``{"key", "verb", "digest", "params", "time"}``, or None before it was asked for."""
        return read_json(self.folder / "request.json")

    @property
    def result(self):
        """The answer's status, result, message and hint once it ended, or None."""
        return read_json(self.folder / "result.json")

    @property
    def label(self):
        return {"id": self.id, "key": self.key, "verb": self.request["verb"]}

    @property
    def memory(self):
        """What survives a kill: ``{"steps": [...], "facts": {...}, "journaled": [...]}``."""
        empty = {"steps": [], "facts": {}, "journaled": []}
        return read_json(self.folder / "state.json", empty)

    def create(self, verb, params):
        """Write the request down; from now on the key belongs to it."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        kept = params if verb.detached else None  # a verb that runs at once gets them again
        write_json(
            self.folder / "request.json",
            {
                "key": self.key,
                "verb": verb.name,
                "digest": request_digest(verb.name, params),
                "params": kept,
                "time": now(),
            },
        )
        sync_folder(self.folder.parent)

    # -- for verbs

    def step(self, name, function, *arguments):
        """Do a named step once and return its value, which must be JSON.

        A step that was done before a kill is not done again: its recorded value is returned. One
        that was begun is called again, so ``function`` looks at the world first. ``note`` of the
        step is the value's ``"note"`` where it is an object that has one.
        """
        memory = self.memory
        for entry in memory["steps"]:
            if entry["name"] == name and entry["ok"]:
                return entry["value"]
        entry = {"name": name, "start": now(), "end": None, "ok": None, "note": "", "value": None}
        memory["steps"] = [*(old for old in memory["steps"] if old["name"] != name), entry]
        self._keep(memory)
        self.current = name
        self.progress(0, None, "", force=True)
        self.say(f"== {name}")
        try:
            value = function(*arguments)
        except Problem as problem:
            self._end_step(name, False, problem.message, None)
            raise
        note = value.get("note", "") if isinstance(value, dict) else ""
        self._end_step(name, True, note, value)
        return value

    def _end_step(self, name, ok, note, value):
        memory = self.memory
        entry = next(entry for entry in memory["steps"] if entry["name"] == name)
        entry.update(end=now(), ok=ok, note=note, value=value)
        self._keep(memory)
        payload = {"name": name, "start": entry["start"], "ok": ok, "note": note}
        self.state.journal.append("step", self.key, self.request["verb"], payload)

    def remember(self, name, value):
        """Keep a JSON value over a kill."""
        memory = self.memory
        memory["facts"][name] = value
        self._keep(memory)

    def recall(self, name, default=None):
        """The value kept by :meth:`remember`."""
        return self.memory["facts"].get(name, default)

    def progress(self, done, total, unit, force=False):
        """Say how far the step is, at most five times a second.

        :param total: None where it is not known
        :param unit: such as ``bytes`` or ``files``
        """
        if force or time.monotonic() - self.progress_written > 0.2:
            self.progress_written = time.monotonic()
            value = {"step": self.current, "done": done, "total": total, "unit": unit}
            write_json(self.folder / "progress.json", value, durable=False)

    def say(self, line):
        """Write a line into the job's own log."""
        with self.output() as handle:
            handle.write(f"{now()} {line}\n".encode())

    def output(self):
        """The job's own log, open for programs to write to."""
        return open(self.folder / "output.log", "ab", opener=_private)

    def steps(self):
        """The steps so far, as answers show them."""
        return [
            {name: entry[name] for name in ("name", "start", "end", "ok", "note")}
            for entry in self.memory["steps"]
        ]

    # -- for the framework

    def _keep(self, memory):
        write_json(self.folder / "state.json", memory)

    def journal_once(self, kind, payload):
        """Write an event of this job's that happens once, whenever it was killed before."""
        memory = self.memory
        if kind in memory["journaled"]:
            return
        if not self.state.journal.has(kind, self.key):
            self.state.journal.append(kind, self.key, self.request["verb"], payload)
        memory["journaled"].append(kind)
        self._keep(memory)

    def finish(self, verb_class, params, config):
        """Run the verb, or what is left of it, and write its result. Called under the lock."""
        if self.result is None:
            ended = self._attempt(verb_class, params, config)
            if self.memory["steps"]:
                ended["result"]["steps"] = self.steps()
            write_json(self.folder / "result.json", ended)
        ended = self.result
        payload = {name: ended[name] for name in ("status", "message")}
        self.journal_once("finished", {**payload, "result": digest(ended["result"])})

    def _attempt(self, verb_class, params, config):
        try:
            values = checked(verb_class.parameters, params)
            return ending(DONE, verb_class(Host(config), self.state, values, self).run())
        except Problem as problem:
            self.say(f"{problem.status}: {problem.message}")
            return problem.ending()
        except Exception as problem:  # noqa: BLE001 (the result must be written whatever happens)
            self.say(traceback.format_exc())
            message = f"The helper itself failed ({type(problem).__name__})."
            return ending(ERROR, {}, message, f"Read {self.folder / 'output.log'} on the host.")


def request_digest(verb, params):
    """What makes two requests the same."""
    return digest({"verb": verb, "params": params})


def ending(status, result, message="", hint=""):
    """How a verb ended, as a job keeps it and an answer says it."""
    return {"status": status, "result": result, "message": message, "hint": hint}


# -- verbs

VERBS = {}


def verb(cls):
    """Class decorator: put a verb into the closed list."""
    VERBS[cls.name] = cls
    return cls


class Verb:
    """One thing the helper does. Subclass it, fill in the attributes and write :meth:`run`.

    ``self.host``, ``self.config``, ``self.state``, ``self.params`` (checked, with defaults), and
    for verbs that change something ``self.job``.
    """

    name = ""
    #: ``{parameter: Rule}``; everything else is refused.
    parameters = {}
    #: Whether it changes something: runs once for each key, under the lock.
    changing = False
    #: Whether it runs in a process of its own, so that it outlives who asked.
    detached = False

    def __init__(self, host, state, params, job=None):
        self.host = host
        self.config = host.config
        self.state = state
        self.params = params
        self.job = job

    def run(self):
        """Do it and return the answer's ``result``, a JSON object.

        :raises Refused: nothing was done
        :raises Failed: something was done, and what was wanted was not reached
        """
        raise NotImplementedError

    @classmethod
    def journaled(cls, params):
        """What the journal keeps of the parameters."""
        return params


class ChangingVerb(Verb):
    """A verb that changes something, in a process of its own."""

    changing = True
    detached = True


class QuickVerb(Verb):
    """A verb that changes something and is done at once."""

    changing = True


# -- protocol


class Server:
    """Answers requests: checks them, looks for what is done already, starts jobs."""

    def __init__(self, config):
        self.config = config
        self.state = State(config)

    def answer_line(self, line):
        """One request line in, one answer (a dictionary) out, whatever happens."""
        request = {}
        try:
            self.state.prepare()
            request = parse(line)
            return self.answer(request)
        except Problem as problem:
            return self._reply(request, problem.ending())
        except RecursionError:
            return self._reply(request, ending(REFUSED, {}, "The request is nested too deeply."))
        except Exception as problem:  # noqa: BLE001 (a traceback never goes to the answer)
            self.state.log_trouble()
            message = f"The helper itself failed ({type(problem).__name__})."
            hint = f"Read {self.state.folder / 'helper.log'} on the host."
            return self._reply(request, ending(ERROR, {}, message, hint))

    def answer(self, request):
        """Answer a parsed request.

        :raises Refused: it is not allowed
        """
        verb_class = VERBS[request["verb"]]
        params = checked(verb_class.parameters, request["params"])
        if not verb_class.changing:
            self._note_anchor(request)
            run = verb_class(Host(self.config), self.state, params)
            return self._reply(request, ending(DONE, run.run()))
        return self._reply(request, *self._change(verb_class, request))

    def _change(self, verb_class, request):
        """Return ``(ending, progress)`` of a verb that changes something."""
        job = Job(self.state, request["key"])
        with self._asking():
            known = job.request
            if known is None:
                self._admit(verb_class, request, job)
            elif known["digest"] != request_digest(request["verb"], request["params"]):
                raise Refused(
                    f"The key {job.key} was used for '{known['verb']}' with other parameters.",
                    "Send a key of its own with each request.",
                )
            self._note_anchor(request)
            if job.result is None:
                self._set_going(verb_class, request, job, known is not None)
            elif "finished" not in job.memory["journaled"]:
                job.finish(verb_class, request["params"], self.config)
        return self._collect(job)

    def _admit(self, verb_class, request, job):
        """Take on a new request, unless another one is running."""
        self._refuse_forgotten(request)
        holder = JobLock(self.state).holder() if verb_class.detached else None
        if holder:
            raise self._busy(holder)
        job.create(verb_class, request["params"])
        job.journal_once("requested", verb_class.journaled(request["params"]))

    def _set_going(self, verb_class, request, job, known):
        """Run what is new, and take up again what died."""
        if not verb_class.detached:
            return job.finish(verb_class, request["params"], self.config)
        holder = JobLock(self.state).holder()
        if holder and holder["id"] == job.id:
            return None
        if holder:
            raise self._busy(holder)
        if known:
            payload = {"steps": len(job.steps())}
            self.state.journal.append("taken_up", job.key, verb_class.name, payload)
        launch(self.config, job)
        return None

    def _collect(self, job):
        """Give a job a moment to end; return ``(ending, progress)``."""
        deadline = time.monotonic() + PATIENCE
        while job.result is None and time.monotonic() < deadline:
            time.sleep(0.02)
        found = job.result
        if found is not None:
            return found, None
        progress = read_json(job.folder / "progress.json") or {}
        return ending(RUNNING, {"steps": job.steps()}), progress

    @staticmethod
    def _busy(holder):
        return Refused(
            f"The host is busy with '{holder['verb']}' ({holder['key']}).",
            "Ask again when it has ended.",
        )

    @contextlib.contextmanager
    def _asking(self):
        """One at a time decides what is started."""
        with open(self.state.folder / "asking", "a+b", opener=_private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    # -- what the host knows of the release

    def _forgotten(self, request):
        """The head kept for the release when the database that asks is behind it, or None."""
        anchor = request.get("anchor")
        kept = anchor and self.state.kept_head(anchor["release"])
        return kept if kept and anchor["length"] < kept["length"] else None

    def _refuse_forgotten(self, request):
        kept = self._forgotten(request)
        if kept:
            raise Refused(
                f"The database has forgotten {kept['length'] - request['anchor']['length']} events "
                f"of {kept['release']}: it was restored.",
                "Fetch the record from the host ('record') and import it, then ask again.",
            )

    def _note_anchor(self, request):
        """Keep the head of the release's journal outside its database."""
        anchor = request.get("anchor")
        if not anchor:
            return
        path = self.state.folder / "anchors.json"
        known = read_json(path, {})
        head = {"length": anchor["length"], "head": anchor["head"]}
        if known.get(anchor["release"]) != head:
            self.state.journal.append("anchor", request["key"], request["verb"], anchor)
            write_json(path, {**known, anchor["release"]: head})

    def _reply(self, request, ended, progress=None):
        answer = {"v": PROTOCOL, "key": request.get("key"), "verb": request.get("verb"), **ended}
        if progress is not None:
            answer["progress"] = progress
        if self.state.folder.exists():
            answer["journal"] = self.state.journal.head()
            forgotten = self._forgotten(request)
            if forgotten:
                answer["forgotten"] = forgotten
        return answer


ANCHOR = {"release": RELEASE, "length": Integer(0, 10**9), "head": SHA256}


def parse(line):
    """The request in a line of bytes: ``{"v", "key", "verb", "params", "anchor"}``.

    :raises Refused: it is none
    """
    if len(line) > LONGEST_REQUEST:
        raise Refused(f"The request is longer than {LONGEST_REQUEST} bytes.", "Send less.")
    try:
        request = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_short_int,
        )
    except (ValueError, RecursionError) as problem:
        raise Refused("The request is not a line of JSON.", "Send one object a line.") from problem
    if not isinstance(request, dict) or set(request) - {"v", "key", "verb", "params", "anchor"}:
        raise Refused(
            "The request is not an object of v, key, verb, params and anchor.",
            "Send these names only.",
        )
    if request.get("v") != PROTOCOL or isinstance(request["v"], bool):
        raise Refused(f"'v' is not {PROTOCOL}.", "Install the helper that fits the addon.")
    name = request.get("verb")
    if not isinstance(name, str) or name not in VERBS:
        raise Refused("'verb' is none of the helper's.", f"Known are: {', '.join(sorted(VERBS))}.")
    KEY.check("key", request.get("key"))
    if request.get("anchor") is not None:
        checked(ANCHOR, request["anchor"])
    return {"params": {}, **request}


def _no_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_constant(name):
    raise ValueError(f"{name} is no JSON")


def _short_int(digits):
    if len(digits) > 19:
        raise ValueError("a number is too long")
    return int(digits)


def serve(config, source, target):
    """Answer the lines of a binary stream until it ends."""
    server = Server(config)
    while True:
        line = source.readline(LONGEST_REQUEST + 1)
        if not line:
            return
        answer = server.answer_line(line)
        while not line.endswith(b"\n") and line:
            line = source.readline(LONGEST_REQUEST)  # the rest of a line that is too long
        target.write(canonical(answer).encode() + b"\n")
        target.flush()


# -- processes of jobs


def launch(config, job):
    """Start the process of a job and wait until it holds the lock or has ended.

    :raises Failed: it could not be started
    """
    argv = [sys.executable, "-I", os.path.abspath(__file__), "--config", str(config.path)]
    if config.service.manager == "systemd" and os.geteuid() == 0:
        # Outside the unit of Odoo: stopping that must not kill what stops it.
        unit = ["systemd-run", "--quiet", "--collect", f"--unit=ipai-release-{job.id}", "--"]
        Host(config).run([*unit, *argv, "job", job.id], timeout=30)
    else:
        with job.output() as output:
            options = {"stdout": output, "stderr": output, "bound": False}
            Host(config).run(
                [*argv, "job", "--fork", job.id], timeout=30, start_new_session=True, **options
            )
    deadline = time.monotonic() + 30
    lock = JobLock(job.state)
    while job.result is None and (lock.holder() or {}).get("id") != job.id:
        if time.monotonic() > deadline:
            raise Failed("The job's process did not start.", f"Read {job.folder / 'output.log'}.")
        time.sleep(0.01)


def run_job(config, identifier, fork):
    """Be the process of a job."""
    if fork and os.fork():
        os._exit(0)  # so that who launched it need not wait for its end
    state = State(config)
    job = Job.by_id(state, identifier)
    request = job.request
    with JobLock(state).held(job):
        job.finish(VERBS[request["verb"]], request["params"], config)


# -- verbs: looking


LOGIN_PAGE = "/web/login"


def http_request(url, path, body=None, timeout=5.0):
    """Ask Odoo for a page; return ``(status, bytes)``, status 0 when nobody answers.

    :param body: JSON to POST, or None to GET
    """
    parts = urllib.parse.urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout)
    try:
        if body is None:
            connection.request("GET", f"{parts.path}{path}")
        else:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"{parts.path}{path}", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read(1 << 20)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def login_page(config, timeout=5.0):
    """``{"status", "seconds"}`` of Odoo's login page; status 0 when nobody answers."""
    started = time.monotonic()
    status, _page = http_request(config.odoo.url, LOGIN_PAGE, timeout=timeout)
    return {"status": status, "seconds": round(time.monotonic() - started, 3)}


def authenticated(config, timeout=10.0):
    """Whether the probe's user can log in; None where the configuration names none."""
    if not config.odoo.probe_login or not config.odoo.probe_password_file:
        return None
    params = {
        "db": config.odoo.database,
        "login": config.odoo.probe_login,
        "password": config.odoo.probe_password_file.read_text().strip(),
    }
    body = {"jsonrpc": "2.0", "method": "call", "params": params}
    status, answer = http_request(config.odoo.url, "/web/session/authenticate", body, timeout)
    try:
        return status == 200 and bool(json.loads(answer)["result"]["uid"])
    except (ValueError, KeyError, TypeError):
        return False


@verb
class Hello(Verb):
    """Who the helper is, and what it may do here."""

    name = "hello"

    def run(self):
        return {
            "version": VERSION,
            "sha256": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
            "python": platform.python_version(),
            "host": socket.gethostname(),
            "time": now(),
            "verbs": sorted(VERBS),
            "capabilities": [self._tried(name, look) for name, look in CAPABILITIES.items()],
        }

    def _tried(self, name, look):
        try:
            ok, found, remedy = look(self.host)
        except Problem as problem:
            ok, found, remedy = False, problem.message, problem.hint
        except OSError as problem:
            ok, found, remedy = False, str(problem), "Look at the host's configuration."
        return {"name": name, "ok": ok, "found": found, "remedy": "" if ok else remedy}


def _major(text):
    return int(re.search("[0-9]+", text).group())


def _can_dump(host):
    server = host.sql("SHOW server_version", host.config.postgresql.maintenance_database).strip()
    client = host.postgresql(["pg_dump", "--version"]).stdout.strip()
    return (
        _major(client) >= _major(server),
        f"{client}, server {server}",
        "Install the client programs of the server's version, and name their folder as 'bin'.",
    )


def _can_read_database(host):
    size = database_size(host)
    return True, f"{host.config.odoo.database}, {size} bytes", ""


def _can_create_database(host):
    role = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    may = host.sql(role).strip() == "t"
    return may, "CREATEDB" if may else "no CREATEDB", "ALTER ROLE … CREATEDB"


def _has_space(host):
    folder = host.config.need("backup", "folder")
    free, size = shutil.disk_usage(folder).free, database_size(host)
    remedy = "Free space, or name a backup folder on a larger file system."
    return free > 2 * size, f"{free} bytes free, the database has {size}", remedy


def _can_write_backups(host):
    folder = host.config.need("backup", "folder")
    may = folder.is_dir() and os.access(folder, os.W_OK)
    return may, f"{folder}", "Make the folder and let the helper's user write there."


def _can_read_service(host):
    state = host.service.state()["state"]
    return True, state, ""


def _has_repository(host):
    changed = host.git("status", "--porcelain").splitlines()
    host.git("ls-remote", "--exit-code", "--", host.config.repository.remote, "HEAD")
    found = f"{len(changed)} changed files" if changed else "clean, remote answers"
    return not changed, found, "Commit or remove what was changed by hand in the repository."


def _runs_odoo(host):
    user, variables = host.config.odoo.user, host.config.environment
    argv = [*host.config.need("odoo", "command"), "--version"]
    found = host.run(argv, user=user, variables=variables).stdout
    return True, last_line(found), ""


def _can_read_log(host):
    log = host.config.need("odoo", "log")
    if log == "journald":
        argv = ["journalctl", "--quiet", "--lines=1", f"--unit={host.config.service.name}"]
        host.run(argv, timeout=20)
        return True, "journald", ""
    return os.access(log, os.R_OK), str(log), "Let the helper's user read the log."


def _has_probe(host):
    found = authenticated(host.config)
    texts = {None: "not configured", True: "logs in", False: "cannot log in"}
    remedy = "Name a user without rights as 'probe_login', and the file with its password."
    return bool(found), texts[found], remedy


#: What *Test connection* lists: name → function of the host → (ok, what was found, remedy).
CAPABILITIES = {
    "pg_dump": _can_dump,
    "database": _can_read_database,
    "create databases": _can_create_database,
    "free space": _has_space,
    "backup folder": _can_write_backups,
    "service": _can_read_service,
    "repository": _has_repository,
    "odoo": _runs_odoo,
    "log": _can_read_log,
    "probe login": _has_probe,
}


def database_size(host, database=None):
    """Bytes of a database on the server's disk."""
    name = database or host.config.odoo.database
    maintenance = host.config.postgresql.maintenance_database
    return int(host.sql("SELECT pg_database_size(:'name');", maintenance, name=name))


@verb
class Health(Verb):
    """Whether the service runs and Odoo answers."""

    name = "health"

    def run(self):
        state = self.host.service.state()
        page = login_page(self.config)
        login = authenticated(self.config) if page["status"] == 200 else False
        up = state["state"] == "active" and page["status"] == 200 and login is not False
        return {"service": state, "login_page": page, "authenticated": login, "up": up}


@verb
class ServiceState(Verb):
    """The state of the service."""

    name = "service"

    def run(self):
        return self.host.service.state()


@verb
class Disk(Verb):
    """Free space of the file systems that a release needs."""

    name = "disk"

    def run(self):
        config = self.config
        purposes = {
            "backup": config.backup.folder,
            "data": config.odoo.data_dir,
            "code": config.repository.path,
            "state": config.host.state,
        }
        return {"paths": [self._usage(*item) for item in purposes.items() if item[1]]}

    @staticmethod
    def _usage(purpose, path):
        try:
            usage = shutil.disk_usage(path)
        except OSError as problem:
            raise Failed(f"{path} ({purpose}) cannot be read: {problem.strerror}.") from problem
        return {"purpose": purpose, "path": str(path), "free": usage.free, "total": usage.total}


# -- verbs: backup, records, commands


# -- verbs: code, upgrade, restart, restore


#: Where the tags that may prove a commit are fetched to: no tag made on this host hides them.
SIGNED_TAGS = "refs/ipai/tags"
SUBMODULE = "160000"
COMMITS_LISTED = 200
SOURCE_FILE = Text(
    r"(?!.*(^|/)\.\.(/|$))[A-Za-z0-9_.][A-Za-z0-9_.+@/ -]*",
    1000,
    "the path of a file inside the repository",
)


class Repository:
    """The repository that holds the addons. Nothing in it runs as a program."""

    def __init__(self, host):
        self.host = host
        self.settings = host.config.repository

    def text(self, *arguments, **options):
        """What git prints, without the newline at its end."""
        return self.host.git(*arguments, **options).strip()

    def agrees(self, *arguments):
        """Whether git's exit status is 0."""
        return self.host.git_process(*arguments, check=False).returncode == 0

    def head(self):
        """``{"commit", "branch"}`` of what is checked out; branch None for a detached HEAD."""
        named = self.host.git_process("symbolic-ref", "--quiet", "--short", "HEAD", check=False)
        commit = self.text("rev-parse", "--verify", "HEAD^{commit}")
        return {"commit": commit, "branch": named.stdout.strip() or None}

    def holds(self, commit):
        """Whether the commit is in the repository."""
        return self.agrees("cat-file", "-e", f"{commit}^{{commit}}")

    def tracking(self, branch):
        """The ref that holds the remote's branch."""
        return f"refs/remotes/{self.settings.remote}/{branch}"

    def changed(self):
        """Files that differ from HEAD or that git does not know, without Python's caches."""
        listed = self.host.git(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"
        )
        entries = listed.split("\0")[:-1]
        return [entry[3:] for entry in entries if not _is_python_cache(entry)]

    def require_clean(self):
        """Refuse a tree with changes made by hand.

        :raises Refused: naming the files
        """
        files = self.changed()
        if files:
            raise Refused(
                f"The repository has changes that no commit holds: {named(files)}.",
                "Commit them upstream or remove them; the switch would lose or mix them.",
                {"changed": files[:COMMITS_LISTED]},
            )

    def fetch(self, branch):
        """Fetch one branch of the remote, and no tag; tags go where no local one hides them."""
        refs = [f"+refs/heads/{branch}:{self.tracking(branch)}"]
        if self.settings.signed == "tag":
            refs.append(f"+refs/tags/*:{SIGNED_TAGS}/*")
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        self.host.git("fetch", *options, "--", self.settings.remote, *refs, timeout=600)

    def require_on_branch(self, commit, branch):
        """Refuse a commit that the remote's branch does not contain."""
        if not self.holds(commit):
            raise Failed(
                f"The commit {commit} is not on the branch '{branch}' of the remote.",
                "Compare it with what was reviewed, and look whether it was pushed.",
            )
        if not self.agrees("merge-base", "--is-ancestor", commit, self.tracking(branch)):
            raise Failed(
                f"The commit {commit} is there, but not on the branch '{branch}'.",
                "Merge it there, or name the branch it is on.",
            )

    def commits(self, before, after):
        """Commits that ``after`` has and ``before`` has not, newest first, the first 200."""
        listed = self.host.git(
            "log",
            "-z",
            f"--max-count={COMMITS_LISTED}",
            "--format=%H%x1f%an <%ae>%x1f%aI%x1f%s",
            f"{before}..{after}",
            "--",
        )
        names = ("id", "author", "date", "subject")
        return [dict(zip(names, line.split("\x1f"))) for line in listed.split("\0") if line]

    def files(self, before, after):
        """``[{"status", "path", "added", "deleted", "mode"}]`` between two commits.

        Status A, D, M or T as git has it; a renamed file is one D and one A. The counts of lines
        are None for a binary file.
        """
        options = ("-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv")
        raw = self.host.git("diff", "--raw", *options, before, after, "--").split("\0")[:-1]
        counted = self.host.git("diff", "--numstat", *options, before, after, "--").split("\0")
        lines = {path: (_count(a), _count(d)) for a, d, path in map(_columns, counted[:-1])}
        found = []
        for entry, path in zip(raw[::2], raw[1::2]):
            _old_mode, mode, _old, _new, status = entry.lstrip(":").split(" ")
            added, deleted = lines.get(path, (None, None))
            found.append(
                {"status": status, "path": path, "added": added, "deleted": deleted, "mode": mode}
            )
        return found

    def signature(self, commit):
        """How the commit is signed, as the configuration demands it; None where it does not.

        :raises Failed: it is not signed by a key that counts
        """
        how = self.settings.signed
        if how == "no":
            return None
        tried = self._verify_commit(commit) if how == "commit" else self._verify_tags(commit)
        good = next((process for process in tried if not process.returncode), None)
        if good is None:
            said = last_line(tried[-1].stderr) if tried else "no signed tag names it"
            raise Failed(
                f"The commit {commit} is not signed by a known key: {said}.",
                f"Sign the {how} with a key that the host knows, or look who made it.",
            )
        return {"how": how, "found": good.stderr.strip() or "good signature"}

    def _verify_commit(self, commit):
        return [self.host.git_process(*self._signers(), "verify-commit", commit, check=False)]

    def _verify_tags(self, commit):
        form = "--format=%(objecttype) %(objectname)"
        listed = self.text("for-each-ref", f"--points-at={commit}", form, "--", SIGNED_TAGS)
        tags = [line.split()[1] for line in listed.splitlines() if line.startswith("tag ")]
        verify = (*self._signers(), "verify-tag")
        return [self.host.git_process(*verify, tag, check=False) for tag in tags]

    def _signers(self):
        """Settings in front of a command: whoever owns the repository does not choose the judge."""
        signers = self.settings.signers
        judges = ("-c", "gpg.program=gpg", "-c", "gpg.ssh.program=ssh-keygen")
        return (*judges, "-c", f"gpg.ssh.allowedSignersFile={signers}") if signers else judges

    def check_out(self, commit, branch=None, force=False):
        """Make the whole tree that of a commit. No branch moves: the way back stays exact.

        :param branch: check out this branch when it still is at the commit
        :param force: go on with a checkout that was killed; the tree was clean before it
        """
        if force:
            self._remove_stale_lock()
        options = ["--quiet", "--no-recurse-submodules", *(["--force"] if force else [])]
        if branch and self._is_at(branch, commit):
            self.host.git("checkout", *options, branch, "--", timeout=600)
        else:
            self.host.git("checkout", *options, "--detach", commit, "--", timeout=600)

    def _is_at(self, branch, commit):
        ref = f"refs/heads/{branch}"
        return self.text("for-each-ref", "--format=%(objectname)", "--", ref) == commit

    def _remove_stale_lock(self):
        lock = Path(self.text("rev-parse", "--absolute-git-dir")) / "index.lock"
        deadline = time.monotonic() + 10
        while lock.exists() and time.monotonic() < deadline:
            time.sleep(0.1)  # somebody else's git, which ends
        lock.unlink(missing_ok=True)

    def manifest_version(self, module):
        """Version in the checked-out manifest of a module; None when it is not in here."""
        path = self.settings.path / self.settings.addons / module / "__manifest__.py"
        try:
            return str(ast.literal_eval(path.read_text(encoding="utf-8")).get("version", "1.0"))
        except FileNotFoundError:
            return None
        except (SyntaxError, ValueError, OSError) as problem:
            raise Failed(f"{path} cannot be read: {last_line(str(problem))}.") from problem


def _is_python_cache(entry):
    return entry.startswith("??") and entry.endswith(("__pycache__/", ".pyc"))


def _columns(line):
    return line.split("\t", 2)


def _count(text):
    return int(text) if text.isdigit() else None


def named(values, most=10):
    """Names for a sentence, the first ten of them."""
    values = list(values)
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]) + more


def release_of(key):
    """The release that a key belongs to: keys are ``release/item/attempt``."""
    return key.rsplit("/", 2)[0]


class CodeState:
    """What was verified and switched, kept on the host: the way back of each release."""

    def __init__(self, state):
        self.path = state.folder / "code.json"

    @property
    def _kept(self):
        return read_json(self.path, {"verified": {}, "switches": []})

    def verify(self, commit, facts):
        """Note that a commit may be switched to."""
        kept = self._kept
        kept["verified"][commit] = facts
        write_json(self.path, kept)

    def verified(self, commit):
        """What was noted of a commit, or None."""
        return self._kept["verified"].get(commit)

    def record(self, key, before, after):
        """Note a switch before it is made, once for each key."""
        kept = self._kept
        if all(entry["key"] != key for entry in kept["switches"]):
            entry = {"key": key, "before": before, "after": after, "time": now()}
            kept["switches"].append({**entry, "proven": False, "undone": False})
            write_json(self.path, kept)

    def mark(self, name, choose):
        """Set ``proven`` or ``undone`` of the switches that ``choose(entry)`` takes."""
        kept = self._kept
        for entry in kept["switches"]:
            entry[name] = entry[name] or choose(entry)
        write_json(self.path, kept)

    def way_back(self, key):
        """Where the tree was before the release of this key, ``{"commit", "branch"}``, or None.

        Switches of others count only while nothing has shown that they work.
        """
        release = release_of(key)
        own = [
            entry
            for entry in self._kept["switches"]
            if release_of(entry["key"]) == release or not (entry["proven"] or entry["undone"])
        ]
        first = next((entry for entry in own if not entry["undone"]), own[0] if own else None)
        return first and first["before"]

    def commits_left(self):
        """Commits that were live once, the way back to each of which is known."""
        return {entry["before"]["commit"] for entry in self._kept["switches"]}


@verb
class CodeFetch(ChangingVerb):
    """Fetch a branch and verify the commit to go live; nothing is switched."""

    name = "code_fetch"
    parameters = {
        "branch": BRANCH,
        "commit": COMMIT,
        "files": OrNull(ListOf(SOURCE_FILE, 5000), None),
    }

    def run(self):
        branch, commit = self.params["branch"], self.params["commit"]
        require_allowed_branch(self.config, branch)
        repository = Repository(self.host)
        repository.require_clean()
        self.job.step("fetch", repository.fetch, branch)
        repository.require_on_branch(commit, branch)
        signed = repository.signature(commit)
        result = self._compared(repository, repository.head()["commit"], commit)
        CodeState(self.state).verify(commit, {"branch": branch, "key": self.job.key, "time": now()})
        return {**result, "signed": signed}

    def _compared(self, repository, before, commit):
        files = repository.files(before, commit)
        result = {
            "branch": self.params["branch"],
            "before": before,
            "after": commit,
            "commits": repository.commits(before, commit),
            "dropped": repository.commits(commit, before),
            "submodules": [entry["path"] for entry in files if entry["mode"] == SUBMODULE],
            "files": [{name: entry[name] for name in entry if name != "mode"} for entry in files],
            "diffstat": repository.text("diff", "--shortstat", before, commit, "--"),
        }
        if self.params["files"] is not None:
            self._require_files({entry["path"] for entry in files}, result)
        return result

    def _require_files(self, found, result):
        expected = set(self.params["files"])
        unexpected, missing = sorted(found - expected), sorted(expected - found)
        problems = [f"{named(unexpected)} changed unexpectedly"] if unexpected else []
        problems += [f"{named(missing)} did not change"] if missing else []
        if problems:
            raise Failed(
                f"The commit changes other files than expected: {'; '.join(problems)}.",
                "Review the commit, then correct the list of files or the commit.",
                {**result, "unexpected": unexpected, "missing": missing},
            )


def require_allowed_branch(config, branch):
    """Refuse a branch that the configuration does not name.

    :raises Refused: the parameter 'branch' is not allowed
    """
    if branch not in config.repository.branches:
        allowed = named(config.repository.branches) or "none"
        raise Refused(
            f"Parameter 'branch': '{branch}' is not allowed on this host.",
            f"'branches' in [repository] of its configuration allows: {allowed}.",
        )


@verb
class CodeSwitch(ChangingVerb):
    """Switch the whole tree to a commit that was fetched and verified."""

    name = "code_switch"
    parameters = {"branch": BRANCH, "commit": COMMIT}

    def run(self):
        branch, commit = self.params["branch"], self.params["commit"]
        require_allowed_branch(self.config, branch)
        verified = CodeState(self.state).verified(commit)
        if not verified or verified["branch"] != branch:
            raise Refused(
                f"The commit {commit} of '{branch}' was not fetched and verified on this host.",
                "Run code_fetch with the same branch and commit first.",
            )
        repository = Repository(self.host)
        before = self.job.step("look", self._look, repository)
        files = repository.files(before["commit"], commit)
        if before["commit"] != commit:
            self.job.step("switch", self._switch, repository, before)
        paths = [entry["path"] for entry in files]
        return {"before": before["commit"], "after": commit, "files": paths}

    @staticmethod
    def _look(repository):
        repository.require_clean()
        return repository.head()

    def _switch(self, repository, before):
        CodeState(self.state).record(self.job.key, before, self.params["commit"])
        switch_tree(self.job, repository, self.params["commit"])
        return {"note": f"{before['commit']} → {self.params['commit']}"}


def switch_tree(job, repository, commit, branch=None):
    """Check out a commit in a step that may be killed and begun again.

    :raises Refused: the tree has changes, before anything moved
    :raises Failed: the tree is not that of the commit afterwards
    """
    begun = job.recall("switching") == commit
    if not begun:
        repository.require_clean()
        job.remember("switching", commit)
    repository.check_out(commit, branch, force=begun)
    found = repository.head()["commit"]
    if found != commit or repository.changed():
        raise Failed(f"The tree is not that of {commit} after the checkout; HEAD is {found}.")


# -- command line


def main(argv=None):
    """Run a command of the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "serve" and not _is_forced_rightly():
        refused = ending(REFUSED, {}, "No other command is allowed here.", "Open it without one.")
        _print(canonical({"v": PROTOCOL, "key": None, "verb": None, **refused}))
        return 2
    try:
        return COMMANDS.get(arguments.command, by_hand)(arguments)
    except Problem as problem:
        return _complain(arguments, problem)


def _is_forced_rightly():
    """Whether SSH's client asked for nothing else than what its key is for."""
    return os.environ.get("SSH_ORIGINAL_COMMAND", "").strip() in ("", "serve")


def _complain(arguments, problem):
    if arguments.command == "serve":
        _print(canonical({"v": PROTOCOL, "key": None, "verb": None, **problem.ending()}))
    else:
        sys.stderr.write(f"{problem.message}\n{problem.hint}\n".rstrip() + "\n")
    return 2


def _print(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser():
    parser = argparse.ArgumentParser(
        prog="release_host.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("--config", default=CONFIG, help=f"default: {CONFIG}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="answer JSON lines on stdin until it ends")
    key_line = commands.add_parser("key-line", help="print the line for authorized_keys")
    key_line.add_argument("file", help="a public SSH key")
    commands.add_parser("verify-journal", help="look whether the journal was changed")
    install = commands.add_parser("install", help="copy the helper to where root keeps programs")
    install.add_argument("--prefix", default="/usr/local/sbin", help="folder")
    job = commands.add_parser("job")
    job.add_argument("id")
    job.add_argument("--fork", action="store_true")
    for name, found in sorted(VERBS.items()):
        one = commands.add_parser(name, help=last_line((found.__doc__ or "").splitlines()[0]))
        one.add_argument("--params", default="{}", help="a JSON object")
        one.add_argument("--key", help="makes asking again safe")
        one.add_argument("--json", action="store_true", help="print the answer as JSON")
    return parser


def serve_command(arguments):
    """``serve``"""
    serve(Config(arguments.config), sys.stdin.buffer, sys.stdout.buffer)
    return 0


def job_command(arguments):
    """``job``: not for people."""
    run_job(Config(arguments.config), arguments.id, arguments.fork)
    return 0


def key_line_command(arguments):
    """``key-line``: a key that can do nothing but serve."""
    key = Path(arguments.file).read_text().strip()
    if not re.fullmatch(r"(ssh|ecdsa|sk)-[!-~]+ [A-Za-z0-9+/=]+( [ -~]*)?", key):
        raise Refused(f"{arguments.file} is not a public SSH key.", "Name the .pub file.")
    words = (os.path.abspath(__file__), "--config", os.path.abspath(arguments.config), "serve")
    command = " ".join(shlex.quote(word) for word in words)
    _print(f'restrict,command="{command}" {key}')
    return 0


def verify_journal_command(arguments):
    """``verify-journal``: exit status 1 when it was changed."""
    journal = State(Config(arguments.config)).journal
    faults = list(journal.faults())
    for sequence, reason in faults:
        _print(f"event {sequence} {reason}")
    if not faults:
        head = journal.head()
        _print(f"{head['sequence']} events, none changed; head {head['head']}")
    return 1 if faults else 0


def install_command(arguments):
    """``install``: root's own copy of this file."""
    target = Path(arguments.prefix) / "release_host.py"
    if target.resolve() != Path(__file__).resolve():
        write_file(target, Path(__file__).read_bytes())
    target.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(target, 0, 0)
    _print(f"installed {target}")
    return 0


COMMANDS = {
    "serve": serve_command,
    "job": job_command,
    "key-line": key_line_command,
    "verify-journal": verify_journal_command,
    "install": install_command,
}


def by_hand(arguments):
    """Run a verb for a person: wait for its end and show how far it is."""
    key = arguments.key or f"hand/{now()}"
    line = canonical(
        {"v": PROTOCOL, "key": key, "verb": arguments.command, "params": _params(arguments)}
    ).encode()
    server = Server(Config(arguments.config))
    answer = server.answer_line(line)
    while answer["status"] == RUNNING:
        _show_progress(answer.get("progress") or {})
        answer = server.answer_line(line)
    if arguments.json:
        _print(canonical(answer))
    else:
        _print(readable(answer))
    return 0 if answer["status"] == DONE else 1


def _params(arguments):
    try:
        return json.loads(arguments.params)
    except ValueError as problem:
        raise Refused(
            "--params is not JSON.", """Such as --params '{"label": "x"}'."""
        ) from problem


def _show_progress(progress):
    if sys.stderr.isatty() and progress:
        total = f" of {progress['total']}" if progress["total"] else ""
        sys.stderr.write(f"{progress['step']}: {progress['done']}{total} {progress['unit']}\n")


def readable(answer):
    """An answer for people."""
    lines = [answer["status"]]
    lines += [answer[name] for name in ("message", "hint") if answer[name]]
    return "\n".join([*lines, *_readable(answer["result"], "")])


def _readable(value, indent):
    for name, found in value.items() if isinstance(value, dict) else enumerate(value, 1):
        if isinstance(found, (dict, list)) and found:
            yield f"{indent}{name}:"
            yield from _readable(found, indent + "  ")
        else:
            yield f"{indent}{name}: {found if isinstance(found, str) else canonical(found)}"


if __name__ == "__main__":
    sys.exit(main())
