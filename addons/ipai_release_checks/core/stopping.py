"""Whether the Odoo that runs this was told to stop."""

import signal


def is_stopping():
    """Return whether this process was told to end.

    A worker is asked to and then waited for, so that whoever works on for long keeps the whole
    server from stopping. Odoo offers no question for it; what handles the signal in this process,
    a worker or the threaded server, knows the answer.
    """
    server = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    told = getattr(server, "quit_signals_received", 0)
    return bool(told) or not getattr(server, "alive", True)
