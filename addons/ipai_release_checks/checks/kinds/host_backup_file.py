"""Show one file of the backup that an earlier item made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from ..base import FAILED, Measurement, Verdict
from ..host_verb import (
    OF,
    EarlierResult,
    failure_text,
    megabytes,
    require_run,
    without_none,
)
from ..parameters import parameters_schema
from .host_backup import file_line, path_of

#: Name of the file that names the others, with their sizes and digests.
MANIFEST = "manifest.json"


class HostBackupFile(EarlierResult):
    """A line of the execution log for one file of a backup: its path, size and SHA-256."""

    name = "backup_file"
    title = "Host: file of a backup"
    description = "Shows path, size and SHA-256 of one file that an earlier backup item made."
    hint = "Run the backup item again."
    units = {"size": "MB"}
    schema = parameters_schema(
        {
            "of": OF,
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "Name of the file, or a pattern with * for it.",
            },
        },
        ("of", "file"),
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Take the file's size in bytes along."""
        found = super().collect(context, params)
        file = _find(params, found.data["answer"]["result"]) or {}
        return replace(found, data={**found.data, "bytes": file.get("size")})

    def values(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
        """Return path, size and digest."""
        file = _find(params, result)
        if file is None:
            return {}
        return without_none(
            {
                "path": path_of(result, file),
                "size": megabytes(file.get("size")),
                "sha256": file.get("sha256") or "",
                "status": "created",
                "created": "yes",
            }
        )

    def output(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> str:
        """Return the file's line."""
        file = _find(params, result)
        return file_line(file) if file else ""

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Require the file, not empty."""
        answer = measurement.data["answer"]
        require_run(answer)
        if answer["status"] == FAILED:
            return self.failed(failure_text(answer))
        values = measurement.values
        if not values:
            return self.failed(f"The backup of {params['of']} holds no file {params['file']}.")
        # Megabytes are rounded: the bytes say whether it is empty.
        if measurement.data["bytes"] == 0 or not values["sha256"]:
            return self.failed(f"{values['path']} is empty or has no SHA-256.")
        size = f": {values['size']} MB" if "size" in values else ""
        return self.passed(f"{values['path']}{size}.")


def _find(params: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    files = [*(result.get("files") or ()), *_manifest(result)]
    found = [file for file in files if fnmatch(file["name"], params["file"])]
    return found[0] if found else None


def _manifest(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the manifest, which names the other files: its digest is the note of its step."""
    notes = [step.get("note") for step in result.get("steps") or () if step["name"] == "publish"]
    return [
        {"name": MANIFEST, "sha256": note.removeprefix("manifest "), "size": None}
        for note in notes
        if note
    ]
