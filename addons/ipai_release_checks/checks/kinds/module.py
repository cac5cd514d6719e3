"""Is the module installed, in the version that lies on the disk?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Inconclusive, Measurement, ParameterError, Verdict
from ..parameters import parameters_schema
from ..versions import with_series

_STATES = ["installed", "uninstalled", "to upgrade", "to install", "to remove", "uninstallable"]


class ModuleCheck(CheckKind):
    """Compare a module's state and versions with what is expected."""

    name = "module"
    title = "Module state and version"
    description = (
        "Compares the module's state, the version in the database and the version in the manifest "
        "on disk. Versions may be written with or without the series in front."
    )
    severity = "critical"
    hint = (
        "Upgrade the module (-u) and restart Odoo: a restart alone changes neither the database's "
        "version nor views and data."
    )
    schema = parameters_schema(
        {
            "module": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9_]*$",
                "description": "Technical name of the module.",
            },
            "state": {
                "enum": _STATES,
                "default": "installed",
                "description": "The state expected in the database.",
            },
            "version": {
                "type": "string",
                "pattern": r"^[0-9]+(\.[0-9]+){1,4}$",
                "description": "The version expected in the database and on disk, such as 1.0.9; "
                "absent: the two must be equal.",
            },
            "compare": {
                "enum": ["both", "disk"],
                "default": "both",
                "description": "disk: only the manifest counts, not what the database holds, for "
                "the time between new code and upgrade. Needs 'version'.",
            },
        },
        ("module",),
    )

    def validate(self, params: Mapping[str, Any]) -> None:
        """Refuse to compare the disk with nothing."""
        if params.get("compare") == "disk" and "version" not in params:
            raise ParameterError(
                "version", "is missing.", "Add the version that the manifest must name."
            )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Ask the surroundings for the module's facts."""
        facts = context.module(params["module"])
        database, disk = (
            version and with_series(version, context.series)
            for version in (facts.database_version, facts.disk_version)
        )
        wanted = params.get("version")
        values = {"state": facts.state, "database_version": database, "disk_version": disk}
        return Measurement(
            values=values,
            output="\n".join(f"{name}: {value or 'unknown'}" for name, value in values.items())
            + f"\npath: {facts.path or 'unknown'}",
            data={"wanted": wanted and with_series(wanted, context.series)},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Name each fact that is not as expected."""
        name, values = params["module"], measurement.values
        if params["compare"] == "disk":
            return self._on_disk(name, values["disk_version"], measurement.data["wanted"])
        wanted_state = params["state"]
        state = values["state"]
        if state is None:
            return self.failed(f"The module {name} is not in the database's list of modules.")
        if state != wanted_state:
            return self.failed(f"The module {name} is '{state}', expected '{wanted_state}'.")
        if state != "installed":
            return self.passed(f"The module {name} is '{state}', as expected.")
        return self._versions(name, values, measurement.data["wanted"])

    def _on_disk(self, name: str, version: str | None, wanted: str) -> Verdict:
        if version != wanted:
            found = f"says {version}" if version else "was not found"
            return self.failed(f"The manifest of {name} {found}, expected {wanted}.")
        return self.passed(f"The manifest of {name} on disk says {version}.")

    def _versions(self, name: str, values: Mapping[str, Any], wanted: str | None) -> Verdict:
        database, disk = values["database_version"], values["disk_version"]
        if not database or not disk:
            where = "in the database" if not database else "on disk"
            raise Inconclusive(
                f"The version of the module {name} {where} is unknown.",
                "Check the addons path and the version in the module's manifest.",
            )
        wrong = [
            f"{version} {where}"
            for version, where in ((database, "in the database"), (disk, "on disk"))
            if version != (wanted or disk)
        ]
        if wrong:
            expected = wanted or f"{disk} as on disk"
            return self.failed(f"The module {name} is {' and '.join(wrong)}, expected {expected}.")
        return self.passed(f"The module {name} is installed, {disk} in the database and on disk.")
