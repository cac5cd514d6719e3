"""Verbs asked as Odoo asks them, and a prober that looks at the login page on its own."""

import contextlib
import itertools
import time
from datetime import datetime, timezone

import requests
from background import Background
from shophost import HELPER

#: Seconds a verb may take on a busy machine.
PATIENCE = 300
MODULE = "payment_account_enhanced"
SUDO = ("sudo", "-n", HELPER, "serve")


class OnHost:
    """A client of the host's helper, as Odoo is one.

    :param host: of :mod:`shophost`
    :param sudo: asked on the host itself, by Odoo's own user through sudo, instead of over SSH
    """

    def __init__(self, host, sudo: bool = False):
        # pytest-odoo makes addons importable only after conftest.py was read.
        from odoo.addons.ipai_release_checks import transport  # noqa: PLC0415

        sshd = host.sshd
        address = transport.Address(sshd.host, sshd.port, "root", sshd.host_key)
        way = (
            transport.LocalTransport(host.machine.inside(*SUDO, user="odoo"))
            if sudo
            else transport.SshTransport(address, str(sshd.key))
        )
        self._client = transport.HostClient(way)
        self._numbers = itertools.count(1)

    def close(self):
        self._client.close()

    def key(self) -> str:
        """A key that was not used before."""
        return f"REL/2026/0001/{next(self._numbers)}/1"

    def ask(self, verb: str, key: str | None = None, **params):
        """Ask once and return the answer."""
        return self._client.call(verb, params, key or self.key())

    def until_ended(self, verb: str, key: str | None = None, **params):
        """Ask until the verb has ended, and return the last answer."""
        key = key or self.key()
        deadline = time.monotonic() + PATIENCE
        while (answer := self.ask(verb, key, **params)).status == "running":
            assert time.monotonic() < deadline, f"{verb} still runs: {answer.progress}"
            time.sleep(0.3)
        return answer

    def do(self, verb: str, key: str | None = None, **params) -> dict:
        """Have the verb done and return its result."""
        answer = self.until_ended(verb, key, **params)
        assert answer.done, f"{verb}: {answer.status}: {answer.message} {answer.hint}"
        return answer.result

    def deploy(self, commit: str):
        """A release up to where Odoo is stopped: backup, verified, the code switched."""
        backup = self.do("backup", label="before")["backup"]
        self.do("verify_backup", backup=backup)
        self.do("code_fetch", branch="main", commit=commit)
        self.do("code_switch", branch="main", commit=commit)
        return backup


class Prober(Background):
    """Asks for the login page all the time, and knows the longest pause between two answers."""

    every = 0.05

    def __init__(self, address: str):
        super().__init__()
        self._address = f"{address}/web/login"
        self._good = [time.monotonic()]

    def downtime(self) -> float:
        """Seconds of the longest time without a good answer."""
        return max(later - earlier for earlier, later in itertools.pairwise(self._good))

    def _look(self):
        with contextlib.suppress(requests.RequestException):
            if requests.get(self._address, timeout=2).ok:
                self._good.append(time.monotonic())


def moment(text: str) -> datetime:
    """A time as the helper writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
