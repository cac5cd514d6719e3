"""Which errors did Odoo log in a span of time?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..base import CheckKind, Inconclusive, Measurement, ParameterError, Verdict
from ..odoo_log import LogEntry
from ..parameters import figure, parameters_schema
from ..values import plural

_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
_KEPT = 200
_NAMED = 20
_LISTED_FILES = 5


class LogCheck(CheckKind):
    """Count the entries of the given levels in the release's window, tracebacks included."""

    name = "log"
    title = "Odoo log"
    description = (
        "Counts entries of Odoo's log by time: by default the errors since the release began. Old "
        "errors do not count, and new ones cannot scroll away."
    )
    hint = "Read the entries named in the evidence, and decide whether the release caused them."
    schema = parameters_schema(
        {
            "levels": {
                "type": "array",
                "items": {"enum": _LEVELS},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["ERROR", "CRITICAL"],
                "description": "Levels that count.",
            },
            "logger": {
                "type": "string",
                "minLength": 1,
                "description": "Only loggers of this name or below it, such as odoo.sql_db.",
            },
            "module": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9_]*$",
                "description": "Only entries of this module: its loggers, its files in tracebacks.",
            },
            "database": {
                "type": "string",
                "minLength": 1,
                "description": "Only entries of this database, and those of none.",
            },
            "ignore": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Regular expressions; an entry that matches one does not count.",
            },
            "max_entries": figure("How many such entries there may be.", default=0),
            "last_minutes": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Only the last minutes; absent: the time since the release began.",
            },
        }
    )

    def validate(self, params: Mapping[str, Any]) -> None:
        """Refuse what is no regular expression."""
        for index, pattern in enumerate(params.get("ignore", ())):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ParameterError(
                    f"ignore[{index}]", f"is no regular expression ({error}).", "Correct it."
                ) from error

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Read the window's entries."""
        start, end = context.window.start, context.window.end
        if "last_minutes" in params:
            start = end - timedelta(minutes=params["last_minutes"])
        log = context.log_file()
        coverage = log.coverage(start)
        found, read = _Found(params), 0
        for entry in log.entries(start, end):
            read += 1
            found.add(entry)
        return Measurement(
            values={"entries_read": read, **found.counts(), "matching": found.matching},
            output=found.text() or "No such entry.",
            data={
                "signatures": found.signatures.most_common(_NAMED),
                "start": start.isoformat(),
                "end": end.isoformat(),
                "first_entry": coverage.first and coverage.first.isoformat(),
                "covered": coverage.first is not None and coverage.first <= start,
                "files": list(coverage.files),
                "compressed": list(coverage.compressed[:_LISTED_FILES]),
            },
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Fail on too many entries; a window that the log does not cover proves nothing."""
        values, data = measurement.values, measurement.data
        window = f"between {_clock(data['start'])} and {_clock(data['end'])} UTC"
        allowed = params["max_entries"]
        levels = "/".join(params["levels"])
        summary = f"{plural(values['matching'], f'{levels} entry', f'{levels} entries')} {window}"
        if values["matching"] > allowed:
            named = [f"{count}× {signature}" for signature, count in data["signatures"]]
            return self.failed(f"{summary}, expected at most {allowed}.", named)
        _require_coverage(measurement, window)
        rotated = f", {plural(len(data['files']), 'file')} read" if len(data["files"]) > 1 else ""
        read = plural(values["entries_read"], "entry", "entries")
        return self.passed(f"{summary} ({read} of any level{rotated}).")


class _Found:
    """Collects the entries that count."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.levels = params["levels"]
        self.matching = 0
        self.signatures: Counter[str] = Counter()
        self._logger = params.get("logger")
        self._module = params.get("module")
        self._database = params.get("database")
        self._ignored = [re.compile(pattern) for pattern in params.get("ignore", ())]
        self._by_level: Counter[str] = Counter()
        self._kept: list[LogEntry] = []

    def add(self, entry: LogEntry) -> None:
        """Count an entry if it is one that counts."""
        if entry.level not in self.levels or not self._wanted(entry):
            return
        self.matching += 1
        self._by_level[entry.level] += 1
        self.signatures[_signature(entry)] += 1
        if len(self._kept) < _KEPT:
            self._kept.append(entry)

    def counts(self) -> dict[str, int]:
        """Return the number of entries that count, by level."""
        return {level.lower(): self._by_level[level] for level in self.levels}

    def text(self) -> str:
        """Return the entries in full, the first 200 of them."""
        lines = [str(entry) for entry in self._kept]
        if self.matching > len(self._kept):
            lines.append(f"… and {self.matching - len(self._kept)} more entries")
        return "\n".join(lines)

    def _wanted(self, entry: LogEntry) -> bool:
        return (
            (not self._logger or _is_below(entry.logger, self._logger))
            and (not self._module or _is_of_module(entry, self._module))
            and (not self._database or entry.database in (self._database, "?"))
            and not any(pattern.search(entry.message) for pattern in self._ignored)
        )


def _is_below(logger: str, parent: str) -> bool:
    return logger == parent or logger.startswith(f"{parent}.")


def _is_of_module(entry: LogEntry, module: str) -> bool:
    return _is_below(entry.logger, f"odoo.addons.{module}") or any(
        mark in entry.message for mark in (f"/{module}/", f"odoo.addons.{module}.")
    )


def _signature(entry: LogEntry) -> str:
    """Return level, logger, first line and, of a traceback, the exception."""
    last = entry.last_line
    text = f"{entry.level} {entry.logger}: {entry.headline[:200]}"
    return text if last == entry.headline else f"{text} … {last[:200]}"


def _require_coverage(measurement: Measurement, window: str) -> None:
    values, data = measurement.values, measurement.data
    if not data["covered"]:
        first = data["first_entry"]
        begins = f"begins only at {_clock(first)} UTC" if first else "holds no entry of Odoo"
        packed = ", ".join(data["compressed"])
        raise Inconclusive(
            f"The log does not cover the time {window}: it {begins}"
            + (f", older files are compressed ({packed})." if packed else "."),
            "Keep the log uncompressed until the release is over, or read the older file by hand.",
        )
    if not values["entries_read"]:
        raise Inconclusive(
            f"Odoo wrote no entry at all {window}: nothing was measured.",
            "Check that this is the log file Odoo writes, and that its level is 'info' or lower.",
        )


def _clock(moment: str) -> str:
    return moment[:19].replace("T", " ")
