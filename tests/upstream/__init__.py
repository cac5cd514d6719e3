"""Odoo's own accounting tests beside the payment addon: ``python3 -m tests.upstream SERIES``."""
