from . import (
    check_context,
    guard_probe,
    release,
    release_check,
    release_item,
    release_phase,
    release_queue,
    release_snapshot,
    release_target,
    runbook_item,
    snapshot_pool,
)
