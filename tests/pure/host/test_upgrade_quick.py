"""asset_cache_clear and maintenance_page."""

import os

import pytest


def test_only_bundles_are_deleted(shop):
    shop.sql(
        "INSERT INTO ir_attachment (name, url, res_model, res_id, create_uid) VALUES"
        " ('a', '/web/assets/1/a.js', 'ir.ui.view', 0, 1),"
        " ('b', '/web/assets/1/b.js', 'ir.ui.view', 0, 2),"
        " ('c', '/web/assets/1/c.js', 'res.company', 0, 1),"
        " ('d', '/web/image/1', 'ir.ui.view', 0, 1),"
        " ('e', '/web/assets/1/e.js', 'ir.ui.view', 7, 1)"
    )
    assert shop.done("asset_cache_clear") == {"deleted": 1}
    assert shop.sql("SELECT string_agg(name, '' ORDER BY id) FROM ir_attachment") == [("bcde",)]


def test_the_maintenance_page_is_a_file(shop):
    path = shop.folder / "maintenance"
    shop.configure(proxy__maintenance_file=path)
    assert shop.done("maintenance_page", {"on": True}) == {"on": True, "changed": True}
    assert path.exists()
    assert shop.done("maintenance_page", {"on": True}) == {"on": True, "changed": False}
    assert shop.done("maintenance_page", {"on": False}) == {"on": False, "changed": True}
    assert not path.exists()


def test_no_maintenance_page_is_configured(shop):
    answer = shop.ask("maintenance_page", {"on": True})
    assert answer["status"] == "refused"
    assert "'maintenance_file' in [proxy]" in answer["message"]


@pytest.mark.parametrize("on", [1, "true", None, []])
def test_on_is_true_or_false(shop, on):
    answer = shop.ask("maintenance_page", {"on": on})
    assert answer["status"] == "refused"
    assert "'on'" in answer["message"]


def test_a_folder_that_is_not_there(shop):
    shop.configure(proxy__maintenance_file=shop.folder / "nowhere" / "file")
    answer = shop.ask("maintenance_page", {"on": True})
    assert answer["status"] == "failed"
    assert os.strerror(2) in answer["message"]
