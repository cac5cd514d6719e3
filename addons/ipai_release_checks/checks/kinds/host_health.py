"""Ask the host whether the service runs and Odoo answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import HostVerb, without_none
from ..parameters import parameters_schema


class HostHealth(HostVerb):
    """Service, login page and an authenticated request, seen from the host itself."""

    name = "host_health"
    title = "Host: health of the service"
    description = "The state of the service, the login page and a request of a user who logged in."
    hint = "Read the service's status and Odoo's log on the host."
    verb = "health"
    units = {"seconds": "s"}
    schema = parameters_schema(
        {
            "login": {
                "type": "boolean",
                "default": False,
                "description": "Whether it fails where the host has no user to log in with.",
            }
        }
    )

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return service state, answer of the login page, and whether a user could log in."""
        page = result.get("login_page") or {}
        login = result.get("authenticated")
        return without_none(
            {
                "service": _state(result),
                "status": page.get("status"),
                "seconds": page.get("seconds"),
                "login": None if login is None else "yes" if login else "no",
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the figures."""
        return "\n".join(f"{name}: {value}" for name, value in self.values(result).items())

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require all that was tried to work."""
        text = f"Service {_state(result)}, login page {self.values(result).get('status')}"
        if not result.get("up"):
            return self.failed(f"{text}: not up.")
        if params["login"] and result.get("authenticated") is None:
            return self.failed(f"{text}, and no user to log in with is configured on the host.")
        login = ", a user can log in" if result.get("authenticated") else ""
        return self.passed(f"{text}{login}.")


def _state(result: Mapping[str, Any]) -> str:
    service = result.get("service")
    return str(service.get("state") if isinstance(service, Mapping) else service)
