"""What can go wrong on the way to a host. The message says what, the hint what to do."""

from ..checks.base import CheckError


class HostNotConfigured(CheckError):
    """Something the connection needs is missing or unusable on Odoo's side."""


class HostUnreachable(CheckError):
    """The host cannot be reached, refuses this key, or does not answer in time."""


class HostKeyMismatch(CheckError):
    """The server shows another host key than the one that was pinned.

    ``pinned`` and ``shown`` are fingerprints such as ``SHA256:…``.
    """

    def __init__(self, address: str, pinned: str, shown: str) -> None:
        super().__init__(
            f"{address} shows the host key {shown}, but {pinned} is pinned. Nothing was sent.",
            "Either the host was set up anew, or somebody is in between. Compare the fingerprint "
            "on the host itself before you read and pin the new key.",
        )
        self.pinned = pinned
        self.shown = shown


class HostProtocolError(CheckError):
    """Somebody answered, but not as the host helper does."""


class ConnectionLost(HostUnreachable):
    """The connection ended in the middle of a request: the same one may be sent again."""
