"""The linters: each finds a fault, and the commit hooks run the same ones."""

import re
import subprocess

import pytest

from tools import lint
from tools.places import ROOT

FAULTS = {
    "ruff": ("fault.py", "import os\n"),
    "format": ("fault.py", "x = {'a':1}\n"),
    "xml": ("fault.xml", '<odoo><record   id="x"/></odoo>\n'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name, tmp_path):
    file, text = FAULTS[name]
    (tmp_path / file).write_text(text)
    assert _status(name, tmp_path / file) == 1


def test_an_addon_against_odoos_conventions_is_found(tmp_path):
    addon = tmp_path / "shop"
    addon.mkdir()
    (addon / "__init__.py").touch()
    (addon / "__manifest__.py").write_text('{"name": "Shop", "version": "1"}\n')
    assert _status("pylint", addon) != 0


def test_attributes_of_a_long_element_are_wrapped(tmp_path):
    names = " ".join(f'attribute_{number}="{"x" * 20}"' for number in range(4))
    file = tmp_path / "long.xml"
    file.write_text(f"<odoo>\n    <record {names}/>\n</odoo>\n")
    assert _status("xml", file) == 1
    wrapped = names.replace(" ", "\n        ")
    file.write_text(f"<odoo>\n    <record\n        {wrapped}\n    />\n</odoo>\n")
    assert _status("xml", file) == 0


def test_the_commit_hooks_are_the_linters():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"entry: python3 -m tools\.lint (\w+)$", hooks, re.MULTILINE)
    assert sorted(entries) == sorted(lint.LINTERS)


def _status(name, *files):
    argv = lint.LINTERS[name]([str(file) for file in files])
    done = subprocess.run(argv, cwd=ROOT, env=lint.variables(), capture_output=True, check=False)
    return done.returncode
