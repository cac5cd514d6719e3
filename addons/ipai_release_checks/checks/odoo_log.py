"""Read Odoo's log file by time, without reading what was written before.

Odoo writes its log in UTC (it sets the time zone of its process), one entry a line in the form
``2025-11-30 18:05:00,123 4711 ERROR shop odoo.addons.account: message``; lines that do not start so
belong to the entry before. Workers write into one file, so times are nearly sorted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import BinaryIO

_HEADER = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) (\d+) ([A-Z]+) (\S+) ([^\s:]+): ?(.*)", re.DOTALL
)
_LEFT_BEHIND = re.compile(r"(?:\.\d+|[.-]\d{4}-?\d\d-?\d\d(?:[-_]?\d+)?)(\.(?:gz|bz2|xz|zst))?")
_BLOCK = 65_536
#: Entries of several workers may be this much out of order.
_DISORDER = timedelta(seconds=10)
_LONGEST_ENTRY = 20_000


@dataclass
class LogEntry:
    """One entry; ``message`` holds its traceback too, cut after 20,000 characters."""

    time: datetime
    level: str
    database: str
    logger: str
    message: str

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def last_line(self) -> str:
        """The last line that says something: of a traceback, the exception."""
        return next((line for line in reversed(self.message.split("\n")) if line.strip()), "")

    def __str__(self) -> str:
        stamp = self.time.strftime("%Y-%m-%d %H:%M:%S")
        return f"{stamp} {self.level} {self.database} {self.logger}: {self.message}"


@dataclass(frozen=True)
class LogCoverage:
    """What of the log there is: its files, oldest first, and the time of the first entry in them.

    ``compressed`` names rotated files that were not read because they are compressed.
    """

    files: tuple[str, ...]
    first: datetime | None
    compressed: tuple[str, ...] = field(default=())


class LogFile:
    """Odoo's log: the file itself and the uncompressed files that rotation left beside it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def coverage(self, start: datetime) -> LogCoverage:
        """Return the files needed to read from ``start`` on."""
        siblings = self._siblings()
        compressed = tuple(path for path, packed in siblings if packed)
        files, first = [self.path], _first_time(self.path)
        for path, packed in siblings:
            if packed or (first is not None and first <= start):
                break
            files.insert(0, path)
            first = _first_time(path) or first
        return LogCoverage(tuple(files), first, compressed)

    def entries(self, start: datetime, end: datetime) -> Iterator[LogEntry]:
        """Yield the entries from ``start`` to ``end``, both included and timezone-aware."""
        for path in self.coverage(start).files:
            yield from _entries(path, start, end)

    def _siblings(self) -> list[tuple[str, bool]]:
        """Return rotated files, newest first, each with whether it is compressed."""
        folder, name = os.path.split(os.path.abspath(self.path))
        found = []
        for other in os.listdir(folder):
            match = other.startswith(name) and _LEFT_BEHIND.fullmatch(other[len(name) :])
            if match:
                path = os.path.join(folder, other)
                found.append((os.path.getmtime(path), path, bool(match[1])))
        return [(path, packed) for _time, path, packed in sorted(found, reverse=True)]


def _entries(path: str, start: datetime, end: datetime) -> Iterator[LogEntry]:
    with open(path, "rb") as log:
        log.seek(_position(log, start - _DISORDER))
        entry = None
        for line in log:
            begun = _parsed(line)
            if begun is None:
                _continue(entry, line)
                continue
            if entry is not None and start <= entry.time <= end:
                yield entry
            entry = begun
            if entry.time > end + _DISORDER:
                return
        if entry is not None and start <= entry.time <= end:
            yield entry


def _continue(entry: LogEntry | None, line: bytes) -> None:
    if entry is not None and len(entry.message) < _LONGEST_ENTRY:
        entry.message += "\n" + _text(line)


def _parsed(line: bytes) -> LogEntry | None:
    match = _HEADER.match(line)
    if match is None:
        return None
    _time, _milliseconds, _pid, level, database, logger, message = match.groups()
    moment = _moment(match)
    if moment is None:
        return None
    return LogEntry(moment, _text(level), _text(database), _text(logger), _text(message))


def _moment(match: re.Match[bytes]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(match[1].decode())
    except ValueError:
        return None
    return moment.replace(microsecond=int(match[2]) * 1000, tzinfo=timezone.utc)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")[:_LONGEST_ENTRY]


def _position(log: BinaryIO, moment: datetime) -> int:
    """Return a position at or before the first entry since ``moment``, by halving the file."""
    low, high = 0, log.seek(0, os.SEEK_END)
    while high - low > _BLOCK:
        middle = (low + high) // 2
        position, found = _next_entry(log, middle, high)
        if found is None or found >= moment:
            high = middle
        else:
            low = position
    return low


def _next_entry(log: BinaryIO, position: int, limit: int) -> tuple[int, datetime | None]:
    """Return position and time of the first entry that starts in ``position`` … ``limit``."""
    log.seek(position)
    if position:
        log.readline()
    while (position := log.tell()) < limit:
        match = _HEADER.match(log.readline())
        moment = match and _moment(match)
        if moment:
            return position, moment
    return position, None


def _first_time(path: str) -> datetime | None:
    with open(path, "rb") as log:
        return _next_entry(log, 0, os.path.getsize(path))[1]
