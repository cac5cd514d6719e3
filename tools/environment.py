"""The virtual environment with everything that Odoo, the suite and its tests import."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys

from tools.places import LOGS, REQUIREMENTS, VENV, locked, made
from tools.say import Missing, say, step

RUNNING = ("odoo.txt", "suite.txt", "test.txt")
LINTING = ("lint.txt",)


def python():
    """Return the interpreter of the virtual environment, made or brought up to date first.

    :raises Missing: Python's venv module is not installed, or pip failed.
    """
    return _ensure(VENV, RUNNING)


def lint_python():
    """Return the interpreter of the linters' own virtual environment."""
    return _ensure(VENV.with_name("venv-lint"), LINTING)


def packages():
    """Return the Debian packages that are missing for a virtual environment."""
    # Debian ships the venv module without the part that puts pip into the environment.
    return [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]


def _ensure(folder, requirements):
    interpreter = folder / "bin/python"
    files = [REQUIREMENTS / name for name in requirements]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = folder / "requirements.sha256"
    with locked(folder.name):
        if not stamp.exists() or stamp.read_text() != wanted or not interpreter.exists():
            _build(folder, files)
            stamp.write_text(wanted)
    return interpreter


def _build(folder, files):
    with step(f"Python packages of {', '.join(file.name for file in files)}"):
        if not (folder / "bin/pip").exists():
            _create(folder)
        arguments = [part for file in files for part in ("--requirement", file)]
        _pip(folder, "install", "--quiet", *arguments)


def _create(folder):
    if packages():
        raise Missing("Python's venv module is missing: run make setup as root")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)


def _pip(folder, *arguments):
    log = made(LOGS) / "pip.log"
    with log.open("w") as handle:
        done = subprocess.run(
            [folder / "bin/python", "-m", "pip", *arguments],
            stdout=handle,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            check=False,
        )
    if done.returncode:
        for line in log.read_text().splitlines()[-10:]:
            say(f"   {line}")
        raise Missing(f"pip failed; its output is in {log}")
