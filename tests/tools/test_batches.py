"""What a test run consists of, on the repository as it is."""

import pytest

from tools import batches
from tools.places import ROOT
from tools.say import Missing


def _labels(found):
    return [(batch.label, batch.series) for batch in found]


def test_every_addon_is_tested_on_every_series_with_itself_only():
    found = batches.plan(["19.0", "17.0"])
    for manifest in ROOT.glob("addons/*/__manifest__.py"):
        name = manifest.parent.name
        own = [batch for batch in found if batch.label == f"addons/{name}"]
        assert [batch.series for batch in own] == ["19.0", "17.0"]
        assert {batch.modules for batch in own} == {(name,)}


def test_pure_tests_run_first_and_once():
    found = batches.plan(["19.0", "17.0"])
    assert [batch.series for batch in found].count(None) == len(batches.PURE)
    assert found[0].series is None


def test_addons_narrow():
    found = batches.plan(["19.0"], addons=["ipai_series"])
    assert _labels(found) == [("addons/ipai_series", "19.0")]


def test_a_file_narrows_to_its_batch():
    test = "tests/tools/test_batches.py::test_addons_narrow"
    found = batches.plan(["19.0"], tests=[test])
    assert _labels(found) == [("tests/tools", None)]
    assert found[0].paths == (test,)


def test_a_folder_above_takes_all_below():
    found = batches.plan(["19.0"], tests=["addons"])
    assert {batch.label for batch in found} == {
        f"addons/{path.parent.name}" for path in ROOT.glob("addons/*/__manifest__.py")
    }


@pytest.mark.parametrize(
    ("narrowed", "message"),
    [
        ({"addons": ["no_such_addon"]}, "there is no addon named no_such_addon"),
        ({"tests": ["addons/nowhere"]}, "there is no test named addons/nowhere"),
        ({"tests": ["tools"]}, "there is no test named tools"),
    ],
)
def test_a_wrong_name_is_no_empty_run(narrowed, message):
    with pytest.raises(Missing, match=message):
        batches.plan(["19.0"], **narrowed)


@pytest.fixture
def shop_folder(tmp_path, monkeypatch):
    """A repository that holds nothing but the tests of one folder, tests/shop."""
    folder = tmp_path / "tests/shop"
    folder.mkdir(parents=True)
    (folder / "test_shop.py").touch()
    monkeypatch.setattr(batches, "ROOT", tmp_path)
    monkeypatch.setattr(batches, "TESTS", tmp_path / "tests")
    monkeypatch.setattr(batches, "PURE", ())
    monkeypatch.setattr(batches.database, "addons", dict)
    return folder


def test_a_folder_can_be_meant_for_one_series(shop_folder):
    (shop_folder / "batch.toml").write_text('modules = ["account"]\nseries = ["19.0"]\n')
    found = batches.plan(["19.0", "17.0"])
    assert [(batch.label, batch.series, batch.modules) for batch in found] == [
        ("tests/shop", "19.0", ("account",))
    ]
