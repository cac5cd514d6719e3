"""A helper on another machine, over SSH: one connection, one channel, many requests."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

import paramiko

from .errors import ConnectionLost, HostKeyMismatch, HostUnreachable
from .host_key import parse_host_key, reason
from .lines import AnswerLine, Tail
from .private_key import read_private_key
from .quiet import LOG_CHANNEL

#: What is asked for; the forced command of ``authorized_keys`` runs the helper whatever it is.
COMMAND = "serve"
#: Seconds for the connection, for the server's greeting, for the log-in, and for a new channel.
CONNECT_TIMEOUT = 10
BANNER_TIMEOUT = 10
AUTH_TIMEOUT = 15
CHANNEL_TIMEOUT = 10
#: Seconds between signs of life on an idle connection: firewalls forget what is silent.
KEEP_ALIVE = 15
#: Seconds after which what the helper says on stderr is fetched while it does not answer.
POLL = 0.5
CHUNK = 65_536


@dataclass(frozen=True)
class Address:
    """Where a host's SSH server is, whom to log in as, and which host key it must show.

    ``host_key`` is a line such as ``ssh-ed25519 AAAA…``; nothing is ever added to it.
    """

    host: str
    port: int
    user: str
    host_key: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


def connect(address: Address, key_path: str) -> paramiko.SSHClient:
    """Return a connection to ``address``, logged in with the private key in ``key_path``.

    The server must show exactly the pinned host key. No agent, no other key and no password is
    tried. Raises `HostKeyMismatch`, `HostUnreachable`, `HostNotConfigured`.
    """
    private_key = read_private_key(key_path)
    client = paramiko.SSHClient()
    client.set_log_channel(LOG_CHANNEL)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    pinned = parse_host_key(address.host_key)
    client.get_host_keys().add(_known_name(address), pinned.get_name(), pinned)
    try:
        client.connect(
            address.host,
            address.port,
            address.user,
            pkey=private_key,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT_TIMEOUT,
            banner_timeout=BANNER_TIMEOUT,
            auth_timeout=AUTH_TIMEOUT,
            channel_timeout=CHANNEL_TIMEOUT,
        )
    except (OSError, EOFError, paramiko.SSHException) as problem:
        client.close()
        raise _problem(address, private_key, problem) from problem
    client.get_transport().set_keepalive(KEEP_ALIVE)
    return client


def _known_name(address: Address) -> str:
    """The name under which SSH knows a host: with its port where it is not the usual one."""
    return address.host if address.port == 22 else f"[{address.host}]:{address.port}"


def _problem(address: Address, private_key: paramiko.PKey, problem: Exception) -> Exception:
    if isinstance(problem, paramiko.BadHostKeyException):
        pinned, shown = problem.expected_key.fingerprint, problem.key.fingerprint
        return HostKeyMismatch(f"{address.host}:{address.port}", pinned, shown)
    if isinstance(problem, paramiko.AuthenticationException):
        return HostUnreachable(
            f"{address} refuses Odoo's key {private_key.fingerprint}.",
            "Put the line that the button Key Line shows into authorized_keys of that user, "
            "and check that the user may log in.",
        )
    return HostUnreachable(
        f"{address} cannot be reached: {reason(problem)}.",
        "Check the address, the port and the firewall, and that its SSH server runs.",
    )


class SshTransport:
    """Speaks to the helper that the host's forced command runs.

    :param key_path: file of Odoo's private key
    """

    def __init__(self, address: Address, key_path: str) -> None:
        self._address = address
        self._key_path = key_path
        self._client: paramiko.SSHClient | None = None
        self._channel: paramiko.Channel | None = None
        self._stderr = Tail()

    def exchange(self, request: bytes, timeout: float) -> bytes:
        """Send one line and return the one that answers it. See `client.Transport`."""
        if self._channel is None:
            self._open()
        try:
            return self._talk(self._channel, request, timeout)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the channel and the connection."""
        client, self._client, self._channel = self._client, None, None
        if client is not None:
            client.close()

    def _open(self) -> None:
        self._stderr = Tail()
        self._client = connect(self._address, self._key_path)
        try:
            self._channel = self._client.get_transport().open_session(timeout=CHANNEL_TIMEOUT)
            self._channel.exec_command(COMMAND)
        except (OSError, EOFError, paramiko.SSHException) as problem:
            self.close()
            raise HostUnreachable(
                f"{self._address} lets Odoo in, but runs nothing: {reason(problem)}.",
                "Check the user's shell and the forced command in authorized_keys.",
            ) from problem

    def _talk(self, channel: paramiko.Channel, request: bytes, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        try:
            channel.settimeout(timeout)
            channel.sendall(request)
            return self._receive(channel, deadline, timeout)
        except TimeoutError:
            raise HostUnreachable(
                f"{self._address} did not answer within {timeout:g} s.{self._stderr.said()}",
                "Look at the host: is the helper busy, the disk full, the machine overloaded?",
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as problem:
            raise self._lost(channel, reason(problem)) from problem

    def _receive(self, channel: paramiko.Channel, deadline: float, timeout: float) -> bytes:
        answer = AnswerLine()
        while (left := deadline - time.monotonic()) > 0:
            channel.settimeout(min(left, POLL))
            with suppress(TimeoutError):
                data = channel.recv(CHUNK)
                if not data:
                    raise self._lost(channel, self._ending(channel))
                if answer.feed(data):
                    return answer.line()
            self._hear(channel)
        raise TimeoutError

    def _hear(self, channel: paramiko.Channel) -> None:
        """Fetch what is on stderr: unread, it would stop the helper's other output too."""
        while channel.recv_stderr_ready():
            data = channel.recv_stderr(CHUNK)
            self._stderr.feed(data)
            if not data:
                return

    def _lost(self, channel: paramiko.Channel, how: str) -> ConnectionLost:
        self._hear(channel)
        return ConnectionLost(
            f"{self._address}: the connection ended before the answer: {how}.{self._stderr.said()}",
            "Is the helper installed, and does the key's line in authorized_keys run it? "
            "The button Key Line of the target shows what it has to be.",
        )

    def _ending(self, channel: paramiko.Channel) -> str:
        if channel.status_event.wait(POLL) and channel.exit_status >= 0:
            return f"its command ended with status {channel.exit_status}"
        return "it was cut"
