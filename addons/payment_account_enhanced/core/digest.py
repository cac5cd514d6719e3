"""The content of a payment in one fixed spelling, its digest, and what differs between two."""

import hashlib
import json


def canonical(content):
    """Return ``content`` as JSON with one possible spelling: sorted keys, no blanks, UTF-8.

    :param dict content: strings, integers, booleans, None, and lists and dicts of them. No floats:
        an amount is a string with the decimals of its currency.
    :raises TypeError: a value has no JSON form, or is a float.
    """
    _refuse_floats(content)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(content):
    """Return the SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def differences(before, after):
    """Return ``{key: (before, after)}`` of the keys whose values differ, in the order of a sort."""
    return {
        key: (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def _refuse_floats(value):
    if isinstance(value, float):
        raise TypeError(f"A float has more than one spelling: {value!r}. Use a string.")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for item in value:
        _refuse_floats(item)
