"""Run pytest with Odoo of one series: ``python3 -m tools.pytest 19.0 DB addons/x/tests ...``."""

import sys

from tools import runtime
from tools.say import Missing, command


def arguments(chosen, database):
    """Return the pytest command line for ``database``, paths of tests not included."""
    return [
        chosen.python,
        "-m",
        "pytest",
        f"--odoo-database={database}",
        f"--odoo-addons-path={chosen.addons_path}",
        f"--odoo-extra=data-dir={chosen.data}",
        "--odoo-extra=http-interface=127.0.0.1",
        "--odoo-http",
        "-p",
        "tools.slow_page",
    ]


def main():
    if len(sys.argv) < 3:
        raise Missing("usage: python3 -m tools.pytest SERIES DATABASE [pytest arguments]")
    chosen = runtime.get(sys.argv[1])
    chosen.execute([*arguments(chosen, sys.argv[2]), *sys.argv[3:]])


if __name__ == "__main__":
    command(main)
