"""A machine inside this one: systemd as PID 1 of its own namespaces, over the same files.

Its root is a layer over the machine's: programs and libraries are there, what is written is gone
when it stops. It shares the network, so that 127.0.0.1 is the same for both. Needs root.
"""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tools.results import has_right

HERE = Path(__file__).parent
SYSTEMD = Path("/lib/systemd/systemd")
#: Units of the machine that this one knows; everything else is written by the tests.
BORROWED = (
    "basic.target",
    "final.target",
    "halt.target",
    "shutdown.target",
    "sysinit.target",
    "umount.target",
    "systemd-halt.service",
    "systemd-journald.service",
    "systemd-journald.socket",
    "systemd-journald-dev-log.socket",
)
TARGET = "[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n"
NAMESPACES = ("--mount", "--uts", "--ipc", "--pid", "--cgroup")
#: Seconds until systemd answers, or has ended.
PATIENCE = 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


def require():
    """Skip the test where no such machine can be made."""
    if not SYSTEMD.exists():
        pytest.skip("missing tool: systemd")
    if not has_right("namespaces"):
        pytest.skip("missing right: namespaces")


class Machine:
    """One machine, started and stopped by the test.

    :param shared: folders that are the same inside and outside; made when they are not there
    """

    def __init__(self, *shared: Path):
        self._scratch = Path(tempfile.mkdtemp(prefix="ipai-machine-"))
        # Services of users other than root pass through to the shared folders.
        self._scratch.chmod(0o755)
        self.units = self._scratch / "units"
        self._shared = [self.units, *shared]
        self._process = None
        self._pid = None

    # -- life --------------------------------------------------------------------------------

    def start(self):
        """Boot and return when systemd answers."""
        for folder in (*self._shared, self._layer):
            folder.mkdir(parents=True, exist_ok=True)
        for name in BORROWED:
            shutil.copy(SYSTEMD.parent / "system" / name, self.units)
        (self.units / "machine.target").write_text(TARGET)
        # A test run that dies takes the machine with it.
        group = ["unshare", "--mount", HERE / "cgroup.sh", "enter", self._group]
        spaces = ["unshare", *NAMESPACES, "--fork", "--kill-child"]
        boot = [HERE / "boot.sh", self._layer, *self._shared]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *group, *spaces, *boot],
            stdout=self.console.open("w"),
            stderr=subprocess.STDOUT,
        )
        self._until(self._is_up, "systemd to answer")

    def stop(self):
        """Halt it as an administrator would, and remove what it left."""
        if self._process and self._process.poll() is None:
            subprocess.run(["kill", "-s", "RTMIN+3", str(self._pid)], check=True)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        subprocess.run(["unshare", "--mount", HERE / "cgroup.sh", "leave", self._group], check=True)
        shutil.rmtree(self._scratch)

    # -- what is done in it -----------------------------------------------------------------

    def run(self, *argv, user: str = "root", check: bool = True, **options):
        """Run a program inside and return the completed process, its output as text."""
        options = {"capture_output": True, "text": True, **options}
        done = subprocess.run(self.inside(*argv, user=user), check=False, **options)
        assert not check or done.returncode == 0, (
            f"{' '.join(map(str, argv))} ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
        return done

    def inside(self, *argv, user: str = "root") -> list[str]:
        """The command line that runs ``argv`` inside."""
        enter = ["nsenter", f"--target={self._pid}", "--all", "--root", "--wd"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        clean = ["env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", "HOME=/"]
        return [*enter, *become, *clean, *map(str, argv)]

    def write_unit(self, name: str, text: str):
        """Add a unit, or replace it; it is not started."""
        (self.units / name).write_text(text)
        self.run("systemctl", "daemon-reload")

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        return self.run("systemctl", *arguments, check=check).stdout.strip()

    def main_pid(self, unit: str) -> int:
        """The process of a unit as the inside counts it; 0 when it does not run."""
        return int(self.systemctl("show", "--property=MainPID", "--value", unit))

    def kill(self, pid: int):
        """``kill -9`` of a process of the inside."""
        self.run("kill", "-9", str(pid))

    # -- how it is done ----------------------------------------------------------------------

    @property
    def console(self) -> Path:
        return self._scratch / "console"

    @property
    def _layer(self) -> Path:
        return self._scratch / "layer"

    @property
    def _group(self) -> str:
        return self._scratch.name

    def _is_up(self) -> bool:
        assert self._process.poll() is None, f"systemd ended: {self.console.read_text()}"
        self._pid = self._find()
        if self._pid is None:
            return False
        state = self.run("systemctl", "is-active", "machine.target", check=False)
        return state.stdout.strip() == "active"

    def _find(self) -> int | None:
        """The process outside that is PID 1 inside."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        found = children.read_text().split()
        if not found:
            return None
        command = Path(f"/proc/{found[0]}/cmdline").read_bytes()
        return int(found[0]) if command.startswith(bytes(SYSTEMD)) else None

    @staticmethod
    def _until(condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
            time.sleep(0.05)
