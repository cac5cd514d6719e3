"""The kinds that look at files, groups and guards."""

import importlib.util
import os
from pathlib import Path

import pytest
import release_checks as checks
from release_checks.base import CheckError
from release_checks.context import ModuleFacts, Probe
from release_checks.local import manifest_version
from surroundings import Surroundings

ODOO_ROOT = os.path.dirname(importlib.util.find_spec("odoo").origin or "") or next(
    iter(importlib.util.find_spec("odoo").submodule_search_locations)
)
ADDONS = Path(__file__).resolve().parents[3] / "addons"

DATA = """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <record id="one" model="res.partner">
        <field name="name">One</field>
    </record>
</odoo>
"""


@pytest.fixture
def module(tmp_path):
    """Return a function that writes files of a module and runs a kind on it."""
    folder = tmp_path / "shop"
    folder.mkdir()

    def run(kind, files, root=ODOO_ROOT):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        facts = {"shop": ModuleFacts("shop", path=str(folder))}
        context = Surroundings(modules=facts, odoo_root=root)
        return checks.run(checks.get(kind), context, {"module": "shop"})

    return run


def test_python_that_compiles(module):
    measurement, verdict = module(
        "python_syntax", {"__init__.py": "", "models/a.py": "x = 1\n", "a.txt": "not (python"}
    )
    assert (verdict.outcome, verdict.summary) == ("passed", "2 Python files, all compile.")
    assert measurement.output == "shop/__init__.py: OK\nshop/models/a.py: OK"


def test_python_that_does_not_compile_is_named_by_line(module, tmp_path):
    measurement, verdict = module(
        "python_syntax",
        {
            "good.py": "raise SystemExit('must never run')\n",
            "models/a.py": "x = 1\ndef f(:\n    pass\n",
            "nul.py": b"x = 1\x00\n",
            "deep.py": "(" * 5000 + ")" * 5000,
            "latin.py": b"x = '\xe9'\n",
        },
    )
    assert verdict.outcome == "failed"
    assert verdict.summary.startswith("4 of 5 Python files cannot be compiled: shop/deep.py:1:")
    assert any(
        record.startswith("shop/models/a.py:2: invalid syntax") for record in verdict.records
    )
    assert measurement.values["files"] == 5
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_warning_of_the_compiler_is_noted(module):
    measurement, verdict = module("python_syntax", {"a.py": "x = 1 is 1\n"})
    assert verdict.outcome == "passed"
    assert 'a.py:1: warning: "is" with' in measurement.output


def test_a_module_without_files_or_folder_never_passes(module):
    assert module("python_syntax", {"a.txt": ""})[1].outcome == "inconclusive"
    assert module("xml_syntax", {"a.txt": ""})[1].outcome == "inconclusive"
    for kind in ("python_syntax", "xml_syntax"):
        context = Surroundings(odoo_root=ODOO_ROOT)
        _m, verdict = checks.run(checks.get(kind), context, {"module": "ghost"})
        assert (verdict.outcome, "ghost has no folder" in verdict.summary) == ("error", True)


def test_links_out_of_the_module_are_not_followed(module, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "bad.py").write_text("(")
    (tmp_path / "shop" / "link").symlink_to(tmp_path / "elsewhere")
    assert module("python_syntax", {"a.py": ""})[1].summary == "1 Python file, all compile."


def test_xml_that_is_right(module):
    _m, verdict = module(
        "xml_syntax", {"a.xml": DATA, "static/t.xml": "<templates><t/></templates>"}
    )
    assert (verdict.outcome, verdict.summary) == (
        "passed",
        "2 XML files, all well-formed; 1 data file valid.",
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (DATA.replace("</record>", ""), "shop/a.xml:6:"),
        (DATA.replace("<record ", "<recrod ").replace("</record>", "</recrod>"), "shop/a.xml:3:"),
        (DATA.replace(' model="res.partner"', ""), "shop/a.xml:3:"),
        ("", "shop/a.xml:1:"),
        (b"\x00\x01binary", "shop/a.xml:1:"),
    ],
)
def test_xml_that_is_wrong_is_named_by_line(module, content, place):
    _m, verdict = module("xml_syntax", {"a.xml": content, "b.xml": DATA})
    assert verdict.outcome == "failed"
    assert verdict.summary.startswith("1 of 2 XML files are wrong: ")
    assert verdict.records[0].startswith(place), verdict.records


def test_xml_is_never_expanded_or_loaded(module, tmp_path):
    # Were it loaded, the file would be wrong.
    (tmp_path / "secret.txt").write_text("<the-secret")
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    files = {
        "outside.xml": f'<!DOCTYPE t [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]><t>&x;</t>',
        "network.xml": '<!DOCTYPE t SYSTEM "http://elsewhere.example.com/t.dtd"><t/>',
    }
    _measurement, verdict = module("xml_syntax", files)
    assert verdict.outcome == "passed"
    bomb = f'<!DOCTYPE t [<!ENTITY e0 "boom">{bomb}]><t>&e12;</t>'
    measurement, _verdict = module("xml_syntax", {"bomb.xml": bomb})
    assert len(measurement.to_json()) < 1_000


def test_odoos_grammar_must_be_there(module, tmp_path):
    for root in (None, str(tmp_path)):
        _m, verdict = module("xml_syntax", {"a.xml": DATA}, root)
        assert (verdict.outcome, "import_xml.rng" in verdict.summary) == ("error", True)


@pytest.mark.parametrize("kind", ["python_syntax", "xml_syntax"])
def test_the_suites_own_addons_are_right(kind):
    for manifest in sorted(ADDONS.glob("*/__manifest__.py")):
        name, folder = manifest.parent.name, str(manifest.parent)
        if kind == "xml_syntax" and not list(manifest.parent.rglob("*.xml")):
            continue
        context = Surroundings(modules={name: ModuleFacts(name, path=folder)}, odoo_root=ODOO_ROOT)
        _m, verdict = checks.run(checks.get(kind), context, {"module": name})
        assert verdict.outcome == "passed", (name, verdict)


def test_versions_are_compared_with_and_without_the_series(tmp_path):
    manifest = tmp_path / "__manifest__.py"
    manifest.write_text("# comment\n{'name': 'Shop', 'version': '1.0.9'}\n")
    facts = ModuleFacts(
        "shop", "installed", "18.0.1.0.9", str(tmp_path), manifest_version(tmp_path)
    )
    for wanted in ("1.0.9", "18.0.1.0.9", None):
        params = {"module": "shop"} | ({"version": wanted} if wanted else {})
        context = Surroundings(series=18, modules={"shop": facts})
        _m, verdict = checks.run(checks.get("module"), context, params)
        assert verdict.outcome == "passed", verdict
    _m, verdict = checks.run(checks.get("module"), context, {"module": "shop", "version": "1.0.8"})
    assert verdict.summary == (
        "The module shop is 18.0.1.0.9 in the database and 18.0.1.0.9 on disk, expected 18.0.1.0.8."
    )


@pytest.mark.parametrize("content", ["{'version': __import__('os').getcwd()}", "{", "[]", None])
def test_a_manifest_is_read_and_never_run(tmp_path, content):
    if content is not None:
        (tmp_path / "__manifest__.py").write_text(content)
    with pytest.raises(CheckError, match="cannot be read as a manifest"):
        manifest_version(tmp_path)


def test_free_space_of_the_data_folder(tmp_path):
    context = Surroundings(data_dir=str(tmp_path), thresholds={"min_free_disk_gb": 0})
    measurement, verdict = checks.run(checks.get("disk"), context, {})
    assert verdict.outcome == "passed"
    assert 0 < measurement.values["free_bytes"] < measurement.values["total_bytes"]
    _m, verdict = checks.run(checks.get("disk"), context, {"min_free_gb": 10**9})
    assert (verdict.outcome, "expected at least 1000000000 GB" in verdict.summary) == (
        "failed",
        True,
    )
    _m, verdict = checks.run(checks.get("disk"), context, {"path": "/no/such/folder"})
    assert (verdict.outcome, "/no/such/folder" in verdict.summary) == ("error", True)


def test_groups_list_their_logins():
    context = Surroundings(groups={"base.group_user": ["eve", "ada"], "base.group_portal": []})
    wanted = ["base.group_user", "base.group_portal", "base.group_ghost"]
    params = {"groups": [{"group": name} for name in wanted]}
    measurement, verdict = checks.run(checks.get("group_members"), context, params)
    assert verdict.outcome == "failed"
    assert measurement.output == (
        "base.group_user: ada, eve\nbase.group_portal: nobody\nbase.group_ghost: does not exist"
    )


def test_guards_are_tried():
    probes = [
        Probe("edit", "Edit a posted payment", True, "refused"),
        Probe("reset", "Reset", None),
    ]
    context = Surroundings(probes=probes)
    measurement, verdict = checks.run(checks.get("guard"), context, {"guards": ["edit"]})
    assert verdict.outcome == "passed"
    assert "Edit a posted payment | true | refused" in measurement.output
    assert checks.run(checks.get("guard"), context, {})[1].outcome == "inconclusive"
