"""Tests that are meant to run without Odoo and import it fail."""

import subprocess
import sys

import pytest

from tools.places import ROOT


@pytest.mark.parametrize("options", [(), ("-n", "2")])
@pytest.mark.parametrize(("code", "status"), [("import odoo", 1), ("import json", 0)])
def test_importing_odoo_fails_the_run(code, status, options, tmp_path):
    (tmp_path / "odoo.py").touch()
    (tmp_path / "test_it.py").write_text(f"{code}\ndef test_it():\n    pass\n")
    argv = [sys.executable, "-m", "pytest", "-p", "no:odoo", "-p", "tools.pure"]
    done = subprocess.run(
        [*argv, *options, str(tmp_path)],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout
    assert ("something imported it" in done.stdout) == bool(status)
    assert done.returncode == status
