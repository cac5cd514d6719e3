from . import test_check, test_probe, test_queue, test_together
