"""What goes on beside a test."""

import threading


class Background:
    """A context with a thread: :meth:`_look` is called again and again until it is left.

    ``_stop`` is set when it is being left; ``every`` is the pause between two looks in seconds.
    """

    every = 0.1

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_problem):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(self.every):
            self._look()
