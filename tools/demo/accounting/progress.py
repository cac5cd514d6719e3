"""A progress bar on a terminal, one line for each step where there is none."""

import contextlib
import time

from tqdm import tqdm

from tools.say import say


@contextlib.contextmanager
def progress(what: str, total: int):
    """Yield a bar to ``update()``; when the step is over, print one line with its seconds.

    :param total: how many records the step makes.
    """
    started = time.monotonic()
    # disable=None: no bar where the output is not a terminal.
    with tqdm(total=total, desc=what, leave=False, disable=None, unit="") as bar:
        yield bar
    say(f"   {what:<36} {total:>5}  {time.monotonic() - started:5.1f} s")


def chunks(records, size: int, bar):
    """Yield slices of ``records``; count each in ``bar`` when it has been worked off."""
    for start in range(0, len(records), size):
        chunk = records[start : start + size]
        yield chunk
        bar.update(len(chunk))
