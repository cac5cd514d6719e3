"""Make a database and install modules: ``python3 -m tools.newdb 19.0 NAME [module ...]``."""

import sys

from tools import database, runtime
from tools.say import Missing, command, say


def main():
    if len(sys.argv) < 3:
        raise Missing("usage: python3 -m tools.newdb SERIES NAME [module ...]")
    series, name, *modules = sys.argv[1:]
    for line in database.new(runtime.get(series), name, modules):
        say(line)


if __name__ == "__main__":
    command(main)
