"""What comes from Debian: prerequisites of the machine, and packages unpacked into the cache.

Nothing here changes the machine's own apt configuration: packages that are only unpacked are
found through a private one, whose mirror address is read from the machine's own.
"""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.places import CACHE, LOGS, made
from tools.say import Missing, say, step

#: While this file is there, Debian's units and scripts start no SSH server.
NO_SSH_SERVER = Path("/etc/ssh/sshd_not_to_be_run")
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.d")
KEYRINGS = Path("/usr/share/keyrings")
TARGET_FORMAT = "$(REPO_URI) $(CODENAME)"


def install(packages):
    """Install Debian packages; only root can.

    :param packages: names of packages, e.g. ``["chromium"]``.
    :raises Missing: not root, or no apt on this machine.
    """
    names = " ".join(packages)
    if not can_install():
        raise Missing(f"these packages are missing; install them as root: apt-get install {names}")
    if "openssh-server" in packages:
        _keep_ssh_server_down()
    with step(f"apt-get install {names}"), _no_main_cluster():
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *packages)


def can_install():
    """Whether this process may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _keep_ssh_server_down():
    """The tests start servers of their own; the machine gets no door that it did not have."""
    made(NO_SSH_SERVER.parent)
    NO_SSH_SERVER.write_text("Installed for tests. Remove this file to run the SSH server.\n")


@contextlib.contextmanager
def _no_main_cluster():
    """Keep the PostgreSQL packages from making and starting a cluster of the machine."""
    setting = made(CLUSTER_SETTINGS) / "ipai-odoo.conf"
    setting.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        setting.unlink()


def _apt_get(*arguments, **options):
    """Run apt-get without questions; its output goes to a log that an error shows the end of."""
    log = made(LOGS) / "apt.log"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **options.pop("env", {})}
    with log.open("w") as handle:
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments],
            stdout=handle,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
            **options,
        )
    if done.returncode:
        for line in log.read_text(errors="replace").splitlines()[-15:]:
            say(f"   {line}")
        raise Missing(f"apt-get {arguments[0]} failed; its output is in {log}")


class Unpacker:
    """Downloads packages of other Debian suites and unpacks them, without root.

    :param folder: where the private apt keeps its configuration, lists and packages.
    :param suites: names of suites, e.g. ``["unstable"]``.
    :raises Missing: this machine has no apt, no Debian mirror or no Debian keyring.
    """

    def __init__(self, folder, suites):
        self.folder = made(folder)
        self.environment = {"APT_CONFIG": str(self._configure(suites))}

    def _configure(self, suites):
        keyring = KEYRINGS / "debian-archive-keyring.gpg"
        if not keyring.exists():
            raise Missing("Debian's keyring is missing: install debian-archive-keyring")
        for part in ("etc", "state/lists/partial", "cache/archives/partial", "packages"):
            made(self.folder / part)
        (self.folder / "state/status").touch()
        mirror, _ = debian_mirror()
        sources = self.folder / "etc/sources.list"
        sources.write_text(
            "".join(f"deb [signed-by={keyring}] {mirror} {suite} main\n" for suite in suites)
        )
        configuration = self.folder / "etc/apt.conf"
        configuration.write_text(self._settings(sources))
        return configuration

    def _settings(self, sources):
        # An index past its expiry date is still signed; every package is checked against it.
        return f"""\
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "-";
Dir::State "{self.folder}/state";
Dir::State::status "{self.folder}/state/status";
Dir::Cache "{self.folder}/cache";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "root";
"""

    def update(self):
        """Fetch the indexes of the suites."""
        _apt_get("update", env=self.environment)

    def download(self, package):
        """Download one package and return the path of its file.

        :param package: ``name`` or ``name/suite``.
        """
        name = package.split("/", maxsplit=1)[0]
        packages = self.folder / "packages"
        for old in packages.glob(f"{name}_*.deb"):
            old.unlink()
        _apt_get("download", package, env=self.environment, cwd=packages)
        return next(packages.glob(f"{name}_*.deb"))


def unpack(archive, root):
    """Unpack one ``.deb`` file below ``root``."""
    subprocess.run(["dpkg", "-x", archive, root], check=True)


def debian_mirror():
    """Return ``(address, codename)`` of the Debian mirror this machine is configured to use.

    :raises Missing: there is none.
    """
    if not shutil.which("apt-get"):
        raise Missing("this machine has no apt: set ODOO_SOURCE_19 to a folder with Odoo 19.0")
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", TARGET_FORMAT, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in targets.splitlines():
        address, _, codename = line.partition(" ")
        if re.search(r"/debian/?$", address):
            return address, codename
    raise Missing("apt knows no Debian mirror: set ODOO_SOURCE_19 to a folder with Odoo 19.0")


def private_apt(suites):
    """Return the :class:`Unpacker` of the cache folder, its indexes fetched."""
    unpacker = Unpacker(CACHE / "apt", suites)
    unpacker.update()
    return unpacker
