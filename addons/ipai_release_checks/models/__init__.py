# ruff: noqa: I001 - a model comes before the files that extend it.
from . import (
    check_context,
    snapshot_pool,
    guard_probe,
    release_check,
    release_target,
    release_target_host,
    release_target_test,
    release_target_setup,
    release_target_capability,
    runbook_item,
    release_snapshot,
    release_item,
    release_phase,
    release,
    release_queue,
)
