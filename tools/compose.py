"""The program that reads ``docker-compose.yml``, of the machine or unpacked into the cache."""

import shutil
from pathlib import Path

from tools.debian import private_apt, unpack
from tools.places import CACHE, locked
from tools.say import step

PROGRAM = "usr/libexec/docker/cli-plugins/docker-compose"


def program():
    """Return the path of docker-compose 2; it comes from Debian where the machine has none.

    :raises tools.say.Missing: neither the machine nor Debian has it.
    """
    found = shutil.which("docker-compose")
    return Path(found) if found else _unpacked()


def _unpacked():
    folder = CACHE / "compose"
    with locked("compose"):
        if not (folder / PROGRAM).exists():
            with step("docker-compose from Debian's unstable suite"):
                unpack(private_apt(["unstable"]).download("docker-compose/unstable"), folder)
    return folder / PROGRAM
