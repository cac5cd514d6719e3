"""Host keys: read from a server, written as text, shown as fingerprint."""

from __future__ import annotations

import base64
import socket

import paramiko

from .errors import HostNotConfigured, HostUnreachable
from .quiet import LOG_CHANNEL


def parse_host_key(text: str) -> paramiko.PKey:
    """Return the key in a line such as ``ssh-ed25519 AAAA…``; raise `HostNotConfigured`."""
    name, _space, encoded = (text or "").strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(name, base64.b64decode(encoded, validate=True))
    except (paramiko.SSHException, paramiko.UnknownKeyType, ValueError) as problem:
        raise HostNotConfigured(
            "The pinned host key cannot be read.", "Read the host key and pin it again."
        ) from problem


def fingerprint(text: str) -> str:
    """Return the fingerprint ``SHA256:…`` of a host key, as ``ssh-keygen -l`` prints it."""
    return parse_host_key(text).fingerprint


def scan(host: str, port: int, timeout: float = 10.0) -> str:
    """Return the host key that a server shows, such as ``ssh-ed25519 AAAA…``.

    Nobody logs in: what is read proves nothing until a person has compared its fingerprint.
    ``timeout`` is in seconds. Raises `HostUnreachable`.
    """
    try:
        with socket.create_connection((host, port), timeout) as connection:
            return _shown_key(connection, timeout)
    except (OSError, EOFError, paramiko.SSHException) as problem:
        raise HostUnreachable(
            f"{host}:{port} shows no host key: {reason(problem)}.",
            "Check the address, the port and the firewall, and that an SSH server listens there.",
        ) from problem


def _shown_key(connection: socket.socket, timeout: float) -> str:
    transport = paramiko.Transport(connection)
    transport.set_log_channel(LOG_CHANNEL)
    transport.banner_timeout = timeout
    try:
        transport.start_client(timeout=timeout)
        key = transport.get_remote_server_key()
    finally:
        transport.close()
    return f"{key.get_name()} {key.get_base64()}"


def reason(problem: BaseException) -> str:
    """Return why a connection failed, in a few words."""
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, paramiko.ssh_exception.NoValidConnectionsError):
        problem = next(iter(problem.errors.values()))
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return str(problem).rstrip(".") or type(problem).__name__
