"""Prove that a backup can be restored, and that what comes out is what went in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import (
    MAX_MINUTES,
    OF,
    HostVerb,
    earlier_value,
    megabytes,
    steps_text,
    without_none,
)
from ..parameters import parameters_schema

_NAMED = 50


class HostVerifyBackup(HostVerb):
    """Restores into a scratch database, loads Odoo on it and compares the figures of the books."""

    name = "verify_backup"
    title = "Host: verify a backup"
    description = (
        "Reads the whole archive, restores it into a scratch database, loads Odoo's registry on "
        "it, compares its financial fingerprint with the one taken in the dump's own snapshot, "
        "checks every file of the filestore, and drops the scratch database."
    )
    hint = "Do not go on without a backup that can be restored: make another one."
    verb = "verify_backup"
    changes = True
    units = {"archive_size": "MB", "restore_seconds": "s", "registry_seconds": "s"}
    schema = parameters_schema({"of": OF, **MAX_MINUTES}, ("of",))

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the backup that the item named by ``of`` made."""
        return {"backup": earlier_value(context, params["of"], "backup")}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was read, restored and compared."""
        filestore, registry = result.get("filestore") or {}, result.get("registry") or {}
        return without_none(
            {
                "archive_size": megabytes((result.get("archive") or {}).get("bytes")),
                "restore_seconds": (result.get("restored") or {}).get("seconds"),
                "registry_seconds": registry.get("seconds"),
                "fingerprint_equal": _yes((result.get("fingerprint") or {}).get("equal")),
                "files": filestore.get("files"),
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the differences, what is wrong with files, and the steps."""
        return "\n".join([*_wrong(result), steps_text(result)])

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require all three: equal figures, a registry that loads, a whole filestore."""
        values, wrong = self.values(result), _wrong(result)
        if wrong:
            return self.failed(f"Backup {result['backup']} is not the database.", wrong[:_NAMED])
        unmeasured = {"fingerprint_equal", "registry_seconds", "files"} - set(values)
        if unmeasured:
            missing = ", ".join(sorted(unmeasured))
            return self.failed(f"Backup {result['backup']}: not verified were {missing}.")
        return self.passed(
            f"Backup {result['backup']} restored in {values.get('restore_seconds')} s, Odoo loads "
            f"on it, its figures are equal, {values['files']} files of the filestore are whole."
        )


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _wrong(result: Mapping[str, Any]) -> list[str]:
    fingerprint, filestore = result.get("fingerprint") or {}, result.get("filestore") or {}
    wrong = [f"figures differ: {line}" for line in fingerprint.get("differences") or ()]
    if fingerprint.get("equal") is False and not wrong:
        wrong = ["figures differ"]
    if (result.get("registry") or {}).get("ok") is False:
        wrong.append("Odoo does not load on the restored database")
    for name in ("missing", "wrong"):
        found = filestore.get(name) or ()
        # A list of names, or just their number.
        lines = found if isinstance(found, list) else [f"{found} files"] if found else ()
        wrong += [f"filestore, {name}: {line}" for line in lines]
    return wrong
