"""Pure logic: nothing in this package imports Odoo."""
