"""Ask the host what it may do, before the release needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..base import Inconclusive, Measurement, Verdict
from ..host_verb import HostVerb
from ..parameters import parameters_schema
from ..values import plural


class HostReady(HostVerb):
    """What the host helper can do here, and what is missing with the remedy."""

    name = "host_ready"
    title = "Host: able to do its part"
    description = (
        "Asks the helper what it may do on this host: programs, rights, space, repository."
    )
    hint = "Put right what is named on the host; Test Connection of the target lists all of it."
    verb = "hello"
    schema = parameters_schema(
        {
            "capabilities": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "description": "Names of the capabilities that are needed; absent: all of them.",
            }
        }
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Name the branch that is put live beside what the host says of its repository."""
        found = super().collect(context, params)
        told = found.values and context.plan.branch
        branch = {"branch": context.plan.branch} if told else {}
        return replace(found, values={**found.values, **branch})

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was found, by capability."""
        return {row["name"]: str(row.get("found", "")) for row in result.get("capabilities") or ()}

    def output(self, result: Mapping[str, Any]) -> str:
        """Return one line for each capability."""
        rows = result.get("capabilities") or ()
        return "\n".join(f"{'ok' if row['ok'] else 'MISSING'} {_text(row)}" for row in rows)

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require those that are needed."""
        known = {row["name"]: row for row in result.get("capabilities") or ()}
        wanted = params.get("capabilities") or list(known)
        unknown = [name for name in wanted if name not in known]
        if unknown or not wanted:
            raise Inconclusive(
                f"The host says nothing of: {', '.join(unknown) or 'anything'}.",
                "Install the helper that comes with this Odoo.",
            )
        missing = [_text(known[name]) for name in wanted if not known[name]["ok"]]
        if missing:
            return self.failed(f"{len(missing)} of {len(wanted)} are missing.", missing)
        told = "; ".join(f"{name}: {known[name].get('found', '')}" for name in wanted)
        return self.passed(told if len(wanted) < 3 else f"{plural(len(wanted), 'part')} ready.")


def _text(row: Mapping[str, Any]) -> str:
    remedy = f" {row['remedy']}" if row.get("remedy") else ""
    return f"{row['name']}: {row.get('found', '')}{remedy}"
