"""Kinds that act on the target's host through its helper: one verb asked, its answer judged."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .base import FAILED, CheckError, CheckKind, Inconclusive, Measurement, NotYet, Verdict
from .values import jsonable

#: Parameter of every kind that changes something on the host.
MAX_MINUTES = {
    "max_minutes": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 120,
        "description": "Minutes after which nobody waits any longer: an error, and a person looks.",
    }
}
#: Parameter that names the item whose result is used.
OF = {"type": "string", "minLength": 1, "description": "Code of the item whose result is used."}
_MEGABYTE = 10**6


class HostKind(CheckKind):
    """What all kinds share that are about an answer of the host helper.

    Their measurement's ``data["answer"]`` is ``{"status", "message", "hint", "result"}``.
    """

    needs_host = True
    severity = "critical"

    def files(self, measurement: Measurement) -> Sequence[tuple[str, bytes]]:
        """Return the whole result as JSON."""
        text = json.dumps(result_of(measurement), indent=1, sort_keys=True, ensure_ascii=False)
        return ((f"{self.name}-result.json", text.encode()),)

    def steps(self, measurement: Measurement) -> Sequence[Mapping[str, Any]]:
        """Return the steps the helper took."""
        return result_of(measurement).get("steps") or ()


class HostVerb(HostKind):
    """Asks the helper for one verb. A detached one is asked for again until it has ended."""

    verb: ClassVar[str]

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the verb's parameters; raise CheckProblem when the release does not say them."""
        return {}

    def values(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the figures worth a line of their own."""
        return {}

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the evidence for people."""
        return steps_text(result)

    @abstractmethod
    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Judge the result of a verb that did what it was asked to. Pure."""

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Ask the host. Raises `NotYet` while it is at it, `CheckError` when it takes too long."""
        answer = context.host().call(self.verb, self.arguments(context, params))
        if answer.status == "running":
            self._wait(context, params, answer)
        result = jsonable(answer.result or {})
        return Measurement(
            values=self.values(result) if answer.status in ("done", "failed") else {},
            output=self.output(result).strip() or answer.message,
            data={
                "answer": {
                    "status": answer.status,
                    "message": answer.message,
                    "hint": answer.hint,
                    "result": result,
                }
            },
        )

    def _wait(self, context: Any, params: Mapping[str, Any], answer: Any) -> None:
        limit = params.get("max_minutes")
        if limit is not None and context.minutes_running() > limit:
            step = (answer.progress or {}).get("step", "")
            raise CheckError(
                f"The host has been at '{self.verb}' for more than {limit:g} minutes"
                f"{f', now at {step}' if step else ''}, and goes on.",
                "Look at the job on the host (release_host.py journal). Retry asks for the same "
                "work anew; raise 'max_minutes' where it just takes longer.",
            )
        raise NotYet(answer.progress)

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Judge the answer: a verb that did not do its work passes nowhere."""
        answer = measurement.data["answer"]
        require_run(answer)
        if answer["status"] == FAILED:
            return Verdict(
                FAILED, failure_text(answer), failed_steps(answer), answer["hint"] or self.hint
            )
        return self.judge(params, answer["result"])


class EarlierResult(HostKind):
    """Shows a part of what an earlier item of this release brought back from the host."""

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Take the earlier item's answer; `Inconclusive` when there is none."""
        answer = earlier_answer(context, params["of"])
        return Measurement(
            values=self.values(params, answer["result"]),
            output=self.output(params, answer["result"]),
            data={"answer": answer},
        )

    def values(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the figures worth a line of their own."""
        return {}

    def output(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> str:
        """Return the evidence for people."""
        return ""

    def files(self, measurement: Measurement) -> Sequence[tuple[str, bytes]]:
        """Return nothing: the whole result is kept with the item it came from."""
        return ()


def earlier_answer(context: Any, code: str) -> Mapping[str, Any]:
    """Return the answer that the item ``code`` of this release got; raise `Inconclusive`."""
    measurement = context.baseline(code)
    answer = measurement and measurement.data.get("answer")
    if not answer:
        raise Inconclusive(
            f"The item '{code}' has brought no answer of the host.",
            f"Run {code} first; where it failed, see there.",
        )
    return answer


def earlier_value(context: Any, code: str, name: str) -> Any:
    """Return one value of the result of the item ``code``; raise `Inconclusive` without one."""
    value = earlier_answer(context, code)["result"].get(name)
    if value is None:
        raise Inconclusive(
            f"The item '{code}' has recorded no '{name}'.", f"Run {code} first, until it passes."
        )
    return value


def require_run(answer: Mapping[str, Any]) -> None:
    """Raise `CheckError` when the helper refused or broke: nothing was measured then."""
    if answer["status"] in ("refused", "error"):
        said = "refused" if answer["status"] == "refused" else "could not do it"
        raise CheckError(
            f"The host {said}: {answer['message'] or 'no reason given'}", answer["hint"]
        )


def failure_text(answer: Mapping[str, Any]) -> str:
    """Return one line on a verb that failed, and on what the helper undid because of it."""
    text = answer["message"] or "The host says that it failed."
    undone = answer["result"].get("undone")
    if not undone:
        return text
    if undone.get("failed"):
        return text if undone["failed"] in text else f"{text} Way back: {undone['failed']}"
    return f"{text} The host went back to what was there before, and Odoo runs again."


def failed_steps(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the steps that did not work, and the errors the log shows, one line each."""
    result = answer["result"]
    steps = [
        f"{step['name']}: {step.get('note') or 'failed'}"
        for step in result.get("steps") or ()
        if step.get("ok") is False
    ]
    return tuple(steps + [str(line) for line in (result.get("log") or {}).get("errors") or ()])


def result_of(measurement: Measurement) -> Mapping[str, Any]:
    """Return the verb's result; empty when there was none."""
    return (measurement.data.get("answer") or {}).get("result") or {}


def steps_text(result: Mapping[str, Any]) -> str:
    """Return the steps with their times, one a line."""
    return "\n".join(step_line(step) for step in result.get("steps") or ())


def step_line(step: Mapping[str, Any]) -> str:
    """Return one step: times in UTC, name, whether it worked, and its note."""
    mark = "FAILED" if step.get("ok") is False else "ok"
    note = f" ({step['note']})" if step.get("note") else ""
    return f"{clock(step.get('start'))} - {clock(step.get('end'))} {step['name']}: {mark}{note}"


def clock(moment: str | None) -> str:
    """Return the time of day of an ISO time; a dash where it is not known."""
    return moment[11:19] if moment else "-"


def downtime_seconds(result: Mapping[str, Any]) -> float | None:
    """Return the measured downtime in seconds; None when there was none to measure."""
    downtime = result.get("downtime")
    seconds = downtime.get("seconds") if isinstance(downtime, Mapping) else downtime
    return None if seconds is None else round(float(seconds), 2)


def downtime_text(result: Mapping[str, Any]) -> str:
    """Return the downtime for a summary: one sentence with its figure, empty without one."""
    seconds = downtime_seconds(result)
    return "" if seconds is None else f" Downtime {seconds:.1f} s."


def megabytes(size: float | None) -> float | None:
    """Return bytes as MB (10^6 bytes), rounded to the kilobyte."""
    return None if size is None else round(size / _MEGABYTE, 3)


def short(commit: str | None) -> str:
    """Return the beginning of a commit's id, as git shows it."""
    return (commit or "?")[:10]


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are known."""
    return {name: value for name, value in values.items() if value is not None}
