"""The two ways to a helper, for the tests that have to hold on both."""

import sys
from pathlib import Path

from ipai_release_checks.transport import Address, HostClient, LocalTransport, SshTransport

STAND_IN = Path(__file__).with_name("stand_in.py")


class Way:
    """A helper that runs ``argv``, and clients of it."""

    def __init__(self, transport):
        self.transport = transport
        self.client = HostClient(transport, timeout=20)

    def call(self, *arguments, **options):
        return self.client.call(*arguments, **options)


def stand_in(folder):
    """The argument list of the stand-in that keeps what it did in ``folder``."""
    return [sys.executable, str(STAND_IN), str(folder)]


def address(sshd, **changes):
    facts = {"host": sshd.host, "port": sshd.port, "user": sshd.user, "host_key": sshd.host_key}
    return Address(**{**facts, **changes})


def over_ssh(sshd, argv):
    """Odoo reaches the helper over SSH, where a forced command runs it."""
    sshd.authorize(command=" ".join(argv))
    return Way(SshTransport(address(sshd), str(sshd.key)))


def locally(argv):
    return Way(LocalTransport(argv))
