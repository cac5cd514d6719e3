"""Bring the code of before back, and a service that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Measurement, Verdict
from ..host_verb import (
    MAX_MINUTES,
    HostVerb,
    downtime_seconds,
    downtime_text,
    short,
    without_none,
)
from ..parameters import parameters_schema

#: What the host refuses with where this release never switched any code.
_UNTOUCHED = "no_switch"


class HostRollback(HostVerb):
    """Code back to the recorded commit, ``-u`` where the database is ahead of it, start, watch."""

    name = "rollback"
    title = "Host: roll back the code"
    description = (
        "Switches the whole tree back to the commit the host recorded before the release, upgrades "
        "where the database is ahead of the code, and starts the service. Documents stay."
    )
    hint = "The host needs a person now: read the steps, and the job's output on the host."
    verb = "rollback"
    changes = True
    units = {"downtime": "s"}
    schema = parameters_schema(dict(MAX_MINUTES))

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the modules; the commit to go back to is the one the host recorded."""
        return {"modules": context.plan.modules, "commit": None}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the commit that runs now, the downtime and the versions."""
        versions = result.get("versions") or {}
        return without_none(
            {
                "head": result.get("after"),
                "downtime": downtime_seconds(result),
                "versions": ", ".join(f"{name} {text}" for name, text in versions.items()) or None,
            }
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Judge as always; but a release that never came to the code has nothing to bring back."""
        answer = measurement.data["answer"]
        if answer["status"] == "refused" and answer["result"].get("reason") == _UNTOUCHED:
            return self.passed("This release had not switched the code: nothing to bring back.")
        return super().evaluate(params, measurement, reference)

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Say what was brought back; whether it works, the host has watched."""
        if result.get("before") == result.get("after"):
            moved = f"The code was at {short(result.get('after'))} already"
        else:
            moved = f"The code went from {short(result.get('before'))} back to " + short(
                result.get("after")
            )
        return self.passed(f"{moved}.{downtime_text(result)}")
