"""Have Odoo build its asset bundles anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Verdict
from ..host_verb import MAX_MINUTES, HostVerb
from ..parameters import parameters_schema


class HostAssetCacheClear(HostVerb):
    """Removes the bundles and the addons' bytecode, and nothing else."""

    name = "asset_cache_clear"
    title = "Host: clear the asset cache"
    description = (
        "Removes Odoo's asset bundles from the database and __pycache__ of the addons. The "
        "filestore and other programs' folders are not touched."
    )
    severity = "minor"
    hint = "Reload a page with an empty browser cache, and read the job's output."
    verb = "asset_cache_clear"
    changes = True
    schema = parameters_schema(dict(MAX_MINUTES))

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the figures the host gives."""
        return {name: value for name, value in result.items() if isinstance(value, int | str)}

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Say what was removed."""
        told = ", ".join(f"{name} {value}" for name, value in self.values(result).items())
        return self.passed(f"The asset cache is cleared{f' ({told})' if told else ''}.")
