"""Remove what the tools made, or only stop the cluster: ``python3 -m tools.clean [--stop-only]``.

Source trees that somebody put into the cache folder (17.0, 18.0) stay.
"""

import argparse
import shutil

from tools import cluster
from tools.places import BUILD, CACHE
from tools.say import command, say

MADE = (
    "19.0",
    "19.0.partial",
    "apt",
    "compose",
    "data",
    "demo",
    "locks",
    "logs",
    "oca-18.0",
    "odoo.conf",
    "prettier",
    "upstream",
    "venv",
    "venv-lint",
)


def main():
    if _arguments().stop_only:
        cluster.stop()
        return
    cluster.remove()
    for path in (BUILD, *(CACHE / name for name in MADE)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    say(f"clean: {CACHE} holds no more than what was put there by hand")


def _arguments():
    """What is not understood ends here: nothing is removed by a slip of the hand."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.clean", description=__doc__)
    parser.add_argument("--stop-only", action="store_true", help="remove nothing")
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
