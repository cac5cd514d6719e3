from . import (
    test_check,
    test_configuration,
    test_freeze,
    test_phase,
    test_probe,
    test_queue,
    test_queue_host,
    test_runbook_books,
    test_runbook_payment,
    test_target_host,
    test_together,
    test_tours,
)
