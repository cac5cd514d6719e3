"""Bytes as they arrive from a host: one line of answer, and the end of what went to stderr."""

from __future__ import annotations

import re

from .errors import HostProtocolError

#: Bytes of an answer that are read before it counts as garbage; the protocol asks for half of it.
ANSWER_LIMIT = 16 * 1024 * 1024
#: Bytes of stderr that are kept, and characters that are shown of what is no answer.
TAIL_LIMIT = 4096
SHOWN = 200


class AnswerLine:
    """Collects the bytes of one line of at most ``limit`` bytes."""

    def __init__(self, limit: int = ANSWER_LIMIT) -> None:
        self._limit = limit
        self._bytes = bytearray()

    def feed(self, data: bytes) -> bool:
        """Take what arrived; return whether the line has ended.

        Raises `HostProtocolError` when it is longer than any answer.
        """
        self._bytes += data
        if len(self._bytes) > self._limit:
            raise HostProtocolError(
                f"The host answered more than {self._limit // 2**20} MiB in one line, which begins "
                f"with {excerpt(self._bytes)}",
                "Only the host helper may answer on this connection: look at the host's forced "
                "command or local command.",
            )
        return b"\n" in data

    def line(self) -> bytes:
        """Return the line, or the part of it that has arrived."""
        return bytes(self._bytes)


class Tail:
    """The last bytes of a stream that may be endless."""

    def __init__(self, limit: int = TAIL_LIMIT) -> None:
        self._limit = limit
        self._bytes = b""

    def feed(self, data: bytes) -> None:
        """Take what arrived and forget what is too old."""
        self._bytes = (self._bytes + data)[-self._limit :]

    def said(self) -> str:
        """Return `` It said: …`` for an error message; empty when nothing arrived."""
        text = printable(self._bytes.decode("utf-8", "replace")).strip()
        return f" It said: {text[-SHOWN:]}" if text else ""


def printable(text: str) -> str:
    """Return ``text`` in one line, without control characters."""
    return re.sub(r"[^\S ]+|[\x00-\x1f\x7f-\x9f]+", " ", text)


def excerpt(data: bytes) -> str:
    """Return the beginning of bytes that are no answer, fit for a message."""
    text = printable(data[: SHOWN * 4].decode("utf-8", "replace"))
    return f"“{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}”"
