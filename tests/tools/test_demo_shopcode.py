"""The shop's own repository: what a release finds there."""

import ast

import pytest

from tools.demo import shopcode
from tools.say import Missing


@pytest.fixture
def shop(tmp_path):
    return shopcode.ShopCode(tmp_path / "code")


def version(shop):
    manifest = shop.clone / shopcode.ADDON / "__manifest__.py"
    return ast.literal_eval(manifest.read_text())["version"]


def test_it_begins_with_the_version_of_before(shop):
    assert version(shop) == shopcode.BEFORE
    assert shop.head() == shop.before
    assert shopcode.git(shop.clone, "status", "--porcelain") == ""


def test_what_is_published_changes_the_files_it_says(shop):
    commit = shop.publish()
    shopcode.git(shop.clone, "fetch", "--quiet")
    changed = shopcode.git(shop.clone, "diff", "--name-only", shop.before, commit).splitlines()
    assert sorted(changed) == sorted(shopcode.FILES)
    shopcode.git(shop.clone, "merge", "--quiet", "--ff-only", commit)
    assert version(shop) == shopcode.AFTER


@pytest.mark.parametrize("name", ["RAISES", "DIES", "SURPRISE"])
def test_each_version_follows_the_one_of_before(shop, name):
    shop.publish()
    commit = shop.publish(getattr(shopcode, name))
    shopcode.git(shop.clone, "fetch", "--quiet")
    assert shopcode.git(shop.clone, "rev-parse", f"{commit}^") == shop.before


def test_an_addon_that_has_changed_is_noticed(tmp_path, monkeypatch):
    changes = {**shopcode.CHANGES, "hooks.py": ("no such text", "another")}
    monkeypatch.setattr(shopcode, "CHANGES", changes)
    with pytest.raises(Missing, match=r"hooks\.py .* no such text"):
        shopcode.ShopCode(tmp_path / "code")
