"""The journal's hash chain: canonical JSON in, SHA-256 out. Standard library only."""

import hashlib
import json

#: What the first event of a chain names as the hash before it.
GENESIS = "0" * 64
#: Characters of a text that the journal shows; of a longer one it holds the SHA-256.
SHOWN = 256


def canonical(value):
    """The one text of a JSON value: keys sorted, no spaces, UTF-8 kept as it is.

    :raises TypeError: for what JSON cannot hold
    :raises ValueError: for NaN and infinities, which JSON does not know
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value):
    """SHA-256 of a JSON value's canonical text, as 64 hexadecimal digits."""
    return digest_bytes(canonical(value).encode())


def digest_bytes(data):
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def text_value(text):
    """A text as the journal writes it: ``sha256:…`` for a long one, ``None`` for an empty one."""
    if text and len(text) > SHOWN:
        return f"sha256:{digest_bytes(text.encode())}"
    return text or None


def event_hash(previous, event):
    """Hash of an event that follows ``previous``.

    :param previous: hash of the event before, or GENESIS
    :param event: dict with ``release, sequence, kind, actor, time, payload``
    """
    return digest_bytes(f"{previous}\n{canonical(event)}".encode())


def broken_links(events):
    """Positions of the chain that do not fit, as ``(sequence, reason)``.

    :param events: dicts with the keys of :func:`event_hash` plus ``previous`` and ``hash``,
        in the order of ``sequence``
    """
    previous, expected = GENESIS, 1
    for event in events:
        body = {key: value for key, value in event.items() if key not in ("previous", "hash")}
        if event["sequence"] != expected:
            yield event["sequence"], f"expected event {expected}: events are missing or added"
        elif event["previous"] != previous:
            yield event["sequence"], "does not follow the event before it"
        elif event_hash(event["previous"], body) != event["hash"]:
            yield event["sequence"], "was changed after it was written"
        previous, expected = event["hash"], event["sequence"] + 1
