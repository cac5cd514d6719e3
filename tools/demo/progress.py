"""A progress bar on a terminal, one line per step where there is none."""

import sys
import time

WIDTH = 30


class Progress:
    """Counts the records of one step: ``with Progress("Invoices", 600) as bar: bar.add(100)``."""

    def __init__(self, what: str, total: int, stream=None):
        self.what = what
        self.total = total
        self.done = 0
        self.stream = stream or sys.stdout
        self.started = time.monotonic()

    def __enter__(self):
        self._draw()
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._line(f"{self.what:<34} {self.done:>6}   {self.seconds:6.1f} s\n")
        elif self.stream.isatty():
            self.stream.write("\n")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def add(self, number: int = 1):
        """Count ``number`` more records as done."""
        self.done += number
        self._draw()

    def chunks(self, records, size: int):
        """Yield slices of ``records`` and count each one when it was worked off."""
        for start in range(0, len(records), size):
            chunk = records[start : start + size]
            yield chunk
            self.add(len(chunk))

    def _draw(self):
        if not self.stream.isatty():
            return
        full = WIDTH * self.done // self.total if self.total else WIDTH
        bar = "#" * full + "." * (WIDTH - full)
        self._line(f"{self.what:<34} [{bar}] {self.done}/{self.total} {self.seconds:.0f} s")

    def _line(self, text: str):
        # On a terminal the line replaces the bar: back to the first column, erase to the end.
        self.stream.write(f"\r\x1b[K{text}" if self.stream.isatty() else text)
        self.stream.flush()
