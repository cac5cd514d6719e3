"""Odoo's own key for a host: read from a file that only Odoo's user can read."""

from __future__ import annotations

import os
import stat

import paramiko

from .errors import HostNotConfigured

_KEY_TYPES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def read_private_key(path: str) -> paramiko.PKey:
    """Return the private key (ed25519, ecdsa or rsa) in the file ``path``.

    Raises `HostNotConfigured` when the file cannot be read, is open to other users, is protected
    by a passphrase, or holds no such key. What the file holds is in no message.
    """
    _refuse_open_file(path)
    for key_type in _KEY_TYPES:
        try:
            return key_type.from_private_key_file(path)
        except paramiko.PasswordRequiredException as problem:
            raise HostNotConfigured(
                f"The private key {path} is protected by a passphrase, which nobody enters here.",
                "Make a key without one for this purpose: ssh-keygen -t ed25519 -N '' -f FILE",
            ) from problem
        except (paramiko.SSHException, ValueError, IndexError):
            continue  # Another type of key, or none: the next one tells.
    raise HostNotConfigured(
        f"{path} holds no private key that can be used (ed25519, ecdsa or rsa).",
        "Name the private key, not the public one: ssh-keygen -t ed25519 -N '' -f FILE",
    )


def public_line(path: str) -> str:
    """Return the public half of the key in ``path``, such as ``ssh-ed25519 AAAA…``.

    Raises what `read_private_key` raises.
    """
    key = read_private_key(path)
    return f"{key.get_name()} {key.get_base64()}"


def _refuse_open_file(path: str) -> None:
    try:
        facts = os.stat(path)
    except OSError as problem:
        raise HostNotConfigured(
            f"The private key {path} cannot be read: {problem.strerror}.",
            "Correct ipai_release_ssh_key in odoo.conf; the file belongs to Odoo's own user.",
        ) from problem
    if not stat.S_ISREG(facts.st_mode):
        raise HostNotConfigured(f"{path} is no file.", "Correct ipai_release_ssh_key in odoo.conf.")
    if facts.st_mode & 0o077:
        raise HostNotConfigured(
            f"The private key {path} can be read or written by other users "
            f"(mode {stat.S_IMODE(facts.st_mode):o}).",
            f"Give it to Odoo's user alone: chmod 600 {path}",
        )
    if not os.access(path, os.R_OK):
        raise HostNotConfigured(
            f"The private key {path} cannot be read by Odoo's user.",
            f"Give it to Odoo's user: chown it, then chmod 600 {path}",
        )
