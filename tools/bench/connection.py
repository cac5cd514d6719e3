"""What a verb costs on the way to a host: ``python -m tools.bench.connection``.

Opens one SSH connection to a server of this machine and asks the host helper for 30 verbs; opens
another with nothing but paramiko and runs ``true`` 30 times. What the helper itself needs is
measured without SSH and taken off: the rest may be 1.3 times the plain connection.
"""

import importlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import paramiko

from tests.pure.transport.sshd import Sshd
from tools.places import ADDONS
from tools.say import Missing, command, say

ADDON = ADDONS / "ipai_release_checks"
CALLS = 30
ROUNDS = 7
#: Time on the way, divided by the time of the plain connection.
LIMIT = 1.3
VERB = "service"
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
"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            _tell(*bench.measure())
        finally:
            bench.sshd.stop()


def _tell(plain, whole, work):
    ratio = (whole - work) / plain
    say(
        f"{CALLS} times true over plain paramiko: {plain:.2f} s; {CALLS} verbs over one "
        f"connection: {whole:.2f} s, of which the helper works {work:.2f} s (medians of {ROUNDS}); "
        f"ratio {whole / plain:.2f}, without the helper's work {ratio:.2f}, allowed is {LIMIT}"
    )
    if ratio > LIMIT:
        raise Missing("the way to a host takes too long")


class Bench:
    """A server, a helper behind it, and three ways to spend time with them."""

    def __init__(self, folder):
        self.transport = _transport()
        configuration = folder / "host.ini"
        configuration.write_text(CONFIGURATION.format(folder=folder))
        helper = str(ADDON / "host" / "release_host.py")
        self.helper = [sys.executable, helper, "--config", str(configuration), "serve"]
        (folder / "sshd").mkdir()
        self.sshd = Sshd(folder / "sshd")
        self.sshd.start()

    def measure(self):
        """Seconds of the plain connection, of the verbs over SSH, and of the helper's own work."""
        acts = (self.run_true, self.call_over_ssh, self.call_locally)
        rounds = [[_seconds(act) for act in acts] for _round in range(ROUNDS)]
        return [statistics.median(times) for times in zip(*rounds, strict=True)]

    def run_true(self):
        """What SSH costs without us."""
        self.sshd.authorize()
        known = self.sshd.folder / "known_hosts"
        known.write_text(f"[{self.sshd.host}]:{self.sshd.port} {self.sshd.host_key}\n")
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(known))
            client.connect(
                self.sshd.host,
                self.sshd.port,
                self.sshd.user,
                key_filename=str(self.sshd.key),
                allow_agent=False,
                look_for_keys=False,
            )
            for _call in range(CALLS):
                _stdin, stdout, _stderr = client.exec_command("true")
                stdout.channel.recv_exit_status()

    def call_over_ssh(self):
        """The verbs as a release asks for them."""
        self.sshd.authorize(command=" ".join(self.helper))
        address = self.transport.Address(
            self.sshd.host, self.sshd.port, self.sshd.user, self.sshd.host_key
        )
        self._call(self.transport.SshTransport(address, str(self.sshd.key)))

    def call_locally(self):
        """The helper's own work: its start and the verbs, without SSH."""
        self._call(self.transport.LocalTransport(self.helper))

    def _call(self, transport):
        with self.transport.HostClient(transport) as client:
            for _call in range(CALLS):
                answer = client.call(VERB)
                if not answer.done:
                    raise Missing(f"{VERB}: {answer.status}, {answer.message}")


def _seconds(act):
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _transport():
    """The transport, without the addon's own ``__init__``, which imports Odoo."""
    package = ModuleType(ADDON.name)
    package.__path__ = [str(ADDON)]
    sys.modules[ADDON.name] = package
    return importlib.import_module(f"{ADDON.name}.transport")


if __name__ == "__main__":
    command(main)
