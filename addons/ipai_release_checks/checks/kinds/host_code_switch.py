"""Switch the host's code to the commit of the release, as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb, short, without_none
from ..parameters import parameters_schema
from ..values import plural
from .host_code_fetch import planned_commit


class HostCodeSwitch(HostVerb):
    """The whole tree moves to the fetched commit; the way back is recorded on the host."""

    name = "code_switch"
    title = "Host: switch the code"
    description = (
        "Switches the whole working tree to the planned commit, which was fetched and verified, "
        "and records the commit of before as the way back. Odoo still runs the code it has loaded."
    )
    hint = "Look at the state of the repository on the host (git status)."
    verb = "code_switch"
    changes = True
    schema = parameters_schema(dict(MAX_MINUTES))

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return branch and commit of the release."""
        return planned_commit(context)

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the commits."""
        return without_none(
            {"head_before": result.get("before"), "head_after": result.get("after")}
        )

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require the commits; which one it is, the host has made sure of."""
        files = result.get("files") or ()
        count = files if isinstance(files, int) else len(files)
        return self.passed(
            f"The code went from {short(result['before'])} to {short(result['after'])}, "
            f"{plural(count, 'file')} changed."
        )
