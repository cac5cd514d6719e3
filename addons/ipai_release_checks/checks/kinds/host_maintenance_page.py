"""Put up or take down the maintenance page of the reverse proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb
from ..parameters import parameters_schema


class HostMaintenancePage(HostVerb):
    """Touches or removes the file that the host's reverse proxy looks at."""

    name = "maintenance_page"
    title = "Host: maintenance page"
    description = "Puts the reverse proxy's maintenance page up or down, where one is configured."
    severity = "minor"
    hint = "Set 'maintenance_file' in the host's configuration, and read the proxy's."
    verb = "maintenance_page"
    changes = True
    schema = parameters_schema(
        {"on": {"type": "boolean", "description": "Up or down."}, **MAX_MINUTES}, ("on",)
    )

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return whether it goes up."""
        return {"on": params["on"]}

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Say where it is."""
        return self.passed(f"The maintenance page is {'up' if params['on'] else 'down'}.")
