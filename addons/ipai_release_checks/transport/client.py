"""The client of the host helper: one verb in, one answer out, whatever the way to the host."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import ConnectionLost, HostProtocolError
from .lines import excerpt

#: Version of the protocol that this client speaks.
PROTOCOL = 1
#: Bytes of a request that the helper takes.
REQUEST_LIMIT = 8 * 1024 * 1024
#: Seconds within which the helper answers; what takes longer it does detached, and is asked again.
ANSWER_TIMEOUT = 60.0
STATUSES = ("done", "running", "failed", "refused", "error")


class Transport(Protocol):
    """A way to a helper that runs ``serve``. It opens itself at its first use."""

    def exchange(self, request: bytes, timeout: float) -> bytes:
        """Send one line and return the one that answers it, within ``timeout`` seconds.

        Raises `ConnectionLost` when the connection ends before the answer, `HostUnreachable`
        when there is none or no answer in time, `HostProtocolError` when what arrives is too long.
        Every exception leaves the transport closed; the next exchange opens it again.
        """

    def close(self) -> None:
        """End the connection; does nothing when there is none."""


@dataclass(frozen=True)
class Answer:
    """What the helper answered.

    ``status``    ``done``; ``failed``: it ran and did not reach what was wanted; ``refused``:
                  nothing ran; ``running``: ask again with the same request; ``error``: the helper
                  itself broke
    ``message``   one sentence, ``hint`` what to do
    ``progress``  ``{"step", "done", "total", "unit"}`` while it runs
    ``journal``   ``{"sequence", "head"}`` of the host's journal
    ``forgotten`` ``{"release", "length", "head"}`` when the host keeps a longer record of this
                  release than the request's anchor says; else None
    """

    key: str
    verb: str
    status: str
    result: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    hint: str = ""
    progress: Mapping[str, Any] | None = None
    journal: Mapping[str, Any] | None = None
    forgotten: Mapping[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Return whether the verb did what it was asked to."""
        return self.status == "done"


class HostClient:
    """Calls verbs over one transport, which is opened at the first call and then kept.

    Use it as a context manager, or close it. It is not for several threads at once.
    """

    def __init__(self, transport: Transport, timeout: float = ANSWER_TIMEOUT) -> None:
        self._transport = transport
        self._timeout = timeout

    def __enter__(self) -> HostClient:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def call(
        self,
        verb: str,
        params: Mapping[str, Any] | None = None,
        key: str | None = None,
        anchor: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Ask the helper for ``verb`` and return its answer, whatever its status.

        A connection that is lost is opened once more and the same request sent again: under the
        same ``key`` a verb that changes something runs once. Without a key it gets one of its own,
        which is right for verbs that only read. ``timeout`` is in seconds, by default the client's.

        Raises `HostUnreachable`, `HostKeyMismatch`, `HostProtocolError`, `HostNotConfigured`.
        """
        key = key or f"odoo/{uuid.uuid4().hex}"
        request = _request(verb, params or {}, key, anchor)
        return self._parsed(self._exchange(request, timeout or self._timeout), verb, key)

    def _exchange(self, request: bytes, timeout: float) -> bytes:
        try:
            return self._transport.exchange(request, timeout)
        except ConnectionLost:
            return self._transport.exchange(request, timeout)

    def _parsed(self, line: bytes, verb: str, key: str) -> Answer:
        try:
            return _answer(line, verb, key)
        except HostProtocolError:
            # What still arrives would be taken for the answer to the next request.
            self.close()
            raise


def _request(
    verb: str, params: Mapping[str, Any], key: str, anchor: Mapping[str, Any] | None
) -> bytes:
    body = {"v": PROTOCOL, "key": key, "verb": verb, "params": params}
    if anchor is not None:
        body["anchor"] = anchor
    # ASCII: no character of a parameter can be taken for the end of the line.
    line = json.dumps(body, allow_nan=False).encode() + b"\n"
    if len(line) > REQUEST_LIMIT:
        raise HostProtocolError(
            f"The request '{verb}' is {len(line)} bytes long; a host takes {REQUEST_LIMIT}.",
            "Shorten what is sent with it.",
        )
    return line


def _answer(line: bytes, verb: str, key: str) -> Answer:
    body = _object(line)
    version, status = body.get("v"), body.get("status")
    if version != PROTOCOL or status not in STATUSES:
        raise HostProtocolError(
            f"The host answered in a way this Odoo does not know (version {version!r}, "
            f"status {status!r}).",
            "Install the helper that comes with this Odoo: button Install Helper of the target.",
        )
    # A request that could not be read, or is refused before it is, is answered without its names.
    if status in ("refused", "error") and not body.get("key"):
        body = {**body, "key": key, "verb": verb}
    if (body.get("key"), body.get("verb")) != (key, verb):
        raise HostProtocolError(
            f"The host answered '{body.get('verb')}' ({body.get('key')}) when it was asked for "
            f"'{verb}' ({key}).",
            "Try again: the connection is made anew.",
        )
    known = {name: body[name] for name in Answer.__dataclass_fields__ if body.get(name) is not None}
    return Answer(**known)


def _object(line: bytes) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise HostProtocolError(
            f"The host did not answer as its helper does, but with {excerpt(line)}",
            "Only the host helper may answer on this connection: look at the forced command in "
            "authorized_keys or at the local command, and at what the shell of that user prints.",
        )
    return body
