"""What the tools print: one line per long step, one line per missing piece.

Standard library only: this runs before the virtual environment exists.
"""

import contextlib
import subprocess
import sys
import time


class Missing(Exception):
    """Something the tools need is not there. The message is one line: what to install or set."""


def say(text):
    """Print one line of progress at once, also when the output is a pipe."""
    print(text, flush=True)


@contextlib.contextmanager
def step(what):
    """Print what begins, and how long it took in seconds when it ends."""
    say(f"-- {what} ...")
    started = time.monotonic()
    yield
    say(f"   {what}: {time.monotonic() - started:.1f} s")


def command(run):
    """Run ``run()`` as a command line program and exit with its status.

    A missing piece and a failed child process end in one line on standard error, status 1.
    """
    try:
        sys.exit(run())
    except Missing as missing:
        sys.exit(f"error: {missing}")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"error: {_brief(failed.cmd)} ended with status {failed.returncode}")
    except KeyboardInterrupt:
        sys.exit(130)


def _brief(argv):
    return " ".join(map(str, argv[:4])) + (" ..." if len(argv) > 4 else "")
