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
import bz2
import configparser
import contextlib
import csv
import ctypes
import fcntl
import gzip
import hashlib
import http.client
import itertools
import json
import lzma
import math
import os
import platform
import pwd
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import urllib.parse
from datetime import datetime, timedelta, timezone
from functools import partial
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


class Interrupted(Failed):
    """PostgreSQL went away in the middle. A step is tried again when it is back."""


class BadBackup(Failed):
    """A backup was looked at, and it is the backup itself that is worth nothing."""


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
        "watch": (_number, "5"),
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
        # Measured by `make bench` (PostgreSQL 15, Odoo's tables and half a million lines): level 4
        # takes 0.7 s of processor for 18.3 MB, 6 (pg_dump's own) 1.3 s for 17.5, 1 0.5 s for 20.5.
        "compress": (_text, "4"),
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
_NO_DOTS = r"(?!.*\.\.)"
BRANCH = Text(_NO_DOTS + "[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", 100, "the name of a branch")
BACKUP = Text("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", 25, "the name of a backup")
LABEL = Text(
    _NO_DOTS + "[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,99}", 100, "a label of letters, digits and ._:/#-"
)
RELEASE = Text(_NO_DOTS + "[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", 100, "the number of a release")
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
            raise Refused(f"Parameter {name[:80]!r} is unknown.", f"Known are: {known}.")
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

    def events(self, key=""):
        """Yield all events; a line that is no event is yielded as None.

        A last line without its end is not yielded: it was never written.

        :param key: only lines that hold this text, so that the others need not be read
        """
        if not self.path.exists():
            return
        with open(self.path, "rb") as handle:
            for line in handle:
                if line.endswith(b"\n") and key.encode() in line:
                    yield _event(line)

    def has(self, kind, key):
        """Whether an event of this kind and key was written."""
        found = (event for event in self.events(key) if event)
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


#: What libpq says when the server went away or is not up yet, not when it refuses somebody.
_SERVER_LOST = re.compile(
    "server closed the connection|terminating connection|connection to server was lost"
    "|Connection refused|Is the server running|the database system is"
    "|no connection to the server|could not (receive data from|send data to) server"
)


def failure(message, output, hint="", kind=Failed):
    """The problem that a program's failure is, told by what it printed.

    :param kind: what it is where PostgreSQL stayed
    """
    return (Interrupted if _SERVER_LOST.search(output) else kind)(message, hint)


def ended_how(status):
    """An exit status in words."""
    if status >= 0:
        return f"ended with {status}"
    return f"was killed by signal {-status} ({signal.Signals(-status).name})"


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
            message = f"{argv[0]} {ended_how(process.returncode)}: {last_line(errors or '')}"
            raise failure(message, errors or "")
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
            message = f"{argv[0]} {ended_how(done.returncode)}: {last_line(done.stdout)}"
            raise failure(message, done.stdout)
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

    def await_server(self, seconds=120):
        """Wait until PostgreSQL answers.

        :raises Interrupted: it did not
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.sql("SELECT 1", self.config.postgresql.maintenance_database)
            except Interrupted:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

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
        variables = self.host.config.environment
        self.host.run(argv, timeout=timeout, variables=variables, start_new_session=True, **options)


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


class AlreadyEnded(Exception):
    """A second process of a job finds nothing left to do."""


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
        :raises AlreadyEnded: another process of the same job did all of it meanwhile
        """
        with open(self.path, "a+b", opener=_private) as handle:
            deadline = time.monotonic() + patience
            while True:
                if job.is_settled():
                    raise AlreadyEnded
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

    def is_settled(self):
        """Whether it ended, and its end is in the journal."""
        return self.result is not None and "finished" in self.memory["journaled"]

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
        step is the value's ``"note"`` where it is an object that has one. A step during which
        PostgreSQL went away is called again when it is back (:meth:`patiently`).
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
            value = self.patiently(function, *arguments)
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
        self._journal_step(entry)

    def _journal_step(self, entry):
        payload = {name: entry[name] for name in ("name", "start", "ok", "note")}
        self.state.journal.append("step", self.key, self.request["verb"], payload)

    def patiently(self, function, *arguments):
        """Call a function again, a few times, when PostgreSQL went away meanwhile and came back.

        :raises Interrupted: it did not come back within two minutes
        """
        for _again in range(3):
            try:
                return function(*arguments)
            except Interrupted as problem:
                self.say(f"PostgreSQL went away: {problem.message}")
                self.host.await_server()
        return function(*arguments)

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

    def _mend_journal(self):
        """Write the event of a step that was killed between its end and its event."""
        ended = [entry for entry in self.memory["steps"] if entry["end"]]
        known = {
            event["payload"]["start"]
            for event in (self.state.journal.events(self.key) if ended else ())
            if event and (event["kind"], event["key"]) == ("step", self.key)
        }
        for entry in ended:
            if entry["start"] not in known:
                self._journal_step(entry)

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
            self.host = Host(config)
            self._mend_journal()
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
            return ending(DONE, verb_class(self.host, self.state, values, self).run())
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
            job.journal_once("requested", verb_class.journaled(request["params"]))
            self._note_anchor(request)
            if job.result is None:
                self._set_going(verb_class, request, job, known is not None)
            elif not job.is_settled():
                job.finish(verb_class, request["params"], self.config)
        return self._collect(job)

    def _admit(self, verb_class, request, job):
        """Take on a new request, unless another one is running."""
        self._refuse_forgotten(request)
        holder = JobLock(self.state).holder() if verb_class.detached else None
        if holder:
            raise self._busy(holder)
        job.create(verb_class, request["params"])

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
        while time.monotonic() < deadline:
            if self._is_over(job):
                return job.result, None
            time.sleep(0.02)
        begun = {"step": "", "done": 0, "total": None, "unit": ""}
        progress = read_json(job.folder / "progress.json", begun)
        return ending(RUNNING, {"steps": job.steps()}), progress

    def _is_over(self, job):
        """Whether a job has its result and does not stand in the way of the next one any more."""
        holder = JobLock(self.state).holder() if job.result is not None else None
        return job.result is not None and (holder is None or holder["id"] != job.id)

    @staticmethod
    def _busy(holder):
        return Refused(
            f"The host is busy with '{holder['verb']}' ({holder['key']}).",
            "Ask again when it has ended.",
            {"reason": "busy"},
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
            with contextlib.suppress(Broken):  # the answer may be that very message
                answer["journal"] = self.state.journal.head()
            forgotten = self._forgotten(request)
            if forgotten:
                answer["forgotten"] = forgotten
        return answer


#: Where the journal of a release stands: its number of events and the hash of the last one.
HEAD = {"length": Integer(0, 10**9), "head": SHA256}
ANCHOR = {"release": RELEASE, **HEAD}


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
            parse_float=_finite,
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
    if len(digits) > 20:
        raise ValueError("a number is too long")
    return int(digits)


def _finite(digits):
    if math.isinf(float(digits)):
        raise ValueError("a number is too large")
    return float(digits)


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
    for _attempt in range(3):  # it may be killed before it holds the lock; two would take turns
        _start_process(config, job)
        if _has_begun(job, 20):
            return
    raise Failed("The job's process did not start.", f"Read {job.folder / 'output.log'}.")


def _start_process(config, job):
    argv = [sys.executable, "-I", os.path.abspath(__file__), "--config", str(config.path)]
    if config.service.manager == "systemd" and os.geteuid() == 0:
        # Outside the unit of Odoo: stopping that must not kill what stops it.
        name = f"--unit=ipai-release-{job.id}-{time.time_ns()}"
        # Killed while Odoo is down, nobody would ask for it again: systemd itself takes it up.
        again = ("--property=Restart=on-abnormal", "--property=RestartSec=1")
        unit = ["systemd-run", "--quiet", "--collect", name, *again, "--"]
        Host(config).run([*unit, *argv, "job", job.id], timeout=30)
        return
    with job.output() as output:
        options = {"stdout": output, "stderr": output, "bound": False, "start_new_session": True}
        Host(config).run([*argv, "job", "--fork", job.id], timeout=30, **options)


def _has_begun(job, seconds):
    deadline, lock = time.monotonic() + seconds, JobLock(job.state)
    while job.result is None and (lock.holder() or {}).get("id") != job.id:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def run_job(config, identifier, fork):
    """Be the process of a job."""
    if fork and os.fork():
        os._exit(0)  # so that who launched it need not wait for its end
    state = State(config)
    job = Job.by_id(state, identifier)
    request = job.request
    # A machine under load may be slow to start it, and start it twice.
    with contextlib.suppress(AlreadyEnded), JobLock(state).held(job):
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


def authenticated(config):
    """Whether the probe's user can log in; None where the configuration names none."""
    found = log_in(config)
    return None if found is None else found == "in"


def log_in(config):
    """What comes of the probe's user's log-in; None where the configuration names none.

    :return: ``in``; ``denied`` where Odoo says so; ``unknown`` where it cannot tell, such as
        without its database
    """
    if not config.odoo.probe_login or not config.odoo.probe_password_file:
        return None
    params = {
        "db": config.odoo.database,
        "login": config.odoo.probe_login,
        "password": config.odoo.probe_password_file.read_text().strip(),
    }
    body = {"jsonrpc": "2.0", "method": "call", "params": params}
    status, answer = http_request(config.odoo.url, "/web/session/authenticate", body, timeout=10.0)
    try:
        return _log_in_answer(json.loads(answer)) if status == 200 else "unknown"
    except (ValueError, KeyError, TypeError):
        return "unknown"


def _log_in_answer(answer):
    if "error" in answer:
        denied = answer["error"]["data"]["name"].endswith(".AccessDenied")
        return "denied" if denied else "unknown"
    # Without an error nobody is in who still has a second factor to give.
    return "in" if answer["result"]["uid"] else "denied"


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
    found = f"{readable_size(free)} free, the database has {readable_size(size)}"
    return free > 2 * size, found, remedy


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


def is_here(address):
    """Whether an IP address is one of this machine; None is a socket in its file system."""
    if address is None:
        return True
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as found:
            found.bind((address, 0))
    except OSError:  # also a family that this machine does not speak
        return False
    return True


def server_folder(host):
    """Where the server keeps its databases on this machine, or None where that cannot be known.

    It tells superusers and members of pg_read_all_settings only, and may be elsewhere.
    """
    rows = host.rows(
        "SELECT setting AS folder, host(inet_server_addr()) AS address"
        " FROM pg_settings WHERE name = 'data_directory'",
        host.config.postgresql.maintenance_database,
    )
    here = bool(rows) and is_here(rows[0]["address"])
    return Path(rows[0]["folder"]) if here else None


def require_server_room(host, needed):
    """Refuse where the server's disk has no room for one more copy of a database.

    :param needed: bytes of the copy
    :return: ``{"free", "needed"}`` in bytes, ``free`` None where it is not known, and a ``note``
    :raises Refused: it has not; nothing was begun
    """
    needed = int(needed * 1.1) + MARGIN
    folder = server_folder(host)
    try:
        free = folder and shutil.disk_usage(folder).free
    except OSError:
        free = None
    if free is None:
        note = "room on PostgreSQL's disk unknown: it is elsewhere, or its role may not say where"
        return {"free": None, "needed": needed, "note": note}
    if free < needed:
        raise Refused(
            f"PostgreSQL's disk ({folder}) has {readable_size(free)} free, the copy of the "
            f"database may need {readable_size(needed)}.",
            "Free space there: drop databases that earlier restores kept and nobody needs, or "
            "enlarge the file system.",
        )
    note = f"PostgreSQL's disk has {readable_size(free)} free"
    return {"free": free, "needed": needed, "note": note}


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


# -- the financial fingerprint

#: Tables whose columns decide how a series is asked.
FINGERPRINT_TABLES = (
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "account_full_reconcile",
    "account_payment",
    "account_bank_statement_line",
)
#: SELECT of ``[table, column]`` pairs, as one JSON value.
FINGERPRINT_COLUMNS = (
    "SELECT coalesce(jsonb_agg(jsonb_build_array(c.relname, a.attname)), '[]')"  # noqa: S608 (constants)
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid IN ("
    + ", ".join(f"to_regclass('{table}')" for table in FINGERPRINT_TABLES)
    + ")"
)
#: What is compared before and after: ``(name, keys, needed columns by table, SELECT)``. A SELECT
#: gives one JSON array a row: that many keys, then figures, amounts as text with six decimals so
#: that every server writes them alike. Of several with one name the first that fits is taken:
#: payments have no state, company and currency of their own on 17.0, where they are the entry's.
FINGERPRINT = (
    (
        "balances",
        4,
        {"account_move_line": ("company_id", "date", "parent_state", "amount_residual")},
        """
        SELECT jsonb_build_array(company_id, journal_id, to_char(date, 'YYYY-MM'), parent_state,
        count(*), round(sum(debit::numeric), 6)::text, round(sum(credit::numeric), 6)::text,
        round(sum(amount_residual::numeric), 6)::text)
        FROM account_move_line
        GROUP BY company_id, journal_id, to_char(date, 'YYYY-MM'), parent_state
        """,
    ),
    (
        "partial reconciliations",
        1,
        {"account_partial_reconcile": ("company_id", "amount")},
        """
        SELECT jsonb_build_array(company_id, count(*), round(sum(amount::numeric), 6)::text)
        FROM account_partial_reconcile GROUP BY company_id
        """,
    ),
    (
        "full reconciliations",
        0,
        {"account_full_reconcile": ("id",)},
        "SELECT jsonb_build_array(count(*)) FROM account_full_reconcile",
    ),
    (
        "payments",
        3,
        {"account_payment": ("company_id", "state", "currency_id", "amount")},
        """
        SELECT jsonb_build_array(company_id, state, currency_id, count(*),
        round(sum(amount::numeric), 6)::text)
        FROM account_payment GROUP BY company_id, state, currency_id
        """,
    ),
    (
        "payments",
        3,
        {"account_payment": ("move_id", "currency_id", "amount"), "account_move": ("state",)},
        """
        SELECT jsonb_build_array(m.company_id, m.state, p.currency_id, count(*),
        round(sum(p.amount::numeric), 6)::text)
        FROM account_payment p JOIN account_move m ON m.id = p.move_id
        GROUP BY m.company_id, m.state, p.currency_id
        """,
    ),
    (
        "statement lines",
        1,
        {"account_bank_statement_line": ("journal_id", "amount")},
        """
        SELECT jsonb_build_array(journal_id, count(*), round(sum(amount::numeric), 6)::text)
        FROM account_bank_statement_line GROUP BY journal_id
        """,
    ),
    (
        "sequences",
        2,
        {"account_move": ("journal_id", "state", "sequence_prefix", "sequence_number")},
        """
        SELECT jsonb_build_array(journal_id, sequence_prefix, max(sequence_number), count(*),
        max(sequence_number) - min(sequence_number) + 1 - count(DISTINCT sequence_number))
        FROM account_move WHERE state = 'posted' AND sequence_prefix IS NOT NULL
        GROUP BY journal_id, sequence_prefix
        """,
    ),
    (
        "hash chains",
        2,
        {"account_move": ("journal_id", "sequence_prefix", "sequence_number", "inalterable_hash")},
        """
        SELECT jsonb_build_array(journal_id, sequence_prefix, sequence_number, inalterable_hash)
        FROM (SELECT DISTINCT ON (journal_id, sequence_prefix) * FROM account_move
        WHERE inalterable_hash IS NOT NULL
        ORDER BY journal_id, sequence_prefix, sequence_number DESC, id DESC) heads
        """,
    ),
)
#: Differences that are named; the rest is counted.
DIFFERENCES_NAMED = 50


def fingerprint(ask):
    """The financial figures of a database: ``{"name": [[key..., figure...]...]}``, sorted.

    A figure whose tables are not there is left out.

    :param ask: function that runs a SELECT of one JSON value and returns that
    """
    columns = {(table, column) for table, column in ask(FINGERPRINT_COLUMNS)}
    found = {}
    for name, _keys, needed, select in FINGERPRINT:
        wanted = {(table, column) for table, names in needed.items() for column in names}
        if name not in found and wanted <= columns:
            rows = ask(f"SELECT coalesce(jsonb_agg(r), '[]') FROM ({select}) q(r)")  # noqa: S608 (constants)
            found[name] = sorted(rows, key=canonical)
    return found


def fingerprint_differences(expected, found):
    """What differs between two fingerprints: ``[{"figure", "key", "expected", "found"}]``.

    ``expected`` or ``found`` is None where the row is missing; at most 50, then ``{"more": n}``.
    """
    keys = {name: count for name, count, _needed, _select in FINGERPRINT}
    differences = []
    for name in sorted(set(expected) | set(found)):
        count = keys.get(name, 0)
        before, after = (_keyed(one.get(name, []), count) for one in (expected, found))
        for key in sorted(set(before) | set(after)):
            if before.get(key) != after.get(key):
                figures = {"expected": before.get(key), "found": after.get(key)}
                differences.append({"figure": name, "key": json.loads(key), **figures})
    more = len(differences) - DIFFERENCES_NAMED
    return differences[:DIFFERENCES_NAMED] + ([{"more": more}] if more > 0 else [])


def _keyed(rows, count):
    return {canonical(row[:count]): row[count:] for row in rows}


class SqlSession:
    """A psql that stays open, so that one transaction serves several questions.

    Use it as a context manager; nothing is committed.
    """

    _END = "-- end of answer --"

    def __init__(self, host, database=None):
        self.host = host
        self.database = database or host.config.odoo.database

    def __enter__(self):
        self.process = self.host.start(
            [*PSQL, f"--dbname={connection_string(self.database)}"],
            user=self.host.postgresql_user,
            variables=self.host.postgresql_variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(self, *_problem):
        self.process.kill()
        self.process.communicate()

    def ask(self, statement):
        """Run a statement and return the text it prints.

        :raises Failed: PostgreSQL refused it or went away
        """
        lines = []
        with contextlib.suppress(BrokenPipeError):  # its last words are read below
            self.process.stdin.write(f"{statement};\n\\echo '{self._END}'\n")
            self.process.stdin.flush()
        for line in self.process.stdout:
            if line.rstrip("\n") == self._END:
                return "".join(lines).strip()
            lines.append(line)
        output = "".join(lines) or "server closed the connection"
        raise failure(f"PostgreSQL: {last_line(output)}", output, "Read the server's log.")

    def ask_json(self, statement):
        """Run a SELECT of one JSON value and return that."""
        return json.loads(self.ask(statement))

    def open_snapshot(self):
        """Begin a read-only transaction on one snapshot; return the name others join it by."""
        self.ask("SET idle_in_transaction_session_timeout = 0")
        self.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return self.ask("SELECT pg_export_snapshot()")


# -- backups on the disk

MANIFEST = "manifest.json"
DUMP = "database.dump"
FILESTORE = "filestore.tar"
CODE = "code.tar"
ODOO_CONFIG = "odoo.conf"
VERIFIED = "verified.json"
MANIFEST_FORMAT = 1
#: Share of the attachments' files that may be lost before a backup is worth nothing.
ABSENT_SHARE = 0.1
#: Bytes that stay free on the file system of the backups, beside a tenth of what is written.
MARGIN = 64 << 20
_CHUNK = 1 << 20
_ATTACHMENTS = "attachments.txt"
_FACTS = "facts.json"
_HAS_TABLE = "SELECT to_json(to_regclass('{}') IS NOT NULL)"
#: The identity that Odoo gives a database; a restored copy keeps it.
_UUID = (
    "SELECT coalesce((SELECT to_json(value) FROM ir_config_parameter"
    " WHERE key = 'database.uuid'), 'null')"
)
_STORED_FILES = (
    "SELECT DISTINCT store_fname || ' ' || coalesce(checksum, '') FROM ir_attachment"
    " WHERE store_fname IS NOT NULL ORDER BY 1"
)
_LOCALE = (
    "SELECT json_build_object('encoding', pg_encoding_to_char(encoding), 'collate', datcollate,"
    " 'ctype', datctype) FROM pg_database WHERE datname = current_database()"
)


class HashedFile:
    """A new file whose SHA-256 and size run along as it is written; on the disk when closed."""

    def __init__(self, path, look):
        self.path = Path(path)
        self.look = look
        self.sha256 = hashlib.sha256()
        self.size = 0

    def __enter__(self):
        self.handle = open(self.path, "wb", opener=_private)
        return self

    def __exit__(self, *_problem):
        self.handle.flush()
        os.fsync(self.handle.fileno())
        self.handle.close()

    def write(self, data):
        self.handle.write(data)
        self.sha256.update(data)
        self.size += len(data)
        self.look(self.size)
        return len(data)

    def entry(self):
        """``{"name", "size", "sha256"}`` as the manifest lists it."""
        return {"name": self.path.name, "size": self.size, "sha256": self.sha256.hexdigest()}


def file_entry(path, look=lambda _size: None):
    """Read a file; return ``{"name", "size", "sha256"}``.

    :param look: called with the bytes read so far
    """
    found, size = hashlib.sha256(), 0
    with open(path, "rb") as handle:
        while data := handle.read(_CHUNK):
            found.update(data)
            size += len(data)
            look(size)
    return {"name": Path(path).name, "size": size, "sha256": found.hexdigest()}


def odoo_checksum(handle):
    """Odoo's own checksum (SHA-1) of an open file; in the filestore it is the file's name."""
    found = hashlib.sha1(usedforsecurity=False)
    while data := handle.read(_CHUNK):
        found.update(data)
    return found.hexdigest()


def is_whole(path):
    """Whether a file of the filestore is there with the content that it was stored with."""
    try:
        with open(path, "rb") as handle:
            return odoo_checksum(handle) == path.name
    except OSError:  # it is not there, or the disk cannot read it any more
        return False


def make_folders(folder, owner):
    """Make a folder and those above it where they are not there.

    :param owner: what ``stat`` says of whose they are to be
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o755)
        os.chown(path, owner.st_uid, owner.st_gid)


def share_files(source, target, look):
    """Give another filestore what it lacks of one; return how many files the one has.

    They are second names of the same files where the file system can: no bytes more, and what is
    removed under one name stays under the other.

    :param look: called with ``(files so far, files in all)``
    :raises Failed: a file can be neither linked nor copied
    """
    names, folders = list(tree_files(source)), set()
    try:
        for number, name in enumerate(names, 1):
            path = target / name
            if not path.exists():
                make_folders(path.parent, source.stat())
                link_or_copy(source / name, path)
                folders.add(path.parent)
            look(number, len(names))
        for folder in folders:
            sync_folder(folder)
    except OSError as problem:
        raise Failed(
            f"The files of {source} cannot be kept as {target}: {problem.strerror}.",
            "Free space there, and let the helper's user write there.",
        ) from problem
    return len(names)


def link_or_copy(source, target):
    """Give a file a second name, or copy it where that cannot be, such as on another disk."""
    try:
        os.link(source, target)
    except OSError:
        temporary, owner = target.with_name(f".{target.name}.part"), source.stat()
        shutil.copy2(source, temporary)
        os.chown(temporary, owner.st_uid, owner.st_gid)
        sync_file(temporary)
        temporary.replace(target)


def sync_file(path):
    """Wait until the disk has a file that another program wrote."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def tree_files(root):
    """``{path relative to root: bytes}`` of the regular files below a folder, sorted."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError):  # somebody goes on working
                info = os.lstat(path)
                if stat.S_ISREG(info.st_mode):
                    found[os.path.relpath(path, root)] = info.st_size
    return found


def write_tar(path, root, names, look):
    """Write files below ``root`` into a tar; return its entry and the names that were gone.

    :param look: called with the bytes written so far
    """
    gone = []
    how = {"mode": "w|", "format": tarfile.PAX_FORMAT}
    with HashedFile(path, look) as target, tarfile.open(fileobj=target, **how) as archive:
        for name in names:
            try:
                archive.add(os.path.join(root, name), name, recursive=False)
            except FileNotFoundError:
                gone.append(name)
    return target.entry(), gone


def filestore_folder(config, database=None):
    """The folder of a database's attachments, by default of the live one's."""
    return config.need("odoo", "data_dir") / "filestore" / (database or config.odoo.database)


def stored_files(session):
    """``{store_fname: checksum}`` of the files that a database's attachments name."""
    if not session.ask_json(_HAS_TABLE.format("ir_attachment")):
        return {}
    lines = session.ask(_STORED_FILES).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def database_uuid(session):
    """Odoo's identity of a database, or None where Odoo never was in it."""
    if not session.ask_json(_HAS_TABLE.format("ir_config_parameter")):
        return None
    return session.ask_json(_UUID)


def readable_size(size):
    """Bytes for people, such as ``1.5 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "bytes" else f"{size} bytes"
        size /= 1000
    return f"{size:.3g} TB"


class BackupStore:
    """The folder of the backups: one folder each, complete when it has its final name."""

    def __init__(self, host):
        self.host = host
        self.folder = host.config.need("backup", "folder")

    def require(self):
        """Refuse when nothing can be written here."""
        if not self.folder.is_dir() or not os.access(self.folder, os.W_OK | os.X_OK):
            raise Refused(
                f"The backup folder {self.folder} is missing or may not be written.",
                "Make it and let the helper's user write there, or correct 'folder' in [backup].",
            )

    def backups(self):
        """The complete backups, newest first."""
        names = [path.name for path in self.folder.iterdir() if BACKUP.pattern.fullmatch(path.name)]
        found = [StoredBackup(self.host, name) for name in names]
        return sorted(found, key=StoredBackup.age, reverse=True)

    def remove_partial(self):
        """Remove what backups left that were never finished. One job at a time: none runs."""
        for path in self.folder.iterdir():
            if path.name.startswith((".part-", ".gone-")):
                shutil.rmtree(path)

    def retire(self, keep):
        """Remove all but the newest ``keep`` and the last verified one; return what is gone."""
        found = self.backups()
        verified = [backup.name for backup in found if backup.verified()]
        gone = [backup for backup in found[keep:] if backup.name not in verified[:1]]
        for backup in gone:
            hidden = self.folder / f".gone-{backup.name}"
            backup.folder.rename(hidden)
            shutil.rmtree(hidden)
        return [backup.name for backup in gone]


class StoredBackup:
    """One backup on the disk: ``<backup folder>/<name>`` with its manifest and files."""

    def __init__(self, host, name):
        self.host = host
        self.name = name
        self.folder = host.config.need("backup", "folder") / name

    def path(self, name):
        """Where a file of the backup lies."""
        return self.folder / name

    def age(self):
        """What sorts backups by time: the second in the name, then when the dump was written."""
        dump = self.path(DUMP)
        return self.name[:16], dump.stat().st_mtime_ns if dump.exists() else 0

    def manifest(self):
        """The manifest.

        :raises BadBackup: it is missing, cannot be read, or is another one than was written
        """
        if not self.folder.is_dir():
            raise BadBackup(f"There is no backup {self.name} in {self.folder.parent}.", "Make one.")
        try:
            found = json.loads(self.path(MANIFEST).read_bytes())
        except (OSError, ValueError) as problem:
            raise BadBackup(
                f"The manifest of {self.name} is missing or cannot be read.", "Make a new backup."
            ) from problem
        written = self._written_manifest()
        if written and file_entry(self.path(MANIFEST))["sha256"] != written:
            raise BadBackup(
                f"The manifest of {self.name} was changed after the backup.", "Make a new backup."
            )
        self._require_form(found)
        return found

    def _written_manifest(self):
        """SHA-256 of the manifest as this host wrote it; None for a backup from elsewhere."""
        known = read_json(self.host.config.host.state / "backups.json", {})
        return known.get(self.name)

    def _require_form(self, manifest):
        try:
            right = _is_manifest(manifest) and manifest["backup"] == self.name
        except (Refused, KeyError, TypeError, ValueError):
            right = False
        if not right:
            raise BadBackup(
                f"The manifest of {self.name} is not one of this backup.", "Make a new backup."
            )

    def verified(self):
        """``{"time", "manifest"}`` of the last verification of this very manifest, or None."""
        mark = read_json(self.path(VERIFIED))
        if not mark or not self.path(MANIFEST).exists():
            return None
        return mark if mark["manifest"] == file_entry(self.path(MANIFEST))["sha256"] else None

    def check_files(self, look):
        """Read all files and compare them with the manifest.

        :param look: called with ``(bytes read, bytes in all)``
        :raises BadBackup: one is missing, cut, longer or changed
        """
        manifest = self.manifest()
        total, before = sum(entry["size"] for entry in manifest["files"]), 0
        for entry in manifest["files"]:
            self._check_file(entry, before, total, look)
            before += entry["size"]
        return {"files": len(manifest["files"]), "bytes": total}

    def _check_file(self, entry, before, total, look):
        path = self.path(entry["name"])
        if not path.is_file():
            raise BadBackup(f"{entry['name']} of {self.name} is missing.", "Make a new backup.")
        size = path.stat().st_size
        if size != entry["size"]:
            raise BadBackup(
                f"{entry['name']} of {self.name} has {size} bytes, its manifest says "
                f"{entry['size']}: it was cut or written to.",
                "Make a new backup, and look at the disk.",
            )
        if file_entry(path, lambda done: look(before + done, total))["sha256"] != entry["sha256"]:
            raise BadBackup(
                f"{entry['name']} of {self.name} does not have the SHA-256 of its manifest: "
                "it was changed or the disk is faulty.",
                "Make a new backup, and look at the disk.",
            )

    def read_archive(self, look):
        """Read the whole dump as a restore would; ``{"bytes"}``.

        :param look: called with ``(bytes read, bytes in all)``
        :raises Failed: PostgreSQL cannot read it to its end
        """
        size = self.path(DUMP).stat().st_size
        with self._said("cannot be read to its end"), open(self.path(DUMP), "rb") as handle:
            # The child moves the position of the file it shares with us.
            self.host.postgresql(
                ["pg_restore", "--file=/dev/null"],
                stdin=handle,
                timeout=None,
                each=lambda: look(handle.seek(0, os.SEEK_CUR), size),
            )
        return {"bytes": size}

    def restore(self, database, look, privileges=False):
        """Restore the dump into a new database.

        :param look: called with ``(bytes in the new database, bytes the old one had)``
        :param privileges: whether other roles get the rights that they had
        :raises Failed: it cannot be restored without an error
        """
        manifest = self.manifest()
        create_database(self.host, database, manifest["database"])
        jobs = f"--jobs={self.host.config.backup.jobs}"
        options = ["--no-owner", "--exit-on-error", "--no-password", jobs]
        options += [] if privileges else ["--no-privileges"]
        self._let_all_jobs_read()
        with self._said("cannot be restored"), open(self.path(DUMP), "rb") as handle:
            argv = ["pg_restore", *options, f"--dbname={connection_string(database)}"]
            self.host.postgresql(
                # Each job opens the file anew, and may not pass the folder that is ours.
                [*argv, f"/dev/fd/{handle.fileno()}"],
                pass_fds=(handle.fileno(),),
                timeout=None,
                each=self._watched_size(database, manifest["database"]["size"], look),
            )

    @contextlib.contextmanager
    def _said(self, what):
        """Say of which backup a program complained."""
        try:
            yield
        except Interrupted:
            raise
        except Failed as problem:
            message = f"The dump of {self.name} {what}: {problem.message}"
            # The bytes are those of the manifest: program or server may be at fault as well.
            raise Failed(message, "Make a new backup, and look at the disk.") from problem

    def _let_all_jobs_read(self):
        """Let the system user of PostgreSQL's programs open the dump."""
        user = self.host.postgresql_user
        if user and os.geteuid() == 0:
            os.chown(self.path(DUMP), -1, system_user(user).pw_gid)
            os.chmod(self.path(DUMP), 0o640)

    def _watched_size(self, database, total, look):
        """Return what looks at the size of a database, at most once in two seconds."""
        last = [time.monotonic()]

        def watch():
            if time.monotonic() - last[0] > 2:
                last[0] = time.monotonic()
                look(min(database_size(self.host, database), total), total)

        return watch

    def compare_fingerprint(self, session):
        """``{"equal", "differences"}`` of a restored database with the dump's snapshot."""
        found = fingerprint(session.ask_json)
        differences = fingerprint_differences(self.manifest()["fingerprint"], found)
        return {"equal": not differences, "differences": differences}

    def check_filestore(self, session, look):
        """``{"files", "missing", "wrong", "absent"}``: files that attachments name and the tar.

        ``missing`` are not in it, ``wrong`` have other content than the attachment's checksum,
        ``absent`` were not on the disk either when the backup was made; at most 50 names each.
        """
        wanted = stored_files(session)
        found, wrong = self._archived(wanted, look)
        absent = set(self.manifest()["filestore"]["absent"])
        missing = sorted(set(wanted) - found - absent)
        return {
            "files": len(found),
            "missing": missing[:50],
            "wrong": sorted(wrong)[:50],
            "absent": sorted(absent & set(wanted))[:50],
        }

    def _archived(self, wanted, look):
        """Read the tar; return its names and those whose content is not what was stored."""
        found, wrong = set(), []
        size = self.path(FILESTORE).stat().st_size
        try:
            with open(self.path(FILESTORE), "rb") as handle, tarfile.open(fileobj=handle) as tar:
                for member in tar:
                    found.add(member.name)
                    checksum = odoo_checksum(tar.extractfile(member))
                    if wanted.get(member.name, "") not in ("", checksum):
                        wrong.append(member.name)
                    look(handle.tell(), size)
        except tarfile.TarError as problem:
            raise BadBackup(
                f"{FILESTORE} of {self.name} cannot be read: {problem}.", "Make a new backup."
            ) from problem
        return found, wrong


class _FileName(Rule):
    """One of the files that a backup may have: nothing else is ever opened."""

    def check(self, name, value):
        if value not in (DUMP, FILESTORE, CODE, ODOO_CONFIG, _ATTACHMENTS):
            self.refuse(name, "is no file of a backup")
        return value


_MANIFEST_ENTRY = {"name": _FileName(), "size": Integer(0, 1 << 62), "sha256": SHA256}


def _is_manifest(found):
    """Whether a JSON value has the form of a manifest; it may also raise for its parts."""
    names = {checked(_MANIFEST_ENTRY, entry)["name"] for entry in found["files"]}
    texts = [found["created"], found["versions"]["server"]]
    texts += [found["database"][name] for name in ("name", "encoding", "collate", "ctype")]
    return (
        found["format"] == MANIFEST_FORMAT
        and {DUMP, FILESTORE, ODOO_CONFIG} <= names
        and all(isinstance(text, str) for text in texts)
        and isinstance(found["database"]["size"], int)
        and isinstance(found["database"]["uuid"], (str, type(None)))
        and isinstance(found["filestore"]["absent"], list)
        and isinstance(found["fingerprint"], dict)
        and seconds_since(found["created"]) is not None
    )


def create_database(host, name, like):
    """Create an empty database with the encoding and collation of the one that was backed up.

    It is a template: Odoo lists no templates, so that a server without 'db_name' does not run the
    scheduled jobs of the copy, which would send its mails once more.
    """
    statement = (
        "CREATE DATABASE :\"name\" TEMPLATE template0 ENCODING :'encoding'"
        " LC_COLLATE :'collate' LC_CTYPE :'ctype' IS_TEMPLATE true;"
    )
    locale = {name: like[name] for name in ("encoding", "collate", "ctype")}
    host.sql(statement, host.config.postgresql.maintenance_database, name=name, **locale)


def drop_database(host, name):
    """Drop a database that the helper made, if it is there.

    :raises Refused: it is the live one
    """
    if name == host.config.odoo.database:
        raise Refused(f"The live database {name} is never dropped.")
    maintenance = host.config.postgresql.maintenance_database
    # Not WITH (FORCE): that is refused where autovacuum is at work in it and the role is no
    # superuser. A plain DROP sends autovacuum away itself.
    host.sql(
        "SELECT format('ALTER DATABASE %I IS_TEMPLATE false', datname) FROM pg_database"  # noqa: S608 (constant statements)
        " WHERE datname = :'name' AND datistemplate \\gexec\n"
        + _TERMINATE
        + 'DROP DATABASE IF EXISTS :"name";',
        maintenance,
        600,
        name=name,
    )


# -- verbs: backup, verify_backup, backups


@verb
class Backup(ChangingVerb):
    """Back up database, filestore, code and configuration of one moment."""

    name = "backup"
    parameters = {"label": LABEL}

    def run(self):
        self.store = BackupStore(self.host)
        # The same name after a kill.
        asked = re.sub("[-:]", "", self.job.request["time"][:19])
        self.backup = StoredBackup(self.host, f"{asked}Z-{self.job.id[:8]}")
        self.part = self.store.folder / f".part-{self.backup.name}"
        try:
            return self._run()
        except Problem:
            shutil.rmtree(self.part, ignore_errors=True)
            raise

    def _run(self):
        prepared = self.job.step("prepare", self._prepare)
        if not self.part.exists() and not self.backup.folder.exists():
            raise Failed(
                "The backup was interrupted, and what it had written removed by a later one.",
                "Make a new backup.",
            )
        files = [
            self.job.step("dump", self._dump, prepared),
            self.job.step("filestore", self._filestore, prepared),
            self.job.step("code", self._code),
            self.job.step("configuration", self._configuration),
        ]
        entries = [entry for step in files for entry in step["entries"]]
        self.job.step("publish", self._publish, prepared, entries)
        removed = self.job.step("retention", self._retire)["removed"]
        return {**self._result(self.backup.manifest()), "removed": removed}

    def _result(self, manifest):
        taken = ("backup", "files", "database", "versions", "compressed", "commit")
        return {
            **{name: manifest[name] for name in taken},
            "folder": str(self.backup.folder),
            "fingerprint": digest(manifest["fingerprint"]),
            "filestore": {**manifest["filestore"], "absent": len(manifest["filestore"]["absent"])},
            "seconds": round(seconds_since(self.job.request["time"]), 1),
        }

    # -- steps

    def _prepare(self):
        """Look whether there is room for everything, before anything is written."""
        self.store.require()
        self.store.remove_partial()
        filestore = sum(tree_files(filestore_folder(self.config)).values())
        database = database_size(self.host)
        needed = int((database + filestore) * 1.1) + MARGIN
        free = shutil.disk_usage(self.store.folder).free
        if free < needed:
            raise Refused(
                f"{self.store.folder} has {readable_size(free)} free, the backup may need "
                f"{readable_size(needed)}.",
                "Free space, or name a folder on a larger file system as 'folder' in [backup].",
            )
        self.part.mkdir(mode=0o700)
        return {"database": database, "filestore": filestore, "last_dump": self._last_dump()}

    def _last_dump(self):
        """Bytes of the newest backup's dump: what this one will have, more or less."""
        for backup in self.store.backups():
            with contextlib.suppress(Failed):
                return next(
                    entry["size"] for entry in backup.manifest()["files"] if entry["name"] == DUMP
                )
        return None

    def _dump(self, prepared):
        """Dump the database on one snapshot, and take the fingerprint in that same snapshot."""
        with SqlSession(self.host) as session:
            snapshot = session.open_snapshot()
            stored = stored_files(session)
            absent = self._absent(stored)
            write_json(self.part / _FACTS, {**self._facts(session), "absent": absent})
            lines = "".join(f"{name} {checksum}\n" for name, checksum in stored.items())
            write_file(self.part / _ATTACHMENTS, lines.encode())
            self._pg_dump(snapshot, prepared["last_dump"])
        sync_file(self.part / DUMP)
        dump = file_entry(self.part / DUMP, self._looking(None))
        return {"entries": [dump, file_entry(self.part / _ATTACHMENTS)]}

    def _absent(self, stored):
        """Files that attachments name and nobody has; a shop lives with a few."""
        folder = filestore_folder(self.config)
        absent = [name for name in stored if not (folder / name).is_file()]
        if len(absent) > ABSENT_SHARE * len(stored):
            raise Failed(
                f"{folder} lacks {len(absent)} of the {len(stored)} files that attachments name.",
                "Correct 'data_dir' in [odoo], or bring the filestore back.",
            )
        return absent

    def _facts(self, session):
        return {
            "database": {
                "name": self.config.odoo.database,
                "uuid": database_uuid(session),
                "size": session.ask_json("SELECT pg_database_size(current_database())"),
                **session.ask_json(_LOCALE),
            },
            "server": session.ask("SHOW server_version"),
            "fingerprint": fingerprint(session.ask_json),
        }

    def _pg_dump(self, snapshot, expected):
        argv = [
            "pg_dump",
            "--format=custom",
            f"--compress={self.config.backup.compress}",
            f"--snapshot={snapshot}",
            "--lock-wait-timeout=60s",
            "--no-password",
            f"--dbname={connection_string(self.config.odoo.database)}",
        ]
        look = self._looking(expected)
        with open(self.part / DUMP, "wb", opener=_private) as output:
            done = self.host.postgresql(
                argv,
                stdout=output,
                timeout=None,
                each=lambda: look(os.fstat(output.fileno()).st_size),
            )
        self.job.say(done.stderr)

    def _looking(self, total):
        """Return what tells the form how many bytes are written."""

        def look(done):
            self.job.progress(done, total if total and done <= total else None, "bytes")

        return look

    def _filestore(self, prepared):
        """Archive the files of the attachments; all that the snapshot names must be in it."""
        root = filestore_folder(self.config)
        names = [name for name in tree_files(root) if not name.startswith("checklist/")]
        look = self._looking(prepared["filestore"] + 2048 * len(names))
        entry, gone = write_tar(self.part / FILESTORE, root, names, look)
        archived = set(names) - set(gone)
        facts = read_json(self.part / _FACTS)
        lines = (self.part / _ATTACHMENTS).read_text().splitlines()
        lost = {line.split(" ", 1)[0] for line in lines} - archived - set(facts["absent"])
        if lost:
            raise Failed(
                f"{len(lost)} files of attachments vanished during the backup, such as "
                f"{min(lost)}.",
                "Make the backup again; Odoo's clean-up of attachments ran at the same time.",
            )
        return {"entries": [entry], "files": len(archived)}

    def _code(self):
        """Archive the commit that is checked out, or the addons where git is not used."""
        folder = self.config.repository.path
        if not folder:
            return {"entries": [], "commit": None, "changed": [], "note": "no repository"}
        if not (folder / ".git").exists():
            root = folder / self.config.repository.addons
            entry, _gone = write_tar(self.part / CODE, root, tree_files(root), self._looking(None))
            return {"entries": [entry], "commit": None, "changed": [], "note": "no git"}
        commit = self.host.git("rev-parse", "--verify", "HEAD^{commit}").strip()
        with open(self.part / CODE, "wb", opener=_private) as output:
            self.host.git("archive", "--format=tar", commit, stdout=output, timeout=None)
        sync_file(self.part / CODE)
        changed = self.host.git("status", "--porcelain").splitlines()
        return {"entries": [file_entry(self.part / CODE)], "commit": commit, "changed": changed}

    def _configuration(self):
        """Copy Odoo's configuration; like the dump, only the helper's user can read it."""
        try:
            data = self.config.need("odoo", "config").read_bytes()
        except OSError as problem:
            raise Failed(f"Odoo's configuration cannot be read: {problem.strerror}.") from problem
        write_file(self.part / ODOO_CONFIG, data)
        return {"entries": [file_entry(self.part / ODOO_CONFIG)]}

    def _publish(self, prepared, entries):
        """Write the manifest last and give the folder its name."""
        if not self.backup.folder.exists():
            if not (self.part / MANIFEST).exists():
                write_json(self.part / MANIFEST, self._manifest(entries))
            self._remove_all_but([MANIFEST, *(entry["name"] for entry in entries)])
            sync_folder(self.part)
            self.part.rename(self.backup.folder)
        sync_folder(self.store.folder)
        written = file_entry(self.backup.path(MANIFEST))["sha256"]
        known = self.config.host.state / "backups.json"
        write_json(known, {**read_json(known, {}), self.backup.name: written})
        return {"note": f"manifest {written}"}

    def _remove_all_but(self, names):
        """Remove what only the making needed, and what a kill left half-written."""
        for path in self.part.iterdir():
            if path.name not in names:
                path.unlink()

    def _manifest(self, entries):
        facts = read_json(self.part / _FACTS)
        steps = {entry["name"]: entry["value"] for entry in self.job.memory["steps"]}
        for entry in entries:
            if (self.part / entry["name"]).stat().st_size != entry["size"]:
                raise Failed(f"{entry['name']} was changed during the backup.", "Try again.")
        dump_version = self.host.postgresql(["pg_dump", "--version"]).stdout.strip()
        return {
            "format": MANIFEST_FORMAT,
            "backup": self.backup.name,
            "label": self.params["label"],
            "key": self.job.key,
            "created": self.job.request["time"],
            "host": socket.gethostname(),
            "database": facts["database"],
            "versions": {"server": facts["server"], "dump": dump_version, "helper": VERSION},
            "compressed": self.config.backup.compress,
            "commit": steps["code"]["commit"],
            "changed": steps["code"]["changed"],
            "filestore": {"files": steps["filestore"]["files"], "absent": facts["absent"]},
            "fingerprint": facts["fingerprint"],
            "files": entries,
        }

    def _retire(self):
        """Remove the backups that are too many."""
        removed = self.store.retire(max(1, self.config.backup.keep))
        known = self.config.host.state / "backups.json"
        kept = {name: sha for name, sha in read_json(known, {}).items() if name not in removed}
        write_json(known, kept)
        return {"removed": removed, "note": f"{len(removed)} removed" if removed else ""}


def seconds_since(moment):
    """Seconds since an ISO time in UTC."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (datetime.now(timezone.utc) - then).total_seconds()


@verb
class VerifyBackup(ChangingVerb):
    """Prove a backup: read it, restore it, load Odoo on it, compare its figures."""

    name = "verify_backup"
    parameters = {
        "backup": BACKUP,
        #: Seconds; an older backup says nothing about the release that asks.
        "max_age": Integer(60, 366 * 86400, 86400),
    }

    def run(self):
        self.backup = StoredBackup(self.host, self.params["backup"])
        self.scratch = f"{self.config.odoo.database[:40]}_verify_{self.job.id[:8]}"
        try:
            return self._run()
        except BadBackup:
            # Only what is wrong with the backup itself takes the mark of an earlier verification
            # away: one that is old, or a server that went away, says nothing against it, and
            # retention must go on keeping it.
            self.backup.path(VERIFIED).unlink(missing_ok=True)
            raise
        finally:
            self.job.patiently(drop_database, self.host, self.scratch)

    def _run(self):
        self.job.step("manifest", self._manifest)
        room = self.job.step("room", self._room)
        self.job.step("files", self.backup.check_files, self._progress)
        archive = self.job.step("archive", self._archive)
        restored = self.job.step("restore", self._restore)
        figures = self.job.step("fingerprint", self._fingerprint)
        filestore = self.job.step("filestore", self._filestore)
        registry = self.job.step("registry", self._registry)
        self.job.step("mark", self._mark)
        return {
            "backup": self.backup.name,
            "room": room,
            "archive": archive,
            "restored": restored,
            "fingerprint": figures,
            "registry": registry,
            "filestore": filestore,
        }

    def _progress(self, done, total):
        self.job.progress(done, total, "bytes")

    # -- steps

    def _manifest(self):
        """The manifest is the one written, of this database, and young enough."""
        manifest = self.backup.manifest()
        age = seconds_since(manifest["created"])
        if age > self.params["max_age"]:
            raise Failed(
                f"{self.backup.name} is {age / 3600:.1f} hours old; it must not be older than "
                f"{self.params['max_age'] / 3600:.1f}.",
                "Make a new backup.",
            )
        self._require_same_database(manifest["database"])
        return {"note": f"{manifest['database']['name']}, {manifest['created']}"}

    def _require_same_database(self, database):
        with SqlSession(self.host) as session:
            live = (self.config.odoo.database, database_uuid(session))
        if (database["name"], database["uuid"]) != live:
            raise Failed(
                f"{self.backup.name} is of another database: {database['name']} "
                f"({database['uuid']}), not {live[0]} ({live[1]}).",
                "Make a backup of this database.",
            )

    def _room(self):
        """The server has room for a second copy, once the scratch databases of before are gone."""
        self._drop_left_over()
        return require_server_room(self.host, self.backup.manifest()["database"]["size"])

    def _archive(self):
        """The whole dump can be read, and says itself of which database it is."""
        return self.backup.read_archive(self._progress)

    def _restore(self):
        """The dump restores without an error."""
        self._drop_left_over()
        started = time.monotonic()
        self.backup.restore(self.scratch, self._progress)
        return {"database": self.scratch, "seconds": round(time.monotonic() - started, 1)}

    def _drop_left_over(self):
        """Drop this and earlier scratch databases; verifications that were killed left them."""
        pattern = f"^{re.escape(self.config.odoo.database[:40])}_verify_[0-9a-f]{{8}}$"
        select = "SELECT datname FROM pg_database"
        for row in self.host.rows(select, self.config.postgresql.maintenance_database):
            if re.fullmatch(pattern, row["datname"]):
                drop_database(self.host, row["datname"])

    def _fingerprint(self):
        """The restored database has the financial figures of the snapshot."""
        with SqlSession(self.host, self.scratch) as session:
            found = self.backup.compare_fingerprint(session)
            uuid = database_uuid(session)
        if uuid != self.backup.manifest()["database"]["uuid"]:
            raise BadBackup(
                f"The dump of {self.backup.name} is of another database.", "Make a new backup."
            )
        if not found["equal"]:
            raise BadBackup(
                f"The restored database differs from the figures of the snapshot in "
                f"{len(found['differences'])} places, first {canonical(found['differences'][0])}.",
                "Do not use this backup. Make a new one.",
                {"fingerprint": found},
            )
        return found

    def _filestore(self):
        """All files of attachments are there, with the content they were stored with."""
        with SqlSession(self.host, self.scratch) as session:
            found = self.backup.check_filestore(session, self._progress)
        for what in ("missing", "wrong"):
            if found[what]:
                raise BadBackup(
                    f"Files of attachments are {what} in {FILESTORE} of {self.backup.name}: "
                    f"{', '.join(found[what][:3])}.",
                    "Look at the filestore of the host, and make a new backup.",
                    {"filestore": found},
                )
        return found

    def _registry(self):
        """Odoo starts on the restored database and logs no error."""
        left = self.job.recall("scratch folder")
        if left:
            shutil.rmtree(left, ignore_errors=True)
        folder = tempfile.mkdtemp(prefix="ipai-release-")
        self.job.remember("scratch folder", folder)
        try:
            return self._load(folder)
        finally:
            shutil.rmtree(folder)

    def _load(self, folder):
        user = self.config.odoo.user
        if user and os.geteuid() == 0:
            os.chown(folder, system_user(user).pw_uid, -1)
        log = Path(folder, "odoo.log")
        argv = self.host.odoo_argv(
            f"--database={self.scratch}",
            f"--data-dir={folder}",
            "--stop-after-init",
            "--no-http",
            "--max-cron-threads=0",
            "--workers=0",
            # An empty one would be ignored on 17.0, where the live log would be written to.
            f"--logfile={log}",
            "--log-level=info",
            "--log-handler=odoo.registry:INFO",
            "--log-handler=odoo.modules.registry:INFO",
        )
        started = time.monotonic()
        options = {"user": user, "variables": self.config.environment, "timeout": 1800}
        done = self.host.run_logged(self.job, argv, check=False, **options)
        text = done.stdout + (log.read_text(errors="replace") if log.exists() else "")
        self.job.say(text)
        self._judge_load(done.returncode, text)
        return {"ok": True, "seconds": round(time.monotonic() - started, 1)}

    def _judge_load(self, status, text):
        """Fail unless Odoo ended well, says that it loaded, and logged no error."""
        errors = [line for line in text.splitlines() if LOG_ERROR.match(line)]
        if not status and not errors and REGISTRY_LOADED in text:
            return
        reason = (errors or [last_line(text)])[0]
        message = f"Odoo does not start on the restored database: it {ended_how(status)}; {reason}"
        problem = failure(message, text, kind=BadBackup)
        problem.hint = "Read the job's log on the host."
        problem.result = {"registry": {"ok": False, "errors": errors[:50]}}
        raise problem

    def _mark(self):
        """Say in the backup's own folder that it was verified."""
        manifest = file_entry(self.backup.path(MANIFEST))["sha256"]
        write_json(self.backup.path(VERIFIED), {"time": now(), "manifest": manifest})


#: What Odoo logs on all series when a database can be used.
REGISTRY_LOADED = "Registry loaded in"
#: A line of Odoo's log that says an error.
LOG_ERROR = re.compile(r"[0-9-]{10} [0-9:,.]{8,15} [0-9]+ (ERROR|CRITICAL) ")


@verb
class Backups(Verb):
    """The backups on the host, newest first."""

    name = "backups"

    def run(self):
        store = BackupStore(self.host)
        store.require()
        return {"folder": str(store.folder), "backups": [_listed(one) for one in store.backups()]}


def _listed(backup):
    """A backup as a list shows it; one that cannot be used says why."""
    try:
        manifest = backup.manifest()
    except Failed as problem:
        return {"backup": backup.name, "ok": False, "problem": problem.message}
    verified = backup.verified()
    return {
        "backup": backup.name,
        "ok": True,
        "label": manifest["label"],
        "created": manifest["created"],
        "database": manifest["database"]["name"],
        "commit": manifest["commit"],
        "size": sum(entry["size"] for entry in manifest["files"]),
        "verified": verified["time"] if verified else None,
    }


# -- verbs: records of releases, journal, commands


class RecordRule(Rule):
    """A JSON object of at most ``longest`` bytes that says where the release's journal stands."""

    def __init__(self, longest):
        super().__init__()
        self.longest = longest

    def check(self, name, value):
        if not isinstance(value, dict):
            self.refuse(name, "is not an object")
        try:
            size = len(canonical(value).encode())
        except UnicodeEncodeError:
            self.refuse(name, "holds text that is no Unicode")
        if size > self.longest:
            self.refuse(name, f"is longer than {self.longest} bytes")
        for part, rule in HEAD.items():
            rule.check(f"{name}.{part}", value.get(part))
        return value


@verb
class KeepRecord(QuickVerb):
    """Keep the record of a release outside its database."""

    name = "keep_record"
    parameters = {"release": RELEASE, "record": RecordRule(LONGEST_RECORD)}

    def run(self):
        release, record = self.params["release"], self.params["record"]
        head = {name: record[name] for name in HEAD}
        kept = self.state.kept_head(release)
        if kept and kept["length"] > head["length"]:
            raise Refused(
                f"The record kept of {release} has {kept['length']} events, this one "
                f"{head['length']}.",
                "Fetch the record from the host ('record') and import it first.",
            )
        head = {"release": release, **head}
        value = {**head, "time": now(), "record": record}
        write_json(self.state.record_path(release), value)
        # After the record: a head without its record would promise what is not there.
        write_json(self.state.record_path(release, "head"), head)
        kept = {**head, "sha256": digest(record)}
        self.job.journal_once("record", kept)
        return kept

    @classmethod
    def journaled(cls, params):
        return {"release": params["release"], "sha256": digest(params["record"])}


@verb
class Record(Verb):
    """The record of a release that was kept last."""

    name = "record"
    parameters = {"release": RELEASE}

    def run(self):
        release = self.params["release"]
        return read_json(self.state.record_path(release)) or {"release": release, "record": None}


@verb
class JournalEvents(Verb):
    """The host's own journal, from an event on."""

    name = "journal"
    parameters = {"after": Integer(0, 10**12, 0), "limit": Integer(1, 1000, 200)}

    def run(self):
        after, limit = self.params["after"], self.params["limit"]
        later = (event for event in self.state.journal.events() if event)
        later = (event for event in later if event["sequence"] > after)
        return {"events": list(itertools.islice(later, limit)), **self.state.journal.head()}


@verb
class Command(ChangingVerb):
    """Run a program that the host's configuration names."""

    name = "command"
    parameters = {"name": NAME}

    def run(self):
        name = self.params["name"]
        if name not in self.config.commands:
            known = ", ".join(sorted(self.config.commands)) or "none"
            raise Refused(f"There is no command '{name}'.", f"[commands] has: {known}.")
        return self.job.step("run", self._once, self.config.commands[name])

    def _once(self, argv):
        """Run it, but never twice: what it does cannot be looked at."""
        if self.job.recall("begun"):
            raise Failed(
                "The command was interrupted; whether it did its work is unknown.",
                "Look at the host, then send the command with a new key if it must run again.",
            )
        self.job.remember("begun", True)
        started = time.monotonic()
        done = self.host.run_logged(self.job, argv, timeout=3600, check=False)
        found = {
            "name": self.params["name"],
            "exit": done.returncode,
            "seconds": round(time.monotonic() - started, 1),
            "output": done.stdout[-4000:],
        }
        if done.returncode:
            message = f"'{found['name']}' {ended_how(done.returncode)}: {last_line(done.stdout)}"
            raise Failed(message, "Read its output.", found)
        return found


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
        # All files: of a folder that holds nothing but a cache, "normal" names the folder.
        listed = self.host.git(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"
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

    def modules(self, before, after):
        """Names of the modules that differ between two commits, sorted."""
        root = os.path.normpath(self.settings.addons)
        paths = [os.path.relpath(entry["path"], root) for entry in self.files(before, after)]
        return sorted({path.split("/")[0] for path in paths if "/" in path} - {".."})

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
    return entry.startswith("??") and entry.endswith(".pyc")


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

    def verify(self, key, facts):
        """Note what the release of this key may switch to; ``None``: nothing any more.

        :param facts: ``{"branch", "before", "commit"}``, of which it was compared with which
        """
        kept = self._kept
        kept["verified"][release_of(key)] = facts and {**facts, "key": key, "time": now()}
        write_json(self.path, kept)

    def verified(self, key):
        """What was noted for the release of this key, or None."""
        return self._kept["verified"].get(release_of(key))

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

    def before(self, commit):
        """How a commit was checked out before it was left, ``{"commit", "branch"}``."""
        found = [entry["before"] for entry in self._kept["switches"]]
        return next(entry for entry in reversed(found) if entry["commit"] == commit)

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
        # What was verified before, such as without a list of files, holds no longer.
        CodeState(self.state).verify(self.job.key, None)
        self.job.step("fetch", repository.fetch, branch)
        repository.require_on_branch(commit, branch)
        signed = repository.signature(commit)
        result = self._compared(repository, repository.head()["commit"], commit)
        facts = {"branch": branch, "before": result["before"], "commit": commit}
        CodeState(self.state).verify(self.job.key, facts)
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
    """Switch the whole tree to the commit that this release fetched and verified."""

    name = "code_switch"
    parameters = {"branch": BRANCH, "commit": COMMIT}

    def run(self):
        branch, commit = self.params["branch"], self.params["commit"]
        require_allowed_branch(self.config, branch)
        repository = Repository(self.host)
        before = self.job.step("look", self._look, repository)
        files = repository.files(before["commit"], commit)
        if before["commit"] != commit:
            self.job.step("switch", self._switch, repository, before)
        paths = [entry["path"] for entry in files]
        return {"before": before["commit"], "after": commit, "files": paths}

    def _look(self, repository):
        """Where the tree is; a switch that was begun is not looked at again."""
        repository.require_clean()
        head = repository.head()
        self._require_verified(head["commit"])
        return head

    def _require_verified(self, head):
        """Refuse what the last code_fetch of this release did not compare with this HEAD."""
        branch, commit = self.params["branch"], self.params["commit"]
        verified = CodeState(self.state).verified(self.job.key)
        if not verified or (verified["branch"], verified["commit"]) != (branch, commit):
            raise Refused(
                f"The commit {commit} of '{branch}' was not fetched and verified on this host by "
                "this release.",
                "Run code_fetch with the same branch and commit first.",
            )
        if head not in (verified["before"], commit):
            raise Refused(
                f"The tree is at {head} by now, and {commit} was compared with "
                f"{verified['before']}: other files may change than were looked at.",
                "Run code_fetch again, which compares the two.",
            )

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


#: Seconds between two probes of the login page.
PROBE_EVERY = 0.1
#: Seconds that a service may seem stopped while it starts.
GRACE = 3.0
#: How often in a row a log-in is denied to count: Odoo calls a connection that breaks a denial too.
DENIALS = 3
#: Seconds in which a service that lives may show errors while it is watched.
HICCUP = 15.0


class Prober:
    """Measures downtime from outside Odoo, in a process that outlives the job that started it.

    Everything is in the job's folder: ``probes.json`` (figures), ``probes.lock`` (held by the
    process), ``probes.end`` (asks it to end).
    """

    def __init__(self, config, folder):
        self.config = config
        self.figures_path = folder / "probes.json"
        self.lock_path = folder / "probes.lock"
        self.end_path = folder / "probes.end"

    @property
    def figures(self):
        return read_json(self.figures_path)

    def start(self, host, job):
        """Start it where it does not run, and wait for its first probe."""
        before = (self.figures or {}).get("probes", 0)
        if self.end_path.exists() or self._is_running():
            return
        argv = [sys.executable, "-I", os.path.abspath(__file__), "--config", self.config.path]
        with job.output() as output:
            options = {"stdout": output, "stderr": output, "bound": False}
            host.start([*argv, "probe", job.id], start_new_session=True, **options)
        deadline = time.monotonic() + 30
        while (self.figures or {}).get("probes", 0) <= before:
            if time.monotonic() > deadline:
                raise Failed("The prober of the downtime did not start.", "Read the job's log.")
            time.sleep(0.02)

    def end(self):
        """Let it end; return ``{"last_good", "first_good", "seconds", "probes"}``.

        ``seconds`` runs from the last good answer before the first bad one to the first good one
        after the last bad one. It is None while nothing answers; ``last_good`` is None when the
        service was down from the beginning, and the time then runs from the first probe.
        """
        write_file(self.end_path, b"")
        deadline = time.monotonic() + 30
        while self._is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        return downtime(self.figures or new_figures(time.time()))

    def _is_running(self):
        with open(self.lock_path, "a+b", opener=_private) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def probe(self, each, most=24 * 3600):
        """Be the process: probe until it is asked to end, ``most`` seconds at the longest.

        :param each: called between two probes
        """
        with open(self.lock_path, "a+b", opener=_private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            figures = self.figures or new_figures(time.time())
            figures["unwatched"] += max(0.0, time.time() - figures["latest"] - 10 * PROBE_EVERY)
            deadline = time.monotonic() + most
            while not self.end_path.exists() and time.monotonic() < deadline:
                begun = time.monotonic()
                status, _page = http_request(self.config.odoo.url, LOGIN_PAGE, timeout=10.0)
                changed = note_probe(figures, status == 200, time.time())
                write_json(self.figures_path, figures, durable=changed)
                each()
                time.sleep(max(0.0, PROBE_EVERY - (time.monotonic() - begun)))


class JobWatch:
    """Takes up a job that was killed: while Odoo is down nobody would ask for it again.

    systemd does so by itself where it runs the job; who asks for a job does, where Odoo is up.
    """

    #: Seconds for the others to do it first.
    patience = 5.0

    def __init__(self, config, job):
        self._config = config
        self._job = job
        self._dead_since = None

    def look(self):
        """Take the job up when its process has been gone for a while."""
        if self._job.result is not None or JobLock(self._job.state).holder():
            self._dead_since = None
            return
        self._dead_since = self._dead_since or time.monotonic()
        if time.monotonic() - self._dead_since > self.patience:
            self._dead_since = None
            payload = {"steps": len(self._job.steps())}
            verb_name = self._job.request["verb"]
            self._job.state.journal.append("taken_up", self._job.key, verb_name, payload)
            launch(self._config, self._job)


def new_figures(moment):
    """Figures of a prober that has not probed yet."""
    empty = {"up": None, "good": None, "last_good": None, "down_since": None, "first_good": None}
    return {**empty, "latest": moment, "probes": 0, "unwatched": 0.0}


def note_probe(figures, good, moment):
    """Take a probe into the figures; return whether the answer changed.

    :param moment: when the answer came, in seconds since the epoch
    """
    changed = figures["up"] is not good
    if good and figures["down_since"] is not None and changed:
        figures["first_good"] = moment
    if not good and changed:
        figures["first_good"] = None
        if figures["down_since"] is None:
            figures["down_since"] = moment
            figures["last_good"] = figures["good"]
    if good:
        figures["good"] = moment
    figures.update(up=good, latest=moment, probes=figures["probes"] + 1)
    return changed


def downtime(figures):
    """The downtime in a prober's figures, as answers say it (:meth:`Prober.end`)."""
    last, first = figures["last_good"], figures["first_good"]
    begun = last if last is not None else figures["down_since"]
    seconds = 0.0 if begun is None else None if first is None else round(first - begun, 3)
    found = {"last_good": _utc(last), "first_good": _utc(first), "seconds": seconds}
    return {**found, "probes": figures["probes"], "unwatched": round(figures["unwatched"], 1)}


def _utc(moment):
    if moment is None:
        return None
    found = datetime.fromtimestamp(moment, timezone.utc)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ServiceVerb(ChangingVerb):
    """A verb that stops and starts Odoo and always leaves one that answers, where it can.

    Subclasses write :meth:`prepare`, which may refuse, and :meth:`act`. When that fails,
    :meth:`undo` brings back what was there before.
    """

    #: Whether the probe's user must be able to log in before anything stops. A verb that repairs
    #: cannot ask for it.
    needs_login = True

    def run(self):
        self.prepare()
        self.job.step("probe", self._note_before)
        trouble = self.job.recall("trouble")
        if trouble is None:
            try:
                # Also after a kill of everything, which took the prober along.
                self.prober.start(self.host, self.job)
                result = self.act()
            except Problem as problem:
                trouble = self._keep_trouble(problem.message, problem.hint, problem.result)
            except Exception as problem:  # noqa: BLE001 (whatever it was, Odoo must not stay down)
                self.job.say(traceback.format_exc())
                message = f"The helper itself failed ({type(problem).__name__})."
                trouble = self._keep_trouble(message, "Read the job's log on the host.", {})
            else:
                result = {**result, "downtime": self.prober.end()}
                self.judge(result)
                return result
        raise self._given_up(trouble)

    def prepare(self):
        """Look at everything that can be known before; raise Refused when it cannot work."""

    def act(self):
        """Do it and return the result.

        :raises Failed: it was not reached; :meth:`undo` follows
        """
        raise NotImplementedError

    def judge(self, result):
        """Raise Failed for a result that is not what was wanted, though Odoo runs."""

    def undo(self):
        """Go back; return what was done as ``result["undone"]``, or None for nothing."""
        raise NotImplementedError

    def _keep_trouble(self, message, hint, result):
        trouble = {"message": message, "hint": hint, "result": result}
        self.job.remember("trouble", trouble)
        return trouble

    def _given_up(self, trouble):
        """The failure to raise, after the way back."""
        result, message = dict(trouble["result"]), trouble["message"]
        try:
            undone = self.undo()
        except Problem as problem:
            undone = {"failed": problem.message}
            message = f"{message} The way back failed too: {problem.message}"
        if undone is not None:
            result["undone"] = undone
        return Failed(message, trouble["hint"], {**result, "downtime": self.prober.end()})

    # -- steps

    @property
    def prober(self):
        return Prober(self.config, self.job.folder)

    def _note_before(self):
        page = login_page(self.config)
        login = self._login() if page["status"] == 200 else None
        if login is False and self.needs_login:
            raise Refused(
                "The probe's user cannot log in, so nothing could show that Odoo works again.",
                "Correct 'probe_login' and 'probe_password_file' in the host's configuration.",
            )
        return {"up": page["status"] == 200, "state": self.host.service.state()["state"]}

    def _login(self):
        """Whether the probe's user can log in, given a moment for a database that comes back."""
        denied = 0
        for _attempt in range(20):
            found = log_in(self.config)
            denied = denied + 1 if found == "denied" else 0
            if found in ("in", None) or denied == DENIALS:
                break
            time.sleep(1)
        return None if found is None else found == "in"

    def step_stop(self, name="stop"):
        """Stop the service."""
        return self.job.step(name, self._stop)

    def _stop(self):
        service = self.host.service
        if service.state()["state"] in ("inactive", "failed"):
            return {"note": "it was stopped"}
        with self.job.output() as output:
            service.stop(output)
        deadline = time.monotonic() + self.config.service.stop_timeout
        while service.state()["state"] not in ("inactive", "failed"):
            if time.monotonic() > deadline:
                raise Failed("The service still runs after it was stopped.", "Look at its status.")
            time.sleep(0.1)
        return {}

    def bring_up(self, prefix=""):
        """Start the service and see that it answers, goes on answering, and takes up its work.

        Tried twice: a process that somebody killed is no broken release, one that dies again is.
        """
        try:
            found = self._up(prefix)
        except Failed as problem:
            if self.job.recall(f"{prefix}again"):
                raise
            self.job.remember(f"{prefix}again", problem.message)
            self.job.say(f"{problem.message} Once more.")
            found = self._up(prefix)
        self.job.step(f"{prefix}wake", self._wake)
        return found

    def _up(self, prefix):
        suffix = "_again" if self.job.recall(f"{prefix}again") else ""
        self.job.step(f"{prefix}start{suffix}", self._start)
        found = self.job.step(f"{prefix}answer{suffix}", self._answer)
        self.job.step(f"{prefix}watch{suffix}", self._watch)
        return found

    def _start(self):
        service = self.host.service
        if service.state()["state"] == "active":
            return {"note": "it runs"}
        with self.job.output() as output:
            service.start(output)
        return {}

    def _answer(self):
        """Poll until the login page and an authenticated request answer."""
        begun = time.monotonic()
        watched = Liveness(self.host.service)
        page, login = {"status": 0}, False
        while time.monotonic() < begun + self.config.service.start_timeout:
            page = login_page(self.config)
            login = authenticated(self.config) if page["status"] == 200 else False
            if login is not False:
                return {"authenticated": login, "seconds": round(time.monotonic() - begun, 3)}
            watched.require_running()
            time.sleep(PROBE_EVERY)
        said = "its login page answers, the probe's user cannot log in"
        said = said if page["status"] == 200 else f"its login page answers {page['status']}"
        timeout = self.config.service.start_timeout
        raise Failed(f"Odoo is not up after {timeout} seconds: {said}.", "Read Odoo's log.")

    def _watch(self):
        """See that a service which answered does not die right after."""
        service = self.host.service
        pid, deadline = service.state()["pid"], time.monotonic() + self.config.service.watch
        patience = deadline + HICCUP
        while time.monotonic() < deadline:
            found = service.state()
            page = login_page(self.config, timeout=10.0)
            lives = found["state"] == "active" and found["pid"] == pid
            if not lives or (page["status"] != 200 and time.monotonic() > patience):
                raise Failed(
                    f"Odoo answered and died right after: the service is {found['state']}, the "
                    f"login page answers {page['status']}.",
                    "Read the end of Odoo's log.",
                )
            if page["status"] != 200:  # PostgreSQL may just be coming back: watched anew
                deadline = time.monotonic() + self.config.service.watch
            time.sleep(0.2)
        return {}

    def _wake(self):
        """Tell Odoo's scheduler that there may be work; it would look only every minute."""
        database = self.config.postgresql.maintenance_database
        try:
            self.host.sql("NOTIFY cron_trigger, :'name';", database, name=self.config.odoo.database)
        except Problem as problem:
            return {"note": f"the scheduler looks within a minute: {problem.message}"}
        return {}


class Liveness:
    """Notices a service that ended while it was waited for; a moment of silence is allowed."""

    def __init__(self, service):
        self.service = service
        self.looked = self.alive = time.monotonic()

    def require_running(self):
        """Look, at most twice a second.

        :raises Failed: the service has been stopped for three seconds
        """
        if time.monotonic() < self.looked + 0.5:
            return
        self.looked = time.monotonic()
        state = self.service.state()["state"]
        if state not in ("inactive", "failed"):
            self.alive = self.looked
        elif state == "failed" or self.looked > self.alive + GRACE:
            raise Failed(f"The service ended by itself: it is {state}.", "Read Odoo's log.")


class ReleaseVerb(ServiceVerb):
    """A verb that runs a release's code: its way back is the code of before the release."""

    def undo(self):
        """Code back, ``-u`` where the database is newer than the code, and start again."""
        self.step_stop("undo_stop")
        try:
            undone = self._undo_code()
        except Problem as problem:
            # An Odoo on the new code is better than none.
            undone = {"failed": problem.message}
        self.bring_up("undo_")
        return {**undone, "running": True}

    def _undo_code(self):
        target = self.job.step("undo_look", self._way_back)
        if target["commit"]:
            self.job.step("undo_code", self.go_back, target)
            downgraded = self.job.step("undo_upgrade", self.follow_code, "undo", target["modules"])
            code = {"before": target["before"], "after": target["commit"]}
            return {"code": code, "upgraded": downgraded["modules"]}
        return {"code": None, "upgraded": []}

    def _way_back(self):
        target = CodeState(self.state).way_back(self.job.key)
        if target is None:
            return {"commit": None}
        repository = Repository(self.host)
        before = repository.head()["commit"]
        return {**target, "before": before, "modules": repository.modules(before, target["commit"])}

    def go_back(self, target):
        """Check out what was there before, and note that the switches are undone."""
        repository = Repository(self.host)
        note = "it is there"
        if repository.head()["commit"] != target["commit"]:
            note = f"to {target['commit']}"
            switch_tree(self.job, repository, target["commit"], target["branch"])
        CodeState(self.state).mark("undone", self._is_undone_by(target))
        return {"note": note}

    def _is_undone_by(self, target):
        release = release_of(self.job.key)
        return lambda entry: (
            entry["before"]["commit"] == target["commit"] or release_of(entry["key"]) == release
        )

    def follow_code(self, label, modules):
        """Run ``-u`` on those modules whose version in the database is newer than the code's."""
        newer = self.newer_modules(modules)
        if newer:
            OdooUpgrade(self.host, self.job, label).run(newer)
        persistent(self.host, reset_states, self.host)
        left = self.newer_modules(newer) if newer else []
        if left:
            raise Failed(f"The database is still newer than the code: {named(left)}.")
        return {"modules": newer, "note": named(newer)}

    def newer_modules(self, modules):
        """Those installed modules whose version in the database is above the manifest's."""
        repository = Repository(self.host)
        found = persistent(self.host, module_rows, self.host, modules)
        versions = {name: repository.manifest_version(name) for name in found}
        return sorted(
            name
            for name, row in found.items()
            if versions[name] is not None
            and version_key(row["version"]) > version_key(versions[name])
        )

    def mark_proven(self):
        """Note that the code which is live now was seen to work."""
        CodeState(self.state).mark("proven", lambda _entry: True)


def persistent(host, function, *arguments):
    """Call a function that reads or settles something in the database; again after an outage.

    :raises Failed: it failed three times, with the server reachable before each but the first
    """
    for _attempt in range(2):
        try:
            return function(*arguments)
        except Failed:
            wait_for_postgresql(host)
    return function(*arguments)


def wait_for_postgresql(host, patience=60):
    """Wait until the server takes connections.

    :raises Failed: it does not after ``patience`` seconds
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return host.sql("SELECT 1;", host.config.postgresql.maintenance_database, timeout=10)
        except Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def module_rows(host, modules):
    """``{name: {"state", "version"}}`` of those modules that are installed or on their way."""
    rows = host.rows(
        "SELECT name, state, latest_version AS version FROM ir_module_module"
        " WHERE state NOT IN ('uninstalled', 'uninstallable')"
        " AND name = ANY(string_to_array(:'names', ','))",
        names=",".join(modules),
    )
    return {row["name"]: row for row in rows}


def reset_states(host):
    """Settle module states that a killed ``-u`` left behind, as Odoo does when one fails."""
    host.sql(
        "UPDATE ir_module_module SET state = 'installed'"
        " WHERE state IN ('to upgrade', 'to remove');"
        "UPDATE ir_module_module SET state = 'uninstalled' WHERE state = 'to install';"
    )


def version_key(version):
    """A module's version for comparing, without the series in front: ``17.0.1.0.9`` → (1, 0, 9)."""
    parts = [int(part) for part in re.findall("[0-9]+", version or "")]
    return tuple(parts[2:] if len(parts) > 3 else parts)


def is_version(found, expected):
    """Whether a version in the database is the expected one, with or without a series in front."""
    found = found or ""
    return found == expected or bool(re.fullmatch(r"\d+\.\d+\." + re.escape(expected), found))


#: In Odoo's log. The last one, without a class of its own: libpq got only a part of an answer.
_CONNECTION_BROKE = re.compile(
    rb"OperationalError|InterfaceError|AdminShutdown|CrashShutdown|psycopg2\.DatabaseError"
)


class OdooUpgrade:
    """One ``-u`` of Odoo, run apart from the service, with a log of its own in the job's folder."""

    #: Runs that are tried again when PostgreSQL or Odoo was killed in the middle.
    ATTEMPTS = 5

    def __init__(self, host, job, label):
        self.host = host
        self.job = job
        self.label = label

    @property
    def log(self):
        """The log of the latest run."""
        number = self.job.recall(f"{self.label}_runs", 0)
        return self.job.folder / f"odoo-{self.label}-{number}.log"

    def run(self, modules):
        """Run it to its end; return ``{"runs", "errors"}``, the errors that Odoo logged.

        :raises Failed: it ended with an error, :data:`ATTEMPTS` times where something was killed
        """
        while True:
            status = self._run_once(modules)
            errors = logged_errors(self.log.read_bytes())
            runs = self.job.recall(f"{self.label}_runs")
            if status == 0:
                return {"runs": runs, "errors": errors}
            if runs >= self.ATTEMPTS or not self._was_disturbed(status):
                said = errors[-1] if errors else self.log.read_text("utf-8", "replace")
                raise Failed(
                    f"Odoo's upgrade of {named(modules)} {ended_how(status)}: {last_line(said)}",
                    "Read the errors in the result, correct the module and release again.",
                    {"log": {"errors": errors}},
                )
            wait_for_postgresql(self.host)

    def _run_once(self, modules):
        number = self.job.recall(f"{self.label}_runs", 0) + 1
        self.job.remember(f"{self.label}_runs", number)
        argv = self.host.odoo_argv(
            f"--database={self.host.config.odoo.database}",
            f"--update={','.join(modules)}",
            "--stop-after-init",
            "--no-http",
            "--max-cron-threads=0",
            "--workers=0",
            "--log-level=info",
            # Whatever user Odoo runs as: the file is open already, in a folder that is closed.
            "--logfile=/dev/stdout",
        )
        user, variables = self.host.config.odoo.user, self.host.config.environment
        with open(self.log, "ab", opener=_private) as output:
            if user and os.geteuid() == 0:
                os.fchown(output.fileno(), system_user(user).pw_uid, -1)
            options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            return self.host.run(
                argv,
                user=user,
                variables=variables,
                timeout=None,
                check=False,
                each=self._show_progress,
                **options,
            ).returncode

    def _show_progress(self):
        loading = re.findall(rb"Loading module \S+ \(([0-9]+)/([0-9]+)\)", self.log.read_bytes())
        if loading:
            done, total = loading[-1]
            self.job.progress(int(done), int(total), "modules")

    def _was_disturbed(self, status):
        """Whether it did not fail by itself: it was killed, or its database connection broke."""
        return status < 0 or _CONNECTION_BROKE.search(self.log.read_bytes()) is not None

    def is_complete(self):
        """Whether the latest run came to its end, as its log says."""
        try:
            return re.search(rb" Registry loaded in ", self.log.read_bytes()) is not None
        except FileNotFoundError:
            return False


def logged_errors(data, most=20):
    """The entries of a log that are errors or hold a traceback, the first twenty, as texts."""
    data = b"\n" + data
    starts = [0, *(match.start() + 1 for match in _ANY_ENTRY.finditer(data)), len(data)]
    entries = [data[start:stop] for start, stop in zip(starts, starts[1:])]
    found = [entry for entry in entries if _is_error(entry)]
    return [shortened(entry.decode("utf-8", "replace").strip()) for entry in found[:most]]


def _is_error(entry):
    match = _ANY_ENTRY.match(b"\n" + entry)
    level = match[2] if match else b""
    return level in (b"ERROR", b"CRITICAL") or b"Traceback (most recent call last)" in entry


def shortened(text):
    """Beginning and end of a long entry: the exception stands last."""
    if len(text) <= _EXAMPLE_LENGTH:
        return text
    half = _EXAMPLE_LENGTH // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


@verb
class Upgrade(ReleaseVerb):
    """Run ``-u`` on modules and restart; goes back by itself when that fails."""

    name = "upgrade"
    parameters = {
        "modules": ListOf(MODULE, 200),
        "versions": MapOf(MODULE, MODULE_VERSION, 200, {}),
        "stop": Flag(True),
        "clear_assets": Flag(True),
    }

    def prepare(self):
        if not self.params["modules"]:
            raise Refused("Parameter 'modules' is empty.", "Name the modules to upgrade.")
        self.host.config.need("odoo", "command")
        self.job.step("look", persistent, self.host, self._look)

    def _look(self):
        wanted = sorted({*self.params["modules"], *self.params["versions"]})
        found = module_rows(self.host, wanted)
        missing = [name for name in wanted if name not in found]
        if missing:
            raise Refused(
                f"Parameter 'modules': {named(missing)} is not installed in the database.",
                "Install it in Odoo, or correct the list.",
            )
        return {"before": {name: found[name]["version"] for name in wanted}}

    def act(self):
        if self.params["stop"]:
            self.step_stop()
        if self.params["clear_assets"]:
            self.job.step("clear_assets", persistent, self.host, clear_assets, self.host)
        upgraded = self.job.step("upgrade", self._upgrade)
        versions = self.job.step("check", self._check)
        if not self.params["stop"]:
            self.step_stop()
        up = self.bring_up()
        self.mark_proven()
        return {
            "log": {"errors": upgraded["errors"]},
            "versions": versions,
            "authenticated": up["authenticated"],
        }

    def judge(self, result):
        errors = result["log"]["errors"]
        if errors:
            raise Failed(
                f"Odoo logged {len(errors)} errors while it upgraded, and runs: "
                f"{last_line(errors[0])}",
                "Read them in the result; roll back if the release caused them.",
                result,
            )

    def _upgrade(self):
        run = OdooUpgrade(self.host, self.job, "upgrade")
        if run.is_complete() and not self._wrong(self._rows()):
            # It was killed between the end of the run and noting it.
            runs = self.job.recall("upgrade_runs")
            return {"runs": runs, "errors": logged_errors(run.log.read_bytes())}
        return run.run(self.params["modules"])

    def _check(self):
        rows = self._rows()
        wrong = self._wrong(rows)
        if wrong:
            raise Failed(
                f"The upgrade ended without an error and did not do its work: {'; '.join(wrong)}.",
                "Compare the version in the module's manifest with the expected one.",
                {"versions": {name: row["version"] for name, row in rows.items()}},
            )
        return {name: row["version"] for name, row in rows.items()}

    def _rows(self):
        names = sorted({*self.params["modules"], *self.params["versions"]})
        return persistent(self.host, module_rows, self.host, names)

    def _wrong(self, rows):
        """What is not as it should be after the upgrade, in words."""
        states = [f"{name} is {row['state']}" for name, row in rows.items()]
        found = [text for text in states if not text.endswith(" is installed")]
        for name, expected in self.params["versions"].items():
            version = rows[name]["version"] if name in rows else None
            if not is_version(version, expected):
                found.append(f"{name} has version {version}, not {expected}")
        return found


CLEAR_ASSETS = """
WITH gone AS (
    DELETE FROM ir_attachment
    WHERE url LIKE '/web/assets/%' AND res_model = 'ir.ui.view' AND coalesce(res_id, 0) = 0
        AND create_uid = 1
    RETURNING id
)
SELECT count(*) FROM gone;
"""


def clear_assets(host):
    """Delete the asset bundles that Odoo built; it builds them again when they are asked for.

    Nothing else: no file store, no session, no temporary folder. The files of the bundles stay
    until Odoo's own clean-up finds them without an attachment.
    """
    deleted = int(host.sql(CLEAR_ASSETS))
    return {"deleted": deleted, "note": f"{deleted} bundles"}


@verb
class AssetCacheClear(QuickVerb):
    """Delete the asset bundles that Odoo built."""

    name = "asset_cache_clear"

    def run(self):
        return {"deleted": clear_assets(self.host)["deleted"]}


@verb
class MaintenancePage(QuickVerb):
    """Turn the maintenance page of the reverse proxy on or off: a file that it looks for."""

    name = "maintenance_page"
    parameters = {"on": Flag()}

    def run(self):
        path = self.config.need("proxy", "maintenance_file")
        before = path.exists()
        try:
            if self.params["on"]:
                path.touch(mode=0o644)
            else:
                path.unlink(missing_ok=True)
        except OSError as problem:
            raise Failed(
                f"The file {path} cannot be written: {problem.strerror}.",
                "Make its folder, and let the helper's user write there.",
            ) from problem
        return {"on": self.params["on"], "changed": before != self.params["on"]}


@verb
class Restart(ReleaseVerb):
    """Stop and start Odoo, and see that it answers; goes back by itself when it does not."""

    name = "restart"

    def act(self):
        self.step_stop()
        up = self.bring_up()
        self.mark_proven()
        return {"authenticated": up["authenticated"]}


@verb
class Rollback(ReleaseVerb):
    """Code back to before the release, ``-u`` where the database is newer, and restart."""

    name = "rollback"
    needs_login = False
    parameters = {"modules": ListOf(MODULE, 200, []), "commit": OrNull(COMMIT, None)}

    def prepare(self):
        self.job.step("look", self._look)

    def _look(self):
        repository, code = Repository(self.host), CodeState(self.state)
        target = code.way_back(self.job.key)
        commit = self.params["commit"]
        if commit is not None and commit not in code.commits_left():
            raise Refused(
                f"Parameter 'commit': {commit} was never live on this host.",
                f"It was: {named(sorted(code.commits_left())) or 'none'}.",
            )
        if commit is not None and (target is None or target["commit"] != commit):
            target = {"commit": commit, "branch": None}
        if target is None:
            raise Refused(
                "No switch of code by this release is recorded, so there is no way back.",
                "Name the commit to go back to as 'commit'.",
                {"reason": "no_switch"},
            )
        repository.require_clean()
        before = repository.head()["commit"]
        return {**target, "before": before, "modules": repository.modules(before, target["commit"])}

    def act(self):
        target = self.job.step("look", self._look)
        self.step_stop()
        self.job.step("code", self.go_back, target)
        modules = self.params["modules"] or target["modules"]
        self.job.step("upgrade", self.follow_code, "rollback", modules)
        up = self.bring_up()
        rows = persistent(self.host, module_rows, self.host, modules)
        return {
            "before": target["before"],
            "after": target["commit"],
            "versions": {name: row["version"] for name, row in rows.items()},
            "authenticated": up["authenticated"],
        }

    def undo(self):
        """Nothing lies behind the way back: start what is there."""
        self.bring_up("undo_")
        return {"running": True}


#: Rows that people enter: ``(file, table, [(column of the list, expression, needed columns)])``.
#: What a series does not have is left out, and the first expression that fits is taken.
DOCUMENTS = (
    (
        "journal-entries",
        "account_move d",
        (
            ("id", "d.id", ("account_move.id",)),
            ("number", "d.name", ("account_move.name",)),
            ("type", "d.move_type", ("account_move.move_type",)),
            ("state", "d.state", ("account_move.state",)),
            ("date", "d.date", ("account_move.date",)),
            ("reference", "d.ref", ("account_move.ref",)),
            ("amount", "d.amount_total", ("account_move.amount_total",)),
            ("residual", "d.amount_residual", ("account_move.amount_residual",)),
        ),
    ),
    (
        "payments",
        "account_payment d",
        (
            ("id", "d.id", ("account_payment.id",)),
            ("number", "d.name", ("account_payment.name",)),
            (
                "number",
                "(SELECT name FROM account_move m WHERE m.id = d.move_id)",
                ("account_payment.move_id", "account_move.name"),
            ),
            ("type", "d.payment_type", ("account_payment.payment_type",)),
            ("state", "d.state", ("account_payment.state",)),
            (
                "state",
                "(SELECT state FROM account_move m WHERE m.id = d.move_id)",
                ("account_payment.move_id", "account_move.state"),
            ),
            ("date", "d.date", ("account_payment.date",)),
            (
                "date",
                "(SELECT date FROM account_move m WHERE m.id = d.move_id)",
                ("account_payment.move_id", "account_move.date"),
            ),
            ("memo", "d.memo", ("account_payment.memo",)),
            ("amount", "d.amount", ("account_payment.amount",)),
        ),
    ),
    (
        "partners",
        "res_partner d",
        (
            ("id", "d.id", ("res_partner.id",)),
            ("name", "d.name", ("res_partner.name",)),
            ("email", "d.email", ("res_partner.email",)),
            ("vat", "d.vat", ("res_partner.vat",)),
            ("active", "d.active", ("res_partner.active",)),
        ),
    ),
)
#: Columns of every list, with the names instead of the numbers of what a row points to.
DOCUMENT_LINKS = (
    ("partner", "res_partner", "partner_id", "name"),
    ("journal", "account_journal", "journal_id", "code"),
    ("currency", "res_currency", "currency_id", "name"),
    ("company", "res_company", "company_id", "name"),
    ("created by", "res_users", "create_uid", "login"),
    ("changed by", "res_users", "write_uid", "login"),
)
DOCUMENT_TIMES = (("created", "create_date"), ("changed", "write_date"))
#: Bytes of one list in an answer; the host keeps the whole one.
LONGEST_LIST = 2 << 20
_COLUMNS = """
SELECT c.relname || '.' || a.attname AS name
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
    AND c.relnamespace = current_schema()::regnamespace
"""


def document_columns(table, columns, known):
    """``[(name, expression)]`` of a list, of what the database has.

    :param known: names such as ``account_move.state``
    """
    relation = table.split()[0]
    wanted = list(columns)
    for name, other, column, shown in DOCUMENT_LINKS:
        select = f"(SELECT x.{shown} FROM {other} x WHERE x.id = d.{column})"  # noqa: S608 (constants)
        wanted.append((name, select, (f"{relation}.{column}", f"{other}.{shown}")))
    wanted += [(name, f"d.{column}", (f"{relation}.{column}",)) for name, column in DOCUMENT_TIMES]
    found = {}
    for name, expression, needed in wanted:
        if name not in found and set(needed) <= known:
            found[name] = expression
    return list(found.items())


class Since:
    """What was entered, changed or deleted in the live database since a backup of it."""

    def __init__(self, host, job, live, restored):
        self.host = host
        self.job = job
        self.live = live
        self.restored = restored

    def lists(self):
        """``{"counts": {file: {"entered", "changed", "deleted"}}, "files": [...]}``."""
        known = self._columns(self.live) & self._columns(self.restored)
        counts, files = {}, []
        for name, table, columns in DOCUMENTS:
            chosen = document_columns(table, columns, known)
            if chosen:
                counts[name], listed = self._list(name, table, chosen)
                files.append(listed)
        return {"counts": counts, "files": files}

    def _columns(self, database):
        return {row["name"] for row in self.host.rows(_COLUMNS, database)}

    def _list(self, name, table, columns):
        """Write one list as CSV; return its counts and how the answer names it."""
        shown = ", ".join(expression for _name, expression in columns)
        select = f"SELECT {shown} FROM {table} ORDER BY d.id"  # noqa: S608 (constants)
        path = self.job.folder / f"since-{name}.csv"
        counts = {"entered": 0, "changed": 0, "deleted": 0}
        with contextlib.ExitStack() as stack:
            before, after = (
                stack.enter_context(self._rows(database, select))
                for database in (self.restored, self.live)
            )
            target = stack.enter_context(open(path, "w", encoding="utf-8", newline=""))
            writer = csv.writer(target)
            writer.writerow(["what", *(label for label, _expression in columns)])
            for what, row in row_differences(before, after):
                counts[what] += 1
                writer.writerow([what, *row])
        return counts, self._named(name, path)

    @contextlib.contextmanager
    def _rows(self, database, select):
        """The rows of a SELECT one by one, as lists of texts."""
        argv = [*PSQL, f"--dbname={connection_string(database)}"]
        argv.append(f"--command=COPY ({select}) TO STDOUT WITH (FORMAT csv)")
        options = {"user": self.host.postgresql_user, "text": True}
        with self.host.start(
            argv, variables=self.host.postgresql_variables(), stdout=subprocess.PIPE, **options
        ) as process:
            yield csv.reader(process.stdout)
            process.stdout.close()
            if process.wait():
                raise Failed(f"The rows of {database} cannot be read.", "Read the server's log.")

    @staticmethod
    def _named(name, path):
        data = path.read_bytes()
        cut = data if len(data) <= LONGEST_LIST else data[: data.rfind(b"\n", 0, LONGEST_LIST) + 1]
        return {
            "name": f"{name}.csv",
            "content": cut.decode("utf-8"),
            "complete": cut is data,
            "path": str(path),
        }


def row_differences(before, after):
    """Yield ``(what, row)``: entered, changed, deleted rows of two streams sorted by number.

    :param before: rows whose first value is their number, ascending
    :param after: the same, later; of a changed row this one is yielded
    """
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if old is None or (new is not None and int(new[0]) < int(old[0])):
            yield "entered", new
            new = next(after, None)
        elif new is None or int(old[0]) < int(new[0]):
            yield "deleted", old
            old = next(before, None)
        else:
            if old != new:
                yield "changed", new
            old, new = next(before, None), next(after, None)


class Databases:
    """The databases of the server by number: names change in a restore, numbers do not."""

    #: Seconds for sessions to end.
    PATIENCE = 30.0

    def __init__(self, host):
        self.host = host
        self.maintenance = host.config.postgresql.maintenance_database

    def number(self, name):
        """Number of a database, or None."""
        select = "SELECT oid::bigint AS number FROM pg_database WHERE datname = :'name'"
        rows = self.host.rows(select, self.maintenance, name=name)
        return rows[0]["number"] if rows else None

    def name(self, number):
        """Name of a database now, or None."""
        select = "SELECT datname AS name FROM pg_database WHERE oid = :'number'::oid"
        rows = self.host.rows(select, self.maintenance, number=number or 0)
        return rows[0]["name"] if rows else None

    def may_rename(self, name):
        """Whether the role owns a database (and may create some), so that it may rename it."""
        select = (
            "SELECT rolsuper OR (rolcreatedb AND pg_has_role(datdba, 'USAGE')) AS may"
            " FROM pg_database, pg_roles WHERE datname = :'name' AND rolname = current_user"
        )
        rows = self.host.rows(select, self.maintenance, name=name)
        return bool(rows) and rows[0]["may"]

    def copy_settings(self, source, target):
        """Give a database the settings and rights that belong to another as a whole."""
        self.host.sql(_COPY_SETTINGS, self.maintenance, source=source, target=target)

    def close(self, name):
        """Let nobody connect to a database any more, and end all sessions in it.

        :raises Failed: sessions of others stay, who are named
        """
        self.host.sql(
            'ALTER DATABASE :"name" ALLOW_CONNECTIONS false;', self.maintenance, name=name
        )
        deadline = time.monotonic() + self.PATIENCE
        while self._sessions(name):
            self.host.sql(_TERMINATE, self.maintenance, name=name)
            if time.monotonic() > deadline:
                raise Failed(
                    f"Others are connected to {name}: {named(self._sessions(name))}.",
                    "End their sessions, or grant pg_signal_backend to the helper's role.",
                )
            time.sleep(0.05)

    def open(self, name):
        """Let people connect again."""
        self.host.sql('ALTER DATABASE :"name" ALLOW_CONNECTIONS true;', self.maintenance, name=name)

    def _sessions(self, name):
        select = (
            "SELECT coalesce(usename, 'server') || ' (' || pid || ', ' || application_name || ')'"
            " AS session FROM pg_stat_activity"
            # Of other roles' sessions the type is hidden.
            " WHERE datname = :'name' AND coalesce(backend_type, 'client backend')"
            " = 'client backend'"
        )
        return [row["session"] for row in self.host.rows(select, self.maintenance, name=name)]

    def swap(self, live, kept, new):
        """Rename ``live`` to ``kept`` and ``new`` to ``live``, both or none; both are closed.

        :param kept: None where there is no live database
        """
        away = 'ALTER DATABASE :"live" RENAME TO :"kept";' if kept else ""
        self.host.sql(
            f"BEGIN;{away}"
            'ALTER DATABASE :"new" RENAME TO :"live";'
            'ALTER DATABASE :"live" IS_TEMPLATE false;'
            'ALTER DATABASE :"live" ALLOW_CONNECTIONS true;'
            "COMMIT;",
            self.maintenance,
            live=live,
            kept=kept or "",
            new=new,
        )


_TERMINATE = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity, pg_roles own, pg_roles other
WHERE datname = :'name' AND backend_type = 'client backend'
    AND own.rolname = current_user AND other.oid = usesysid
    AND (own.rolsuper OR NOT other.rolsuper AND (
        pg_has_role(usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')));
"""
#: Settings of lists of names are kept as PostgreSQL quoted them itself.
_COPY_SETTINGS = """
SELECT format('ALTER DATABASE %I SET %I TO %s', :'target', split_part(entry, '=', 1),
    CASE WHEN split_part(entry, '=', 1) IN ('search_path', 'temp_tablespaces',
        'local_preload_libraries', 'session_preload_libraries')
    THEN substr(entry, strpos(entry, '=') + 1)
    ELSE quote_literal(substr(entry, strpos(entry, '=') + 1)) END)
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) entry
WHERE d.datname = :'source' AND s.setrole = 0
\\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'target')
FROM pg_database WHERE datname = :'source' AND datacl IS NOT NULL
\\gexec
SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, :'target',
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = :'source'
\\gexec
"""


@verb
class Restore(ReleaseVerb):
    """Restore a backup beside the live database, verify it, and swap the names."""

    name = "restore"
    needs_login = False
    parameters = {"backup": BACKUP}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.live = self.config.odoo.database
        self.backup = StoredBackup(self.host, self.params["backup"])
        self.databases = Databases(self.host)

    @property
    def new(self):
        """Name of the restored database before the swap."""
        return f"{self.live[:40]}_restore_{self.job.id[:8]}"

    @property
    def kept(self):
        """Name of the live database after the swap."""
        return f"{self.live[:30]}_kept_{self.backup.name[:15]}_{self.job.id[:8]}"

    def prepare(self):
        self.job.step("look", persistent, self.host, self._look)
        self.job.step("room", persistent, self.host, self._server_room)
        try:
            self.job.step("files", self.backup.check_files, self._progress)
            self.job.step("load", persistent, self.host, self._load)
            self.job.step("fingerprint", persistent, self.host, self._fingerprint)
            self.job.step("filestore", self._filestore)
            self.job.step("keep_files", self._keep_files)
        except Problem:
            self._remove_kept_files()
            persistent(self.host, drop_database, self.host, self.new)
            raise

    def act(self):
        self.step_stop()
        self.job.step("keep_new_files", self._keep_files)  # that came until Odoo stopped
        room = self.job.step("room", persistent, self.host, self._server_room)
        since = self.job.step("since", persistent, self.host, self._since)
        self.job.step("swap", persistent, self.host, self._swap)
        code = self.job.step("code", self._code)
        up = self.bring_up()
        return {
            "kept_database": self._facts["kept"],
            "identity": self._facts["identity"],
            "room": room,
            "kept_filestore": self._facts["kept"] and str(self._kept_filestore),
            "since": since,
            "code": code,
            "authenticated": up["authenticated"],
        }

    def undo(self):
        """The live database gets its name back where Odoo answered with it before."""
        swapped = self.job.step("undo_look", persistent, self.host, self._look_again)["swapped"]
        if swapped and self._facts["up"] and self._facts["number"]:
            self.step_stop("undo_stop")
            self.job.step("undo_swap", persistent, self.host, self._swap_back)
            self.job.step("undo_files", self._files_back)
            if self._facts["code"]:
                self.job.step("undo_code", self._code_again)
            swapped = False
        elif not swapped and self._facts["number"]:
            persistent(self.host, self.databases.open, self.live)
        self.bring_up("undo_")
        if not swapped:
            self._remove_kept_files()
            persistent(self.host, drop_database, self.host, self.new)
        return {"swapped": swapped, "running": True}

    @property
    def _facts(self):
        """What was so before: numbers and names, the code, whether Odoo answered."""
        return self.job.recall("facts")

    def _progress(self, done, total):
        self.job.progress(done, total, "bytes")

    # -- steps

    def _look(self):
        manifest = self.backup.manifest()
        if manifest["database"]["name"] != self.live:
            raise Refused(
                f"{self.backup.name} is of the database {manifest['database']['name']}, not of "
                f"{self.live}.",
                "Name a backup of this database.",
            )
        number = self.databases.number(self.live)
        identity = self._require_same_database(manifest["database"]["uuid"], number)
        if number and not self.databases.may_rename(self.live):
            raise Refused(
                f"The helper's role may not rename {self.live}.",
                "Let it own the database and have CREATEDB, as Odoo's own role does.",
            )
        self._require_space()
        has_code = self.config.repository.path is not None
        facts = {
            "number": number,
            "kept": self.kept if number else None,
            "up": authenticated(self.config) is not False
            and login_page(self.config)["status"] == 200,
            "code": Repository(self.host).head() if has_code else None,
            "identity": identity,
        }
        self.job.remember("facts", facts)
        note = f"{manifest['database']['size']} bytes of {manifest['created']}; {identity}"
        return {"note": note}

    def _require_same_database(self, backed_up, number):
        """Refuse a backup of another database of this name; say what could be compared.

        :param backed_up: the identity in the manifest, or None
        :param number: of the live database, or None where there is none
        """
        live = self._live_uuid() if number else None
        if not backed_up:
            return "its identity was not compared: the backup says none"
        if not live:
            return f"its identity was not compared: {self.live} is not there or says none"
        if live != backed_up:
            raise Refused(
                f"{self.backup.name} is of another database that was called {self.live} too: its "
                f"'database.uuid' is {backed_up}, that of {self.live} is {live}.",
                "Name a backup of this database. Where it is the same one and somebody gave it a "
                "new 'database.uuid', put the old one back in its system parameters first.",
            )
        return "its identity is that of the live database"

    def _live_uuid(self):
        """The live database's identity; None where a damaged or closed one cannot say it."""
        try:
            with SqlSession(self.host) as session:
                return database_uuid(session)
        except Interrupted:
            raise
        except Failed as problem:
            self.job.say(f"{self.live} does not say its identity: {problem.message}")
            return None

    def _require_space(self):
        folder = self.config.need("odoo", "data_dir")
        free, needed = shutil.disk_usage(folder).free, self.backup.path(FILESTORE).stat().st_size
        if free < needed + MARGIN:
            raise Refused(
                f"{folder} has {readable_size(free)} free, the files of the backup may need "
                f"{readable_size(needed + MARGIN)}.",
                "Free space there.",
            )

    def _server_room(self):
        return require_server_room(self.host, self.backup.manifest()["database"]["size"])

    def _load(self):
        """Restore into the new database; its number says later which one it is."""
        number = self.job.recall("new_number")
        if number and self.databases.name(number) == self.new:
            return {"database": self.new, "note": "it is restored"}
        drop_database(self.host, self.new)
        started = time.monotonic()
        self.backup.restore(self.new, self._progress, privileges=True)
        if self._facts["number"]:
            self.databases.copy_settings(self.live, self.new)
        self.job.remember("new_number", self.databases.number(self.new))
        return {"database": self.new, "seconds": round(time.monotonic() - started, 1)}

    def _fingerprint(self):
        with SqlSession(self.host, self.new) as session:
            found = self.backup.compare_fingerprint(session)
        if not found["equal"]:
            raise Failed(
                "The restored database does not have the financial figures of its backup, first "
                f"{canonical(found['differences'][0])}.",
                "Take another backup. The live database was not touched.",
                {"fingerprint": found},
            )
        return found

    def _filestore(self):
        """Put back what is missing or damaged; a file's name is its content, so none is lost."""
        folder = filestore_folder(self.config)
        missing = 0
        path = self.backup.path(FILESTORE)
        with open(path, "rb") as handle, tarfile.open(fileobj=handle) as archive:
            for member in archive:
                missing += self._put_back(archive, member, folder)
                self.job.progress(handle.tell(), path.stat().st_size, "bytes")
        return {"put_back": missing, "note": f"{missing} files put back"}

    def _put_back(self, archive, member, folder):
        target = Path(os.path.normpath(folder / member.name))
        if not member.isfile() or folder not in target.parents:
            raise Failed(f"{FILESTORE} holds {member.name!r}, which is no attachment.")
        if is_whole(target):
            return 0
        owner = folder.stat() if folder.exists() else self.config.odoo.data_dir.stat()
        make_folders(target.parent, owner)
        temporary = target.with_name(f".{target.name}.part")
        with open(temporary, "wb") as handle:
            shutil.copyfileobj(archive.extractfile(member), handle)
            os.fchown(handle.fileno(), owner.st_uid, owner.st_gid)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
        return 1

    @property
    def _kept_filestore(self):
        return filestore_folder(self.config, self._facts["kept"])

    def _keep_files(self):
        """Give the database that is kept a filestore of its own, under its own name.

        The restored one gets the live filestore, and Odoo removes from that what was stored since
        the backup: it knows no attachment of it.
        """
        folder = filestore_folder(self.config)
        if not self._facts["kept"] or not folder.is_dir():
            return {"note": "there is nothing to keep"}
        files = share_files(folder, self._kept_filestore, self._progress_of_files)
        return {"files": files, "note": f"{files} files in {self._kept_filestore}"}

    def _files_back(self):
        """Give the live database again what the restored one's Odoo may have removed."""
        if self._kept_filestore.is_dir():
            share_files(
                self._kept_filestore, filestore_folder(self.config), self._progress_of_files
            )
        return {}

    def _remove_kept_files(self):
        """Remove the second names of files whose database was not swapped after all."""
        if self._facts["kept"]:
            shutil.rmtree(self._kept_filestore, ignore_errors=True)

    def _progress_of_files(self, done, total):
        self.job.progress(done, total, "files")

    def _since(self):
        if not self._facts["number"]:
            return {"counts": {}, "files": [], "note": "there was no live database"}
        found = Since(self.host, self.job, self.live, self.new).lists()
        total = sum(sum(counts.values()) for counts in found["counts"].values())
        return {**found, "note": f"{total} documents differ"}

    def _swap(self):
        """Give the new database the live one's name; which is which is asked by number."""
        if self.databases.name(self.job.recall("new_number")) == self.live:
            return {"note": "it was swapped"}
        for name in (self.live, self.new):
            if self.databases.number(name):
                self.databases.close(name)
        self.databases.swap(self.live, self._facts["kept"], self.new)
        return {"note": f"kept as {self._facts['kept']}"}

    def _look_again(self):
        return {"swapped": self.databases.name(self.job.recall("new_number")) == self.live}

    def _swap_back(self):
        if self.databases.name(self._facts["number"]) == self.live:
            return {"note": "it was swapped back"}
        for name in (self.live, self._facts["kept"]):
            self.databases.close(name)
        self.databases.swap(self.live, self.new, self._facts["kept"])
        return {}

    def _code(self):
        """The code that the backup was made with: a database and its code belong together."""
        commit, code = self.backup.manifest()["commit"], self._facts["code"]
        if not code or not commit or code["commit"] == commit:
            return {"before": code and code["commit"], "after": code and code["commit"]}
        if commit not in CodeState(self.state).commits_left():
            note = f"the code stays: {commit} of the backup was never left by a switch"
            return {"before": code["commit"], "after": code["commit"], "note": note}
        back = CodeState(self.state).before(commit)
        self.go_back(back)
        return {"before": code["commit"], "after": commit}

    def _code_again(self):
        repository, code = Repository(self.host), self._facts["code"]
        if repository.head()["commit"] != code["commit"]:
            switch_tree(self.job, repository, code["commit"], code["branch"])
        return {}


# -- verbs: Odoo's log

#: An entry begins so; lines that do not belong to the entry before. Odoo writes times in UTC.
_HEADER = rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} \d+ ([A-Z]+) "
_ANY_ENTRY = re.compile(rb"\n" + _HEADER)
_ENTRY = re.compile(_HEADER.decode() + r"(\S+) ([^\s:]+): ?(.*)", re.DOTALL)
_ROTATED = re.compile(r"(?:\.\d+|[.-]\d{4}-?\d\d-?\d\d(?:[-_]?\d+)?)(\.(?:gz|bz2|xz|zst))?")
_OPENERS = {None: open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_LOG_BLOCK = 1 << 20
_HALVING_STOPS = 1 << 16
_LONGEST_ENTRY = 20_000
#: Workers write into one file, so entries may be this much out of order.
_DISORDER = timedelta(seconds=10)
_SIGNATURES_LISTED = 100
_EXAMPLE_LENGTH = 4_000
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+), in (.+)\n(?: {4,}(.*))?', re.MULTILINE)
#: What differs from one occurrence of an error to the next, and what stands for it.
_VARIABLE_PARTS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ](?=\d\d:))?", "<time>"),
        (r"(?:<time>|\b)\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b", "<time>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<address>"),
        (r"(?:/[\w.@+~-]+)+/(?=(?:addons|site-packages)/)", "…/"),
        (r"(?<![\w…/:])(?:/[\w.@+~-]+){2,}(?=/[\w.@+~-]+)", "…"),
        (r"(?<!\w)[bu]?'[^'\n]*'(?!\w)|(?<!\w)[bu]?\"[^\"\n]*\"(?!\w)", "<text>"),
        (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
        (r"\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b", "<hex>"),
        (r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{16,}\b", "<token>"),
        (r"(?<![A-Za-z])\d+(?:[.,]\d+)*", "<n>"),
        (r"<n>(?:\s*,\s*<n>)+,?|<n>,(?=\))", "<n>"),
    )
]


def log_entry(text):
    """Level, logger, message with its traceback of one entry's text; None when it is none."""
    match = _ENTRY.match(text)
    return match and (match[2], match[4], match[5].rstrip())


def without_variable_parts(text):
    """An error's text without numbers, ids, times, addresses, quoted and hexadecimal parts."""
    for pattern, replacement in _VARIABLE_PARTS:
        text = pattern.sub(replacement, text)
    return text


def error_signature(level, logger, message):
    """``(identity, where, summary)`` of an error.

    The identity holds the source line where the error was raised and not its number, which every
    change above it in the file would move: a known error of a changed file would look new.

    :return: ``where`` is ``file:line`` of the innermost frame, or None without a traceback
    """
    headline, _newline, _rest = message.partition("\n")
    summary, where, frame = without_variable_parts(headline[:500]), None, None
    frames = list(_FRAME.finditer(message))
    if frames:
        last = frames[-1]
        path = _stable_path(last[1])
        where = f"{path}:{last[2]}"
        frame = (path, last[3], without_variable_parts(last[4] or ""))
        raised = _raised(message[last.end() :])
        if raised and raised != headline:
            summary = f"{summary} … {without_variable_parts(raised[:500])}"
    return (level, logger, summary, frame), where, summary


def _raised(text):
    """The line that names the exception: the first not indented one after the last frame."""
    return next((line for line in text.split("\n") if line.strip() and line[:1] != " "), "")


def _stable_path(path):
    """The part of a source file's path that does not depend on where it is installed."""
    for mark in ("/addons/", "/site-packages/", "/dist-packages/"):
        if mark in path:
            return mark[1:] + path.rpartition(mark)[2]
    return "/".join(path.split("/")[-3:])


LEVEL = Text("DEBUG|INFO|WARNING|ERROR|CRITICAL", 8, "a level such as ERROR")


class LogFiles:
    """A log file and what rotation left beside it, read by time; counts the bytes it reads."""

    def __init__(self, path):
        self.path = path
        self.bytes_read = 0
        self.unreadable = []

    @property
    def source(self):
        """What was read, for the answer."""
        return self.path

    def needed(self, start):
        """``(paths, first)``: the files to read from ``start`` on, and their first time."""
        paths, first = [], None
        for path, packed in [(self.path, None), *self._rotated()]:
            if first is not None and first <= start:
                break
            if packed not in _OPENERS:
                self.unreadable.append(path)
                break
            paths.insert(0, path)
            first = self._first_time(path) or first
        return paths, first

    def blocks(self, start, end):
        """Yield bytes that hold whole entries, of at least the time from ``start`` to ``end``."""
        for path in self.needed(start)[0]:
            with _OPENERS[_packing(path)](path, "rb") as log:
                if _packing(path) is None:
                    log.seek(self._position(log, start - _DISORDER))
                yield from whole_entries(partial(self._read, log), end)

    def _read(self, log, size=_LOG_BLOCK):
        data = log.read(size)
        self.bytes_read += len(data)
        return data

    def _rotated(self):
        folder, name = os.path.split(os.path.abspath(self.path))
        found = []
        for other in os.listdir(folder):
            match = other.startswith(name) and _ROTATED.fullmatch(other[len(name) :])
            if match:
                path = os.path.join(folder, other)
                found.append((os.path.getmtime(path), path, match[1]))
        return [(path, packed) for _time, path, packed in sorted(found, reverse=True)]

    def _first_time(self, path):
        with _OPENERS[_packing(path)](path, "rb") as log:
            while data := self._read(log, _HALVING_STOPS):
                match = _ANY_ENTRY.search(b"\n" + data)
                if match:
                    return _log_time(match[1])
        return None

    def _position(self, log, moment):
        """A position at or before the first entry since ``moment``, found by halving the file."""
        low, high = 0, log.seek(0, os.SEEK_END)
        while high - low > _HALVING_STOPS:
            middle = (low + high) // 2
            found = self._next_entry(log, middle, high)
            if found is None or found[1] >= moment:
                high = middle
            else:
                low = found[0]
        return low

    def _next_entry(self, log, position, limit):
        """Position and time of the first entry that begins in ``position`` … ``limit``, or None."""
        log.seek(position)
        tail = b""
        while position < limit and (data := self._read(log, 8192)):
            match = _ANY_ENTRY.search(tail + data)
            if match:
                begins = position - len(tail) + match.start() + 1
                return (begins, _log_time(match[1])) if begins < limit else None
            position += len(data)
            tail = (tail + data)[-64:]
        return None


class JournalLog:
    """Odoo's log in the systemd journal of a unit; needs ``journalctl``."""

    unreadable = ()

    def __init__(self, host):
        self.host = host
        self.unit = host.config.service.name
        self.bytes_read = 0

    @property
    def source(self):
        """What was read, for the answer."""
        return f"journal of {self.unit}"

    def needed(self, start):
        """``([unit], first)``: time of the oldest line that the journal still holds."""
        with self._reading("--output=short-unix") as reading:
            stamp = reading.stdout.readline().split(b" ", 1)[0]
        try:
            return [self.unit], datetime.fromtimestamp(float(stamp), timezone.utc)
        except ValueError:
            return [self.unit], None

    def blocks(self, start, end):
        """Yield bytes that hold whole entries, of at least the time from ``start`` to ``end``."""
        since, until = (start - _DISORDER).timestamp(), (end + _DISORDER).timestamp()
        span = (f"--since=@{since:.0f}", f"--until=@{until:.0f}")
        with self._reading("--output=cat", *span) as reading:
            yield from whole_entries(partial(self._read, reading.stdout), end)

    def _read(self, stream):
        data = stream.read(_LOG_BLOCK)
        self.bytes_read += len(data)
        return data

    @contextlib.contextmanager
    def _reading(self, *options):
        argv = ["journalctl", f"--unit={self.unit}", "--utc", "--no-pager", "--quiet", *options]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with self.host.start(argv, **streams) as reading:
            try:
                yield reading
            finally:
                reading.kill()


def whole_entries(read, end):
    """Yield what ``read()`` returns in pieces that begin with an entry and end before the next.

    Stops after the first piece that begins later than ``end``.
    """
    rest = b""
    while data := read():
        rest += data
        cut = _last_entry(rest)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
            if _log_time(_ANY_ENTRY.match(b"\n" + rest)[1]) > end + _DISORDER:
                return
        elif len(rest) > 4 * _LOG_BLOCK:
            # One entry of megabytes: its beginning says which it is.
            rest = rest[:_LONGEST_ENTRY] + rest[rest.rfind(b"\n") :][:_LONGEST_ENTRY]
    if rest:
        yield rest


def _last_entry(data):
    """Position of the last entry that begins in ``data`` after its first byte, or 0."""
    position = len(data)
    while (position := data.rfind(b"\n", 0, position)) > 0:
        if _ANY_ENTRY.match(data, position):
            return position + 1
    return 0


def _packing(path):
    suffix = os.path.splitext(path)[1]
    return suffix if suffix in (".gz", ".bz2", ".xz", ".zst") else None


def _log_time(stamp):
    try:
        return datetime.fromisoformat(stamp.decode()).replace(tzinfo=timezone.utc)
    except ValueError:  # 2025-99-99
        return datetime.min.replace(tzinfo=timezone.utc)


def _moment(text):
    """The time that :func:`now` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def _log_stamp(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S").encode()


class ErrorCount:
    """Counts errors by signature, in the window and in the time before it.

    :param breaks: spans of time whose errors are not those of a version, see :meth:`Logs._stops`
    """

    def __init__(self, start, end, levels, breaks=()):
        self.start, self.end = _log_stamp(start), _log_stamp(end)
        self.broken_off = 0
        self._breaks = [(_log_stamp(first), _log_stamp(last)) for first, last in breaks]
        self.entries_read = 0
        self.counts = dict.fromkeys(levels, 0)
        self._signatures = {}
        self._wanted = re.compile(
            rb"\n(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} \d+ (?:%s) " % "|".join(levels).encode()
        )

    def add(self, block, since):
        """Count the entries of a piece of the log, from the time ``since`` on."""
        since = _log_stamp(since)
        block = b"\n" + block
        first = _ANY_ENTRY.search(block)
        last = first and _ANY_ENTRY.match(block, max(_last_entry(block) - 1, 0))
        if last and last[1] >= self.start:
            self.entries_read += sum(
                self.start <= match[1] <= self.end for match in _ANY_ENTRY.finditer(block)
            )
        for match in self._wanted.finditer(block):
            if any(first <= match[1] <= last for first, last in self._breaks):
                self.broken_off += 1
            elif since <= match[1] <= self.end:
                self._count(block, match)

    def _count(self, block, match):
        following = _ANY_ENTRY.search(block, match.end())
        stop = following.start() if following else len(block)
        text = block[match.start() + 1 : stop]
        if len(text) > _LONGEST_ENTRY:
            # The headline is at its beginning, what was raised at its end.
            text = text[: _LONGEST_ENTRY // 2] + b"\n" + text[-_LONGEST_ENTRY // 2 :]
        entry = log_entry(text.decode("utf-8", "replace"))
        if entry is None:
            return
        identity, where, summary = error_signature(*entry)
        found = self._signatures.setdefault(identity, {"before": 0, "count": 0})
        inside = match[1] >= self.start
        found["count" if inside else "before"] += 1
        if inside:
            self.counts[entry[0]] += 1
        if inside or "message" not in found:
            example = shortened(text.decode("utf-8", "replace").rstrip())
            found.update(
                level=entry[0], logger=entry[1], message=summary, where=where, example=example
            )

    def compared(self, share):
        """``{"new", "gone", "more"}``: lists of signatures, the most frequent first.

        :param share: length of the window as a part of the covered time before it; a signature's
            ``expected`` is its count before times this. *More* is what happened at least three
            times and more often than expected by three standard deviations of a Poisson count.
        """
        lists = {"new": [], "gone": [], "more": []}
        for found in self._signatures.values():
            expected = found["before"] * share
            found["expected"] = round(expected, 3)
            if not found["before"]:
                lists["new"].append(found)
            elif not found["count"]:
                lists["gone"].append(found)
            elif found["count"] >= 3 and found["count"] > expected + 3 * math.sqrt(expected):
                lists["more"].append(found)
        for signatures in lists.values():
            signatures.sort(key=lambda found: (-found["count"], -found["before"], found["message"]))
        return lists

    @staticmethod
    def listed(lists):
        """The lists cut to what an answer may hold, with how many were left out."""
        cut = {name: found[:_SIGNATURES_LISTED] for name, found in lists.items()}
        left = {name: max(0, len(found) - _SIGNATURES_LISTED) for name, found in lists.items()}
        return {**cut, "left_out": left}


@verb
class Logs(Verb):
    """Error signatures of a span of time: new, gone, or more often than in the days before."""

    name = "logs"
    parameters = {
        "start": Moment(),
        "end": Moment(),
        "days": Integer(0, 366, 7),
        "levels": ListOf(LEVEL, 5, ["ERROR", "CRITICAL"]),
    }

    def run(self):
        start, end = self.params["start"], self.params["end"]
        if end <= start:
            raise Refused("Parameter 'end' is not after 'start'.", "Send a span of time.")
        if not self.params["levels"]:
            raise Refused("Parameter 'levels' is empty.", "Name a level, such as ERROR.")
        log, since = self._log(), start - timedelta(days=self.params["days"])
        first = log.needed(since)[1]
        count = ErrorCount(start, end, self.params["levels"], list(self._stops()))
        for block in log.blocks(since, end):
            count.add(block, since)
        before = max(timedelta(0), start - max(since, first or start))
        share = (end - start) / before if before else 0.0
        return {
            "counts": count.counts,
            "broken_off": count.broken_off,
            **count.listed(count.compared(share)),
            "entries_read": count.entries_read,
            "bytes_read": log.bytes_read,
            "covered": first is not None and first <= start,
            "days_before": round(before / timedelta(days=1), 3),
            "unreadable": sorted(set(log.unreadable)),
            "source": log.source,
        }

    def _stops(self):
        """Spans in which a job stopped Odoo: requests that were under way broke off then."""
        for event in self.state.journal.events('"stop"'):
            if event and event["kind"] == "step" and event["payload"]["name"] == "stop":
                yield tuple(map(_moment, (event["payload"]["start"], event["time"])))

    def _log(self):
        log = self.config.need("odoo", "log")
        if log == "journald":
            return JournalLog(self.host)
        if not os.access(log, os.R_OK):
            raise Failed(
                f"The log {log} cannot be read.", "Let the helper's user read it, or correct 'log'."
            )
        return LogFiles(str(log))


# -- command line


def main(argv=None):
    """Run a command of the command line; return the exit status."""
    _shed_limits()
    arguments = _parser().parse_args(argv)
    if arguments.command == "serve" and not _is_forced_rightly():
        refused = ending(REFUSED, {}, "No other command is allowed here.", "Open it without one.")
        _print(canonical({"v": PROTOCOL, "key": None, "verb": None, **refused}))
        return 2
    try:
        return COMMANDS.get(arguments.command, by_hand)(arguments)
    except Problem as problem:
        return _complain(arguments, problem)


def _shed_limits():
    """Take back the limits of an Odoo worker, where one started this: they end a long upgrade."""
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
        _soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (hard, hard))


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
    probe = commands.add_parser("probe")
    probe.add_argument("id")
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


def probe_command(arguments):
    """``probe``: not for people; measures the downtime of a job."""
    config = Config(arguments.config)
    job = Job.by_id(State(config), arguments.id)
    watch = JobWatch(config, job)
    Prober(config, job.folder).probe(watch.look)
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
    """``install``: root's own copy of this file, and a configuration to fill in."""
    source, target = Path(__file__).resolve(), Path(arguments.prefix) / "release_host.py"
    example, config = source.with_name("release_host.ini.example"), Path(arguments.config)
    try:
        if target.resolve() != source:
            _install(source, target, 0o755)
        if not config.exists() and example.exists():
            _install(example, config, 0o644)
    except OSError as problem:
        raise Refused(
            f"{problem.filename} cannot be written: {problem.strerror}.",
            "Run it as root, or name another folder with --prefix.",
        ) from problem
    return 0


def _install(source, target, mode):
    target.parent.mkdir(parents=True, exist_ok=True)
    write_file(target, source.read_bytes())
    target.chmod(mode)
    if os.geteuid() == 0:
        os.chown(target, 0, 0)
    _print(f"installed {target}")


COMMANDS = {
    "serve": serve_command,
    "job": job_command,
    "probe": probe_command,
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
