"""Versions of Odoo modules, with and without the series in front."""

from __future__ import annotations


def with_series(version: str, series: int) -> str:
    """Return ``version`` as Odoo stores it: ``1.0.9`` on 17.0 is ``17.0.1.0.9``."""
    prefix = f"{series}.0"
    return version if version.startswith(f"{prefix}.") else f"{prefix}.{version}"
