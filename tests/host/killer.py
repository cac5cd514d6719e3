"""``kill -9``, of whatever a release needs while it runs."""

from shophost import DATABASE


class Killer:
    """Kills parts of a shop's server; each method returns what it killed, empty for nothing there.

    :param host: of :mod:`shophost`
    """

    def __init__(self, host):
        self._host = host
        self._machine = host.machine

    def odoo(self) -> str:
        """The server; its workers go with it."""
        return self._service("odoo.service")

    def worker(self) -> str:
        """The process of Odoo that works off the release."""
        server = self._machine.main_pid("odoo.service")
        pids = self._pids("pgrep", "--newest", "--parent", str(server)) if server else []
        return self._kill("Odoo worker", pids)

    def job(self) -> str:
        """The helper's job, and the programs it runs."""
        listed = self._machine.systemctl(
            "list-units", "--plain", "--no-legend", "--type=service", "ipai-release-*"
        )
        units = [line.split()[0] for line in listed.splitlines()]
        if units:
            self._machine.systemctl("kill", "--signal=KILL", units[0], check=False)
        return "job" if units else ""

    def postmaster(self) -> str:
        """The server of PostgreSQL; its sessions go with it."""
        return self._service("postgresql.service")

    def backend(self) -> str:
        """A session of PostgreSQL; the server ends all others with it."""
        pids = self._pids("pgrep", "--full", f"postgres: odoo {DATABASE}")
        return self._kill("PostgreSQL session", pids[-1:])

    def connection(self) -> str:
        """The SSH connection, and what runs on it."""
        pids = self._pids("pgrep", "--full", "sshd: root@notty")
        return self._kill("SSH connection", pids)

    # -- how it is done ----------------------------------------------------------------------

    def _service(self, unit) -> str:
        server = self._machine.main_pid(unit)
        return self._kill(unit, [str(server)] if server else [])

    def _pids(self, *argv) -> list[str]:
        return self._machine.run(*argv, check=False).stdout.split()

    def _kill(self, name, pids) -> str:
        if not pids or self._machine.run("kill", "-9", *pids, check=False).returncode:
            return ""
        return name
