"""Set-up, test runner and development tools. No addon imports anything from here."""

import sys

if sys.version_info[:2] != (3, 11):  # Odoo's pins in requirements/odoo.txt are those for 3.11
    sys.exit(f"error: this is Python {sys.version.split()[0]}: run make PYTHON=/path/to/python3.11")
