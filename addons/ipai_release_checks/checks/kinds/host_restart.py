"""Restart the service, and measure how long nobody answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb, downtime_seconds, downtime_text, without_none
from ..parameters import parameters_schema


class HostRestart(HostVerb):
    """Stops and starts Odoo, polled until the login page and an authenticated request answer."""

    name = "restart"
    title = "Host: restart the service"
    description = (
        "Restarts Odoo in a job that outlives it, polls the login page and an authenticated "
        "request, and measures the downtime from the last good to the first good answer."
    )
    hint = "Read the job's output and Odoo's log: why does the service not stay up?"
    verb = "restart"
    changes = True
    units = {"downtime": "s"}
    schema = parameters_schema(dict(MAX_MINUTES))

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the downtime and whether somebody could log in."""
        login = result.get("authenticated")
        return without_none(
            {
                "downtime": downtime_seconds(result),
                "login": None if login is None else "yes" if login else "no",
            }
        )

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require an authenticated request to work, where the host can try one."""
        if result.get("authenticated") is False:
            return self.failed("Odoo runs again, but nobody can log in.")
        tried = "" if result.get("authenticated") else " No user to log in with is configured."
        return self.passed(f"Odoo was restarted.{downtime_text(result)}{tried}")
