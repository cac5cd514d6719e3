"""What uninstalling must do beyond Odoo's own bookkeeping."""


def uninstall_hook(env):
    """Drop the journal's trigger function: Odoo drops tables, but knows no functions."""
    env.cr.execute("DROP FUNCTION IF EXISTS ipai_release_event_refuse() CASCADE")
