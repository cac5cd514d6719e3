"""The hash chain of a payment's history: each line carries the hash of the one before.

The spelling is that of PostgreSQL's ``concat_ws`` with the unit separator, so that the lines which
the installation writes in SQL have the same hashes as those which Python writes.
"""

import hashlib

SEPARATOR = "\x1f"
#: What goes into the hash, in this order; ``None`` and ``False`` are empty.
FIELDS = (
    "previous_hash",
    "payment_key",
    "event",
    "user_id",
    "date",
    "from_state",
    "to_state",
    "reason",
    "changes",
    "digest",
)


def link_hash(line):
    """Return the SHA-256 of a history line, 64 hexadecimal digits.

    :param dict line: values of ``FIELDS``; ``date`` as ``YYYY-MM-DD HH:MM:SS`` in UTC,
        ``user_id`` as an integer.
    :raises KeyError: a field is missing.
    """
    text = SEPARATOR.join(str(line[name] or "") for name in FIELDS)
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(lines):
    """Return the index of the first line that does not fit, or None.

    :param list lines: history lines of one payment, oldest first, with ``hash`` beside ``FIELDS``.
    """
    previous = ""
    for index, line in enumerate(lines):
        if (line["previous_hash"] or "") != previous or line["hash"] != link_hash(line):
            return index
        previous = line["hash"]
    return None
