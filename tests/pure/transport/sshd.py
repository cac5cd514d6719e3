"""A real OpenSSH server on this machine, of which a test knows everything."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

#: Seconds until it listens, or has ended.
PATIENCE = 20
CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp -d {folder}/home {sftp}
MaxStartups 100
SetEnv HOME={folder}/home
LogLevel {log_level}
"""


class Sshd:
    """An sshd on a free port of 127.0.0.1; who logs in is the current user, with ``key``.

    :param folder: empty folder for its configuration, keys and log; its folder ``home`` is the
        home of who logs in, whose own profile would take part otherwise
    :param sftp: more options of its SFTP server
    :param log_level: of ``log``; at DEBUG sshd writes into the stderr of what it runs, too
    """

    host = "127.0.0.1"

    def __init__(self, folder, sftp="", log_level="VERBOSE"):
        self.folder = Path(folder)
        self.port = _free_port()
        self.user = getpass.getuser()
        self.key = self.make_key("key")
        self.log = self.folder / "sshd.log"
        self._process = None
        self.new_host_key()
        self.authorize()
        (self.folder / "home").mkdir()
        configuration = CONFIGURATION.format(
            port=self.port, folder=self.folder, sftp=sftp, log_level=log_level
        )
        (self.folder / "sshd_config").write_text(configuration)

    @property
    def host_key(self):
        """The host key as ``ssh-ed25519 AAAA…``."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def make_key(self, name, *options):
        """Make the key pair ``name`` in the folder, ed25519 unless options of ssh-keygen say
        otherwise, and return the path of its private half.
        """
        path = self.folder / name
        for old in (path, path.with_name(f"{name}.pub")):
            old.unlink(missing_ok=True)
        kind = options or ("-t", "ed25519", "-N", "")
        subprocess.run(["ssh-keygen", "-q", *kind, "-C", name, "-f", path], check=True)
        return path

    def new_host_key(self, *options):
        """Give the server another host key; it shows it from its next start on."""
        self.make_key("host_key", *options)

    def authorize(self, command=None, key=None):
        """Let ``key`` in, with nothing but ``command`` where one is given."""
        public = Path(f"{key or self.key}.pub").read_text().strip()
        self.authorize_line(f'restrict,command="{command}" {public}' if command else public)

    def authorize_line(self, line):
        """Make ``line`` the whole of ``authorized_keys``."""
        (self.folder / "authorized_keys").write_text(f"{line}\n")

    def start(self):
        """Start and wait until it listens."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_program(), "-D", "-e", "-f", self.folder / "sshd_config"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            assert self._process.poll() is None, f"sshd ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"sshd does not listen: {self.log.read_text()}"
            time.sleep(0.02)

    def stop(self):
        """``kill -9`` the server and all its connections."""
        if self._process is not None:
            self.cut()
            self._process.kill()
            self._process.wait()
            self._process = None

    def connections(self):
        """The sshd processes of all open connections."""
        found = psutil.Process(self._process.pid).children(recursive=True)
        # Not what they run: that finds out by itself when it is cut off.
        return [process for process in found if _is_sshd(process)]

    def cut(self):
        """Cut all connections as a dead network would; the server goes on listening."""
        for process in self.connections():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0


def _is_sshd(process):
    try:
        return process.name().startswith("sshd")
    except psutil.NoSuchProcess:
        return False


def _program():
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert found, "no sshd: run make setup as root, or install openssh-server"
    return found


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
