"""Compare the errors logged since the release began with those of the week before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..base import Inconclusive, Verdict
from ..host_verb import HostVerb, without_none
from ..parameters import parameters_schema
from ..values import plural

_NAMED = 50


class HostLogSignatures(HostVerb):
    """Errors with their variable parts removed: which are new, gone, or come more often."""

    name = "log_signatures"
    title = "Host: error signatures of the log"
    description = (
        "Reads the host's log (file or journald) for the time of the release and for the days "
        "before, and compares error signatures: a message without its variable parts, with file "
        "and line of the traceback. New ones fail; those that come more often warn."
    )
    severity = "major"
    hint = "Read the new errors in the evidence, with their stack traces."
    verb = "logs"
    schema = parameters_schema(
        {
            "levels": {
                "type": "array",
                "items": {"enum": ["CRITICAL", "ERROR", "WARNING"]},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["ERROR", "CRITICAL"],
                "description": "Levels that count.",
            },
            "days": {
                "type": "integer",
                "minimum": 1,
                "maximum": 90,
                "default": 7,
                "description": "Days before the release that are compared with.",
            },
            "module": {
                "type": "string",
                "minLength": 1,
                "description": "Only errors of this module, or whose trace leads through it.",
            },
        }
    )

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the release's window and what to compare with."""
        return {
            "start": _utc(context.window.start),
            "end": _utc(context.window.end),
            "days": params["days"],
            "levels": params["levels"],
        }

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return how many entries and signatures there are."""
        counts = result.get("counts")
        return without_none(
            {
                "matching": sum(counts.values()) if counts is not None else None,
                **{name: _length(result, name) for name in ("new", "more", "gone")},
                "entries_read": result.get("entries_read"),
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the signatures with an example of each new one."""
        lines = []
        for name in ("new", "more", "gone"):
            for signature in result.get(name) or ():
                lines.append(f"{name.upper()} {_line(signature)}")
                if name == "new" and signature.get("example"):
                    lines.append(str(signature["example"]))
        return "\n".join(lines)

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Fail on what is new, warn on what became more; what was not read proves nothing."""
        new, more = (self._concerned(params, result, name) for name in ("new", "more"))
        if new:
            return self.failed(f"{plural(len(new), 'new error')} since the release began.", new)
        _require_coverage(result)
        if more:
            return self.warned(f"{plural(len(more), 'error')} come more often than before.", more)
        of = f" of {params['module']}" if "module" in params else ""
        return self.passed(
            f"No new error{of} since the release began, compared with {params['days']} days "
            f"({plural(result['entries_read'], 'entry', 'entries')} read)."
        )

    def _concerned(
        self, params: Mapping[str, Any], result: Mapping[str, Any], name: str
    ) -> list[str]:
        module = params.get("module")
        found = [
            signature
            for signature in result.get(name) or ()
            if not module or _is_of_module(signature, module)
        ]
        return [_line(signature) for signature in found[:_NAMED]]


def _require_coverage(result: Mapping[str, Any]) -> None:
    if result.get("covered") is False or not result.get("entries_read"):
        raise Inconclusive(
            "The log does not cover the time of the release: nothing was measured.",
            "Check the host's setting 'log', and keep the log until the release is over.",
        )
    if result.get("unreadable"):
        raise Inconclusive(
            f"Parts of the log cannot be read: {', '.join(result['unreadable'])}.",
            "Let the helper's user read them, or read them by hand.",
        )


def _utc(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _length(result: Mapping[str, Any], name: str) -> int | None:
    return len(result[name]) if name in result else None


def _line(signature: Mapping[str, Any]) -> str:
    where = f" at {signature['where']}" if signature.get("where") else ""
    before = f", before {signature['before']}" if signature.get("before") else ""
    return (
        f"{signature.get('count', '?')}× {signature.get('level', '')} "
        f"{signature.get('logger', '')}: {signature.get('message', '')}{where}{before}"
    )


def _is_of_module(signature: Mapping[str, Any], module: str) -> bool:
    logger = f"odoo.addons.{module}"
    own = signature.get("logger", "")
    text = f"{signature.get('where', '')}\n{signature.get('example', '')}"
    return own == logger or own.startswith(f"{logger}.") or f"/{module}/" in text
