"""Copying files to a host whose key is not bound to the helper yet."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from contextlib import suppress

import paramiko

from .errors import HostProtocolError
from .host_key import reason
from .ssh import CHANNEL_TIMEOUT, Address, connect


class NoFilesTaken(HostProtocolError):
    """The host lets Odoo in and takes no files: its key is bound to the helper, as it should be."""


def upload(address: Address, key_path: str, files: Mapping[str, bytes]) -> list[str]:
    """Put ``files``, name → content, into the user's home; return their absolute paths.

    Each is written under another name, read back, compared by SHA-256 and then renamed: no half
    file ever has the name. Scripts can be run. Raises `NoFilesTaken`, `HostProtocolError`, and
    what `ssh.connect` raises.
    """
    client = connect(address, key_path)
    try:
        with _sftp(client, address) as sftp:
            return [_put(sftp, name, content) for name, content in files.items()]
    except OSError as problem:
        raise HostProtocolError(
            f"The helper could not be copied to {address}: {reason(problem)}.",
            "Look at the user's home folder: its rights and its free space.",
        ) from problem
    finally:
        client.close()


def _sftp(client: paramiko.SSHClient, address: Address) -> paramiko.SFTPClient:
    try:
        channel = client.get_transport().open_session(timeout=CHANNEL_TIMEOUT)
        channel.settimeout(CHANNEL_TIMEOUT)
        channel.invoke_subsystem("sftp")
        return paramiko.SFTPClient(channel)
    except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as problem:
        raise NoFilesTaken(
            f"{address} takes no files from Odoo.",
            "Its key runs the helper and nothing else, as it should be. Install by hand.",
        ) from problem


def _put(sftp: paramiko.SFTPClient, name: str, content: bytes) -> str:
    temporary = f".{name}.{uuid.uuid4().hex}"
    try:
        with sftp.open(temporary, "wx") as file:
            file.write(content)
        _compare(sftp, temporary, content)
        sftp.chmod(temporary, 0o755 if content.startswith(b"#!") else 0o644)
        sftp.posix_rename(temporary, name)
    except BaseException:
        with suppress(OSError, EOFError, paramiko.SSHException):
            sftp.remove(temporary)
        raise
    return sftp.normalize(name)


def _compare(sftp: paramiko.SFTPClient, path: str, content: bytes) -> None:
    with sftp.open(path, "rb") as file:
        arrived = hashlib.sha256(file.read(len(content) + 1)).hexdigest()
    if arrived != hashlib.sha256(content).hexdigest():
        raise HostProtocolError(
            "What arrived on the host is not what was sent (SHA-256 differs).",
            "Try again; if it happens twice, copy the file by hand.",
        )
