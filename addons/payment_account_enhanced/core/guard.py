"""How code of this addon proves to a guard that it is no remote caller.

A remote caller sends JSON, and no JSON value *is* the object below. Whoever puts it into the
context must have imported it.

A permit is for everything, or for some payments only. Writes that carry a caller's values are
never done under a permit for everything: the values may hold commands on other records.
"""

SENTINEL = object()
KEY = "payment_account_enhanced_guard"


def lifted(records):
    """Return ``records`` in a context in which the guards let every write through.

    For writes whose values come from this addon or from Odoo itself.
    """
    return records.with_context(**{KEY: (SENTINEL, None)})


def lifted_for(records, payments):
    """Return ``records`` in a context in which the guards do not ask for ``payments`` again."""
    ids = frozenset(payments.ids)
    held = _permit(records.env)
    if held is not None:
        if held[1] is None:
            return records
        ids |= held[1]
    return records.with_context(**{KEY: (SENTINEL, ids)})


def is_lifted(env):
    """Whether the caller holds a permit for everything; a value sent over RPC never is one."""
    permit = _permit(env)
    return permit is not None and permit[1] is None


def permits(env, payment_id):
    """Whether the caller holds a permit for one payment."""
    permit = _permit(env)
    return permit is not None and (permit[1] is None or payment_id in permit[1])


def _permit(env):
    value = env.context.get(KEY)
    return value if isinstance(value, tuple) and value[0] is SENTINEL else None
