"""What the demo's people enter where only people know: the manual items of the runbook.

For the second shop, whose host Odoo does not reach, that is backup and restart as well; the figures
are invented.
"""

import hashlib
from datetime import datetime, timezone

#: By item and technical name of the measurement, then by name alone.
MEASURED = {
    ("1.1", "path"): "/srv/backups/shop_before_1.0.9.dump",
    ("1.2", "path"): "/srv/backups/payment_account_enhanced_1.0.8.tar.gz",
    ("1.3", "path"): "/srv/backups/snapshot_before_1.0.9.txt",
    ("1.4", "path"): "/srv/backups/filestore_before_1.0.9.tar",
    ("1.1", "size"): "1412",
    ("1.2", "size"): "0.3",
    ("1.4", "size"): "820",
    ("3.1", "status_0"): "deactivating",
    ("3.1", "status_3"): "inactive (dead)",
    ("3.3", "status_0"): "activating",
    ("8.4", "path"): "/srv/archive/releases",
    "branch": "main",
    "commands": "asset bundles deleted, __pycache__ of the addon deleted",
    "compressed_size": "388",
    "created": "yes",
    "downtime": "41",
    "exit_status": "0",
    "files_changed": "3: account_payment.py, account_move.py, account_payment_views.xml",
    "head_after": "9d04e71",
    "head_before": "3f1c2ab",
    "path": "/srv/backups",
    "size": "1412",
    "status": "created, verified",
    "status_0": "active (running)",
    "status_30": "active (running)",
    "status_60": "active (running)",
    "tickets": "none",
    "unexpected": "none",
}


def measured(item: dict, measurement: dict) -> str:
    """The value a person enters for a measurement that is not filled in yet.

    :param item: ``code`` of it
    :param measurement: ``name`` and ``label`` of it
    """
    name = measurement["name"]
    if name == "sha256":
        return hashlib.sha256(item["code"].encode()).hexdigest()
    if name.endswith("_at"):
        return _now()
    return MEASURED.get((item["code"], name)) or MEASURED.get(name) or "as expected"


def output(item: dict, login: str) -> str:
    """The output a person pastes as evidence of an item."""
    return f"{item['name']}: done by {login} at {_now()}, exit status 0\n"


def actual(item: dict) -> str:
    """What a person writes as the actual result."""
    return f"As expected: {item['name']}."


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
