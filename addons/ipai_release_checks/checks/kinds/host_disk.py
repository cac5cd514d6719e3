"""Compare the free space of the host's file systems with what is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Inconclusive, Verdict
from ..host_verb import HostVerb, without_none
from ..parameters import figure, parameters_schema
from ..values import shown

_GIGABYTE = 10**9


class HostDisk(HostVerb):
    """The file systems that a release needs: backups, data, code."""

    name = "host_disk"
    title = "Host: free disk space"
    description = "Free space of the file systems of backups, data and code on the host."
    hint = "Free space on the file system named, or use another one for the backups."
    verb = "disk"
    units = {"free_bytes": "bytes", "total_bytes": "bytes"}
    schema = parameters_schema(
        {
            "min_free_gb": figure(
                "Free space needed on each, in GB (10^9 bytes).",
                default={"threshold": "min_free_disk_gb"},
            ),
            "purposes": {
                "type": "array",
                "items": {"enum": ["backup", "data", "code", "state"]},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["backup", "data"],
                "description": "Which file systems are looked at.",
            },
        }
    )

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the file system with the least free space."""
        paths = result.get("paths") or ()
        if not paths:
            return {}
        least = min(paths, key=lambda row: row["free"])
        return without_none({"free_bytes": least["free"], "total_bytes": least.get("total")})

    def output(self, result: Mapping[str, Any]) -> str:
        """Return one line for each file system."""
        return "\n".join(
            f"{row['purpose']}: {row['path']}: {row['free']} of {row.get('total')} bytes free"
            for row in result.get("paths") or ()
        )

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Compare each of them with the minimum."""
        rows = [row for row in result.get("paths") or () if row["purpose"] in params["purposes"]]
        if not rows:
            raise Inconclusive(
                f"The host told of no file system for {', '.join(params['purposes'])}.",
                "Set the folders in the host's configuration.",
            )
        minimum = params["min_free_gb"]
        short = [_text(row) for row in rows if row["free"] < minimum * _GIGABYTE]
        told = "; ".join(map(_text, rows))
        if short:
            return self.failed(f"{told}; expected at least {shown(minimum)} GB each.", short)
        return self.passed(f"{told}; expected at least {shown(minimum)} GB each.")


def _text(row: Mapping[str, Any]) -> str:
    # Rounded down: one byte too few must not read as enough.
    return f"{row['free'] * 100 // _GIGABYTE / 100:.2f} GB free at {row['path']} ({row['purpose']})"
