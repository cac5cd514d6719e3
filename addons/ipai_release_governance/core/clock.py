"""Times as the record writes them."""


def utc(value):
    """A datetime as Odoo keeps it (naive, UTC) in ISO 8601, ``None`` for none."""
    return value.isoformat(timespec="seconds") + "Z" if value else None
