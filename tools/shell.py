"""Run any program in the environment of one series: ``python3 -m tools.shell 19.0 psql DB``."""

import shutil
import sys

from tools import runtime
from tools.say import Missing, command


def main():
    if len(sys.argv) < 3:
        raise Missing("usage: python3 -m tools.shell SERIES PROGRAM [arguments]")
    chosen = runtime.get(sys.argv[1])
    search = f"{chosen.python.parent}:{chosen.variables['PATH']}"
    program = shutil.which(sys.argv[2], path=search)
    if program is None:
        raise Missing(f"{sys.argv[2]} is not installed")
    chosen.execute([program, *sys.argv[3:]])


if __name__ == "__main__":
    command(main)
