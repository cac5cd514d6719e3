"""Look for faults in the sources: ``python3 -m tools.lint [LINTER [file ...]]``.

``make lint`` runs every linter over the whole tree, a commit hook runs one over changed files.
``python3 -m tools.lint --fix [file or folder ...]`` writes what the formatters would change.
"""

import hashlib
import os
import shutil
import subprocess
import sys

from tools import environment
from tools.places import ADDONS, CACHE, REQUIREMENTS, ROOT, TEST_ADDONS, locked, made
from tools.say import Missing, command, say, step

PRETTIER = CACHE / "prettier"
# What pylint-odoo asks for and this suite does not do.
NOT_HERE = (
    "prefer-env-translation",  # env._ does not exist on 17.0
    "consider-merging-classes-inherited",  # one responsibility a file, also within a model
    "missing-return",  # most hooks of the suite return nothing
    "missing-readme",  # the suite has one README and docs/
)


def ruff(files):
    """Return the command that looks for faults in Python files."""
    return [_bin("ruff"), "check", *(files or ["."])]


def formatting(files):
    """Return the command that compares Python files with what ruff would write."""
    return [_bin("ruff"), "format", "--check", *(files or ["."])]


def pylint(files):
    """Return the command that checks addons against Odoo's conventions."""
    addons = [file.parent for file in _manifests()]
    rules = ("--disable=all", "--enable=odoolint", f"--disable={','.join(NOT_HERE)}")
    return [_bin("pylint"), "--jobs=2", *rules, *(files or addons)]


def xml(files):
    """Return the command that compares XML files with what Prettier would write."""
    return [*_prettier(), "--check", *(files or _xml_files())]


LINTERS = {"ruff": ruff, "format": formatting, "pylint": pylint, "xml": xml}


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--fix"]:
        return _fix([ROOT / path for path in arguments[1:]] or [ROOT])
    names, files = (arguments[:1], arguments[1:]) if arguments else (list(LINTERS), [])
    unknown = set(names) - LINTERS.keys()
    if unknown:
        raise Missing(f"there is no linter {unknown.pop()!r}: choose from {', '.join(LINTERS)}")
    failed = [name for name in names if _run(name, LINTERS[name](files))]
    say(f"lint: {', '.join(failed)} found faults" if failed else "lint: no faults")
    return 1 if failed else 0


def _fix(paths):
    python = [path for path in paths if path.is_dir() or path.suffix == ".py"]
    markup = [file for file in _xml_files() if any(_within(file, path) for path in paths)]
    commands = {
        "ruff": [_bin("ruff"), "check", "--fix", *python] if python else [],
        "format": [_bin("ruff"), "format", *python] if python else [],
        "xml": [*_prettier(), "--write", "--log-level=warn", *markup] if markup else [],
    }
    return max((_run(name, argv) for name, argv in commands.items() if argv), default=0)


def _within(file, path):
    return path == file or path in file.parents


def _run(name, argv):
    with step(name):
        return subprocess.run(argv, cwd=ROOT, env=variables(), check=False).returncode


def _bin(name):
    return environment.lint_python().with_name(name)


def variables():
    """Let npm find the Node.js of the linters' environment, not one of the machine."""
    search = f"{_bin('node').parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": search}


def _manifests():
    return [file for folder in (ADDONS, TEST_ADDONS) for file in folder.glob("*/__manifest__.py")]


def _xml_files():
    return sorted(file for manifest in _manifests() for file in manifest.parent.rglob("*.xml"))


def _prettier():
    """Return the beginning of a Prettier command line, Prettier installed first."""
    wanted = hashlib.sha256((REQUIREMENTS / "package.json").read_bytes()).hexdigest()
    stamp = PRETTIER / "stamp"
    with locked("prettier"):
        if not stamp.exists() or stamp.read_text() != wanted:
            _install_prettier()
            stamp.write_text(wanted)
    modules = PRETTIER / "node_modules"
    plugin = modules / "@prettier/plugin-xml/src/plugin.js"
    options = (f"--plugin={plugin}", f"--config={ROOT / '.prettierrc.json'}")
    return [_bin("node"), modules / "prettier/bin/prettier.cjs", *options]


def _install_prettier():
    with step("Prettier, the formatter of XML files"):
        shutil.copy(REQUIREMENTS / "package.json", made(PRETTIER))
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--silent")
        argv = [_bin("npm"), "install", *options, f"--prefix={PRETTIER}"]
        subprocess.run(argv, env=variables(), check=True)


if __name__ == "__main__":
    command(main)
