"""The two ways to a helper, for the tests that have to hold on both."""

import sys
import time
from pathlib import Path

import psutil
from ipai_release_checks.transport import Address, HostClient, LocalTransport, SshTransport

STAND_IN = Path(__file__).with_name("stand_in.py")
REAL = Path(__file__).resolve().parents[3] / "addons/ipai_release_checks/host/release_host.py"
CONFIGURATION = """\
[host]
state = {folder}/state
[odoo]
database = shop
[service]
manager = command
start = /bin/true
stop = /bin/true
status = /bin/true
[commands]
slowly = /bin/sh -c "sleep 2; echo ran >> {folder}/effects"
"""


class Way:
    """A helper that runs ``argv``, and clients of it."""

    def __init__(self, transport):
        self.transport = transport
        self.client = HostClient(transport, timeout=20)

    def call(self, *arguments, **options):
        return self.client.call(*arguments, **options)


def stand_in():
    """The argument list of the helper that misbehaves on request."""
    return [sys.executable, str(STAND_IN)]


def helper(folder):
    """The argument list of the real helper, whose command ``slowly`` writes into ``folder``."""
    configuration = folder / "host.ini"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    configuration.chmod(0o600)
    return [sys.executable, str(REAL), "--config", str(configuration), "serve"]


def address(sshd, **changes):
    facts = {"host": sshd.host, "port": sshd.port, "user": sshd.user, "host_key": sshd.host_key}
    return Address(**{**facts, **changes})


def ssh_transport(sshd, **changes):
    return SshTransport(address(sshd, **changes), str(sshd.key))


def over_ssh(sshd, argv):
    """Odoo reaches the helper over SSH, where a forced command runs it."""
    sshd.authorize(command=" ".join(argv))
    return Way(ssh_transport(sshd))


def locally(argv):
    return Way(LocalTransport(argv))


def finished(way, *arguments, **options):
    """The answer to a verb that runs detached, asked until it has ended."""
    deadline = time.monotonic() + 30
    while (answer := way.call(*arguments, **options)).status == "running":
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer


def effects(folder):
    """What the command ``slowly`` did, line by line."""
    return (folder / "effects").read_text().split()


def serving_now(folder):
    """The processes of the helpers that serve with the configuration in ``folder``."""
    wanted = {str(folder / "host.ini"), "serve", str(REAL)}
    found = psutil.process_iter(["cmdline"])
    # Not sshd's shell, whose command line holds them in one piece.
    return [process for process in found if wanted <= set(process.info["cmdline"] or ())]
