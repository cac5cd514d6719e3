"""Upgrade the release's modules on the host, and bring the service back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckError, Verdict
from ..host_verb import (
    MAX_MINUTES,
    HostVerb,
    downtime_seconds,
    downtime_text,
    steps_text,
    without_none,
)
from ..parameters import parameters_schema

_NAMED = 50


class HostUpgrade(HostVerb):
    """Stop, clear, ``-u``, start: one job on the host, which outlives the Odoo it restarts."""

    name = "upgrade"
    title = "Host: upgrade the modules"
    description = (
        "Upgrades the release's modules with the service stopped or not, reads the log of the "
        "upgrade, checks the versions in the database, starts the service and measures the "
        "downtime. Where the service does not come back, the host undoes the release by itself."
    )
    hint = "Read the log of the upgrade in the evidence."
    verb = "upgrade"
    changes = True
    units = {"downtime": "s"}
    schema = parameters_schema(
        {
            "stop": {
                "type": "boolean",
                "default": True,
                "description": "Whether the service is stopped meanwhile.",
            },
            "clear_assets": {
                "type": "boolean",
                "default": True,
                "description": "Whether the asset bundles are built anew.",
            },
            **MAX_MINUTES,
        }
    )

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the modules with their versions, and how to go about it."""
        if not context.plan.modules:
            raise CheckError("The release names no module to upgrade.", "Name it in the runbook.")
        return {
            "modules": context.plan.modules,
            "versions": {name: text for name, text in context.plan.versions.items() if text},
            "stop": params["stop"],
            "clear_assets": params["clear_assets"],
        }

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return downtime, errors in the log and the versions."""
        log = result.get("log") or {}
        versions = result.get("versions") or {}
        return without_none(
            {
                "downtime": downtime_seconds(result),
                "errors": len(log["errors"]) if "errors" in log else None,
                "versions": ", ".join(f"{name} {text}" for name, text in versions.items()) or None,
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the steps, and the errors of the upgrade's log."""
        errors = (result.get("log") or {}).get("errors") or ()
        return "\n".join([steps_text(result), *map(str, errors)])

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require a log without errors; the versions were compared on the host."""
        errors = [str(line) for line in (result.get("log") or {}).get("errors") or ()]
        if errors:
            return self.failed(f"The upgrade logged {len(errors)} errors.", errors[:_NAMED])
        versions = result.get("versions") or {}
        told = ", ".join(f"{name} {text}" for name, text in versions.items())
        return self.passed(f"Upgraded {told or 'the modules'}.{downtime_text(result)}")
