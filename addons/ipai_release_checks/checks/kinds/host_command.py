"""Run a command that the host's configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb, without_none
from ..parameters import parameters_schema


class HostCommand(HostVerb):
    """A fixed argument list of the host's own; only its name is sent."""

    name = "host_command"
    title = "Host: named command"
    description = (
        "Runs a command by the name it has in the host's configuration. What it runs, stands there "
        "and cannot be sent."
    )
    severity = "major"
    hint = "Read the command's output in the evidence."
    verb = "command"
    changes = True
    units = {"seconds": "s"}
    schema = parameters_schema(
        {
            "name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
                "description": "Name of the command in section [commands] of the host.",
            },
            **MAX_MINUTES,
        },
        ("name",),
    )

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the name."""
        return {"name": params["name"]}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the exit status."""
        return without_none({"exit_status": result.get("exit"), "seconds": result.get("seconds")})

    def output(self, result: Mapping[str, Any]) -> str:
        """Return what the command printed."""
        return str(result.get("output") or "")

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """The host answers ``failed`` for every exit status but 0."""
        return self.passed(f"{params['name']} ended with exit status 0.")
