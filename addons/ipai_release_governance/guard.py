"""How a setter proves itself.

The proof is a Python object compared by identity. A context can be sent over RPC, this object
cannot: JSON has no way to name it.
"""

SETTER_KEY = "ipai_setter"
SETTER = object()


def is_setter(env):
    """Whether the calling code came through one of the suite's setters."""
    return env.context.get(SETTER_KEY) is SETTER
