"""How code of this addon proves to a guard that it is no remote caller.

A remote caller sends JSON, and no JSON value *is* this object. Whoever puts it into the context
must have imported it.
"""

SENTINEL = object()
KEY = "payment_account_enhanced_guard"


def lifted(records):
    """Return ``records`` in a context in which the guards let their writes through."""
    return records.with_context(**{KEY: SENTINEL})


def is_lifted(env):
    """Whether the caller proved itself; a value sent over RPC never does."""
    return env.context.get(KEY) is SENTINEL
