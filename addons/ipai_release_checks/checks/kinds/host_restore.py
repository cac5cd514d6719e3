"""Put a verified backup in the place of the live database, which is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..base import Measurement, Verdict
from ..host_verb import (
    MAX_MINUTES,
    OF,
    HostVerb,
    downtime_seconds,
    downtime_text,
    earlier_value,
    result_of,
    without_none,
)
from ..parameters import parameters_schema


class HostRestore(HostVerb):
    """Restored beside the live database, verified, names swapped; what is lost is listed."""

    name = "restore"
    title = "Host: restore the database"
    description = (
        "Restores the backup into a new database beside the live one, verifies it, stops the "
        "service, swaps the names and starts. The live database is kept under a name of its own. "
        "Documents entered since the backup are listed and kept as files. Runs only when a person "
        "has decided it."
    )
    hint = "The live database was not overwritten: look at the steps, and which one has its name."
    verb = "restore"
    changes = True
    needs_decision = True
    units = {"downtime": "s"}
    schema = parameters_schema({"of": OF, **MAX_MINUTES}, ("of",))

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the backup that the item named by ``of`` made."""
        return {"backup": earlier_value(context, params["of"], "backup")}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return where the old database is, the downtime, and how much was entered since."""
        return without_none(
            {
                "kept": result.get("kept_database"),
                "downtime": downtime_seconds(result),
                "entered_since": _since_text(result),
            }
        )

    def files(self, measurement: Measurement) -> Sequence[tuple[str, bytes]]:
        """Return the lists of what was entered since the backup, beside the result."""
        since = result_of(measurement).get("since") or {}
        lists = [
            (file["name"].replace("/", "_"), file["content"].encode())
            for file in since.get("files") or ()
            if file.get("content")
        ]
        return (*super().files(measurement), *lists)

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Say what was kept and what is lost from the live database."""
        return self.passed(
            f"The backup is live; the database of before is kept as {result['kept_database']}. "
            f"Since the backup: {_since_text(result)}.{downtime_text(result)}"
        )


def _since_text(result: Mapping[str, Any]) -> str:
    """Return what happened to documents since the backup: ``payments 2 entered, 1 changed``."""
    counts = (result.get("since") or {}).get("counts") or {}
    told = {
        name: ", ".join(f"{count} {what}" for what, count in found.items() if count)
        for name, found in counts.items()
    }
    return "; ".join(f"{name} {text}" for name, text in told.items() if text) or "nothing"
