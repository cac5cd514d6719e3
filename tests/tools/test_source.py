"""Where the Odoo trees are found."""

import os

import pytest

from tools import source
from tools.say import Missing

RELEASE = "version_info = (18, 0, 0, FINAL, 0, '')\n"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Return a function that makes an Odoo 18.0 tree and names it in ODOO_SOURCE_18."""

    def make(layout="", files=()):
        for file in ("odoo/release.py", *files):
            path = tmp_path / layout / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(RELEASE)
        monkeypatch.setenv("ODOO_SOURCE_18", str(tmp_path))
        return tmp_path / layout

    monkeypatch.setattr(source, "CACHE", tmp_path / "cache")
    for series in source.SERIES:
        monkeypatch.delenv(source.variable(series), raising=False)
    return make


@pytest.mark.parametrize("layout", source.LAYOUTS)
def test_a_checkout_and_an_unpacked_package_are_found(tree, layout):
    home = tree(layout)
    assert source.find("18.0").home == home


def test_only_series_that_are_there_are_listed(tree):
    assert source.found() == ["19.0"]
    tree()
    assert source.found() == ["19.0", "18.0"]


def test_another_series_than_the_variable_says_is_refused(tree, monkeypatch):
    monkeypatch.setenv("ODOO_SOURCE_17", str(tree()))
    with pytest.raises(Missing, match=r"ODOO_SOURCE_17=.* holds no Odoo 17\.0"):
        source.find("17.0")


def test_a_missing_series_names_the_variable_to_set(tree):
    with pytest.raises(Missing, match=r"Odoo 17\.0 is not on this machine: set ODOO_SOURCE_17"):
        source.find("17.0")


def test_an_unknown_series_names_the_known_ones():
    with pytest.raises(Missing, match=r"unknown series '16\.0': choose from 19\.0, 18\.0, 17\.0"):
        source.find("16.0")


def test_core_addons_beside_the_tree(tree):
    home = tree(files=("addons/web/__manifest__.py", "odoo/addons/base/__manifest__.py"))
    found = source.find("18.0")
    assert found.addons_paths == [home / "addons"]
    assert found.addon("web") == home / "addons/web"


def test_core_addons_held_twice_are_used_once(tree):
    home = tree(files=("addons/web/__manifest__.py", "odoo/addons/web/__manifest__.py"))
    found = source.find("18.0")
    assert found.addons_paths == []
    assert found.addon("web") == home / "odoo/addons/web"
    assert found.addon("no_such_addon") is None


def test_another_build_of_a_tree_gets_another_template(tree):
    home = tree()
    before = source.find("18.0").release
    os.utime(home / "odoo/release.py", (0, 0))
    assert source.find("18.0").release != before
