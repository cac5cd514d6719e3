"""Pure logic beside the check kinds: nothing in this package imports Odoo."""
