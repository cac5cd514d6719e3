"""Remove what the tools made, or only stop the cluster: ``python3 -m tools.clean [--stop-only]``.

Source trees that somebody put into the cache folder (17.0, 18.0) stay.
"""

import shutil
import sys

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
    "odoo.conf",
    "prettier",
    "venv",
    "venv-lint",
)


def main():
    if sys.argv[1:] == ["--stop-only"]:
        cluster.stop()
        return
    cluster.remove()
    for path in (BUILD, *(CACHE / name for name in MADE)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    say(f"clean: {CACHE} holds no more than what was put there by hand")


if __name__ == "__main__":
    command(main)
