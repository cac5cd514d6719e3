"""Show one step of what an earlier item did on the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..base import Inconclusive, Measurement, Verdict
from ..host_verb import OF, EarlierResult, step_line
from ..parameters import parameters_schema


class HostStep(EarlierResult):
    """A line of the execution log for one step: when it began, when it ended, whether it worked."""

    name = "host_step"
    title = "Host: step of an earlier item"
    description = (
        "Shows one step of an earlier item's work on the host, with its times: what the host does "
        "as one job stays several lines of the execution log."
    )
    hint = "See the item that did it, and its evidence."
    units = {"seconds": "s"}
    schema = parameters_schema(
        {
            "of": OF,
            "step": {
                "type": "string",
                "minLength": 1,
                "description": "Name of the step, such as stop, upgrade or start.",
            },
            "optional": {
                "type": "boolean",
                "default": False,
                "description": "Whether it passes where the host had no such step to do.",
            },
        },
        ("of", "step"),
    )

    def values(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
        """Return times, duration and what the host noted."""
        step = _find(params, result)
        if step is None:
            return {}
        return {
            "start": step.get("start") or "",
            "end": step.get("end") or "",
            "seconds": _seconds(step),
            "status": _note(step),
        }

    def output(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> str:
        """Return the step in one line."""
        step = _find(params, result)
        return step_line(step) if step else ""

    def steps(self, measurement: Measurement) -> Sequence[Mapping[str, Any]]:
        """Return nothing: the item that did the work shows its steps."""
        return ()

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Require the step, and that it worked."""
        answer = measurement.data["answer"]
        step = _find(params, answer["result"])
        if step is None and params["optional"] and answer["status"] in ("done", "refused"):
            return self.passed(f"The host had no step '{params['step']}' to do.")
        if step is None:
            raise Inconclusive(
                f"The item '{params['of']}' did not come to the step '{params['step']}'.",
                f"See {params['of']}: it {answer['status']}.",
            )
        text = f"{params['step']}: {_note(step)}, {measurement.values['seconds']} s."
        return self.failed(text) if step.get("ok") is False else self.passed(text)


def _find(params: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    # The last one counts: the host tries a start that failed once more, as a step of its own.
    names = (params["step"], f"{params['step']}_again")
    found = [step for step in result.get("steps") or () if step["name"] in names]
    return found[-1] if found else None


def _note(step: Mapping[str, Any]) -> str:
    return str(step.get("note") or ("failed" if step.get("ok") is False else "done"))


def _seconds(step: Mapping[str, Any]) -> float | None:
    if not (step.get("start") and step.get("end")):
        return None
    return round((_moment(step["end"]) - _moment(step["start"])).total_seconds(), 1)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
