from . import (
    archive_wizard,
    evidence_wizard,
    gate_wizard,
    item_wizard,
    reason_wizard,
    signoff_wizard,
)
