from . import test_access, test_gates, test_guard, test_lifecycle, test_runbook, test_signoff
