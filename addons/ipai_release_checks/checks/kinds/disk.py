"""Is there room on the disk?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Measurement, Verdict
from ..parameters import figure, parameters_schema
from ..values import shown

_GIGABYTE = 10**9


class DiskCheck(CheckKind):
    """Compare the free space of a file system with what is needed (1 GB is 10^9 bytes)."""

    name = "disk"
    title = "Free disk space"
    description = "Measures the space that Odoo's user may still write on a file system."
    hint = "Free space on this file system, or use a folder on another one for the backup."
    schema = parameters_schema(
        {
            "path": {
                "type": "string",
                "pattern": "^/",
                "description": "Absolute path on the file system; absent: Odoo's data folder.",
            },
            "min_free_gb": figure(
                "Free space needed, in GB (10^9 bytes).",
                default={"threshold": "min_free_disk_gb"},
            ),
            "warn_below_gb": figure("Free space, in GB, below which there is a warning."),
        }
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Ask the operating system."""
        facts = context.disk_facts(params.get("path"))
        return Measurement(
            values={"free_bytes": facts.free, "total_bytes": facts.total},
            output=f"{facts.path}: {facts.free} of {facts.total} bytes free",
            data={"path": facts.path},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Compare with the minimum, then with the warning's figure."""
        free = measurement.values["free_bytes"]
        # Rounded down: one byte too few must not read as enough.
        text = f"{free * 100 // _GIGABYTE / 100:.2f} GB free at {measurement.data['path']}"
        minimum = params["min_free_gb"]
        if free < minimum * _GIGABYTE:
            return self.failed(f"{text}, expected at least {shown(minimum)} GB.")
        if free < params.get("warn_below_gb", 0) * _GIGABYTE:
            return self.warned(f"{text}, less than {shown(params['warn_below_gb'])} GB.")
        return self.passed(f"{text}, expected at least {shown(minimum)} GB.")
