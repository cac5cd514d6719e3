from . import (
    test_access,
    test_calendar,
    test_gates,
    test_guard,
    test_identity,
    test_lifecycle,
    test_runbook,
    test_screens,
    test_signoff,
    test_tours,
    test_bundle,
    test_verify,
)
