import signal

from odoo.tests import BaseCase, tagged

from ..core.stopping import is_stopping


class Worker:
    """As Odoo's: asked by a signal, it ends after what it is at."""

    def __init__(self):
        self.alive = True

    def on_signal(self, _number, _frame):
        self.alive = False


class Threaded:
    """As Odoo's threaded server: it counts how often it was asked."""

    def __init__(self):
        self.quit_signals_received = 0

    def on_signal(self, _number, _frame):
        self.quit_signals_received += 1


@tagged("post_install", "-at_install")
class TestStopping(BaseCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))

    def test_a_signal_tells_a_worker_and_the_threaded_server(self):
        for server in (Worker(), Threaded()):
            signal.signal(signal.SIGINT, server.on_signal)
            self.assertFalse(is_stopping())
            signal.raise_signal(signal.SIGINT)
            self.assertTrue(is_stopping())

    def test_other_programs_are_not_stopping(self):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.assertFalse(is_stopping())
