"""Run Odoo of one series with the suite's addons: ``python3 -m tools.odoo 19.0 -d DB ...``."""

import sys

from tools import runtime
from tools.say import Missing, command


def main():
    if len(sys.argv) < 2:
        raise Missing("usage: python3 -m tools.odoo SERIES [odoo arguments]")
    chosen = runtime.get(sys.argv[1])
    chosen.execute(chosen.odoo(*sys.argv[2:]))


if __name__ == "__main__":
    command(main)
