"""Make a backup of database, filestore, code and configuration on the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb, megabytes, steps_text, without_none
from ..parameters import parameters_schema
from ..values import plural

#: Name of the file that holds the database, in every backup.
DUMP = ".dump"


class HostBackup(HostVerb):
    """One backup of everything a way back needs, written under temporary names and renamed last."""

    name = "backup"
    title = "Host: backup"
    description = (
        "Dumps the database, packs the filestore, the code and Odoo's configuration, and writes "
        "one manifest with sizes and SHA-256. Refused before it starts where space is short."
    )
    hint = "Read the job's output in the evidence; mostly it is space, rights or PostgreSQL."
    verb = "backup"
    changes = True
    units = {"size": "MB", "compressed_size": "MB", "seconds": "s"}
    schema = parameters_schema(
        {
            "label": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "description": "What people call this backup; absent: the release's reference.",
            },
            **MAX_MINUTES,
        }
    )

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the label."""
        return {"label": params.get("label") or context.plan.reference}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return path, sizes and digest of the database's dump."""
        dump = dump_of(result)
        return without_none(
            {
                "backup": result.get("backup"),
                "path": dump and path_of(result, dump),
                "size": megabytes((result.get("database") or {}).get("size")),
                "compressed_size": dump and megabytes(dump.get("size")),
                "sha256": dump and dump.get("sha256"),
                "status": "created" if dump else None,
                "seconds": result.get("seconds"),
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the files with sizes and digests, and the steps."""
        return "\n".join([*map(file_line, result.get("files") or ()), steps_text(result)])

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require a dump that is not empty, and a digest of each file."""
        dump = dump_of(result)
        if not dump or not dump.get("size"):
            return self.failed("The backup holds no dump of the database.")
        nameless = [file["name"] for file in result["files"] if not file.get("sha256")]
        if nameless:
            return self.failed("Files of the backup have no SHA-256.", nameless)
        total = megabytes(sum(file.get("size") or 0 for file in result["files"]))
        return self.passed(
            f"Backup {result['backup']}: {plural(len(result['files']), 'file')}, {total} MB, "
            f"database {megabytes(result['database']['size'])} MB, in {result.get('seconds')} s."
        )


def dump_of(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the file that holds the database; None where the backup has none."""
    dumps = [file for file in result.get("files") or () if file["name"].endswith(DUMP)]
    return dumps[0] if dumps else None


def path_of(result: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """Return the path of one of the backup's files on the host."""
    return f"{result.get('folder', '').rstrip('/')}/{file['name']}"


def file_line(file: Mapping[str, Any]) -> str:
    """Return one file of a backup: digest, bytes, name."""
    size = "-" if file.get("size") is None else str(file["size"])
    return f"{file.get('sha256') or '-'}  {size:>14}  {file['name']}"
