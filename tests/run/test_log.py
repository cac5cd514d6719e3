"""The check of the log reads what this Odoo really wrote."""

import time

import pytest
from shop import manual, until

from tools.demo.rpc import Refused

LOG = ("log", {"levels": ["ERROR"], "logger": "odoo.sql_db"})


def errors(house):
    return house.log.read_text().count("ERROR: duplicate key")


def provoke(shop, house):
    """Have Odoo log a real error: a key that is there already."""
    before = errors(house)
    with pytest.raises(Refused):
        shop.people["admin"].call(
            "ir.config_parameter", "create", {"key": "web.base.url", "value": "x"}
        )
    until("Odoo to log the error", lambda: errors(house) > before)


def test_an_error_in_the_window_is_found_and_named(shop, house):
    release = shop.release([manual(), LOG])
    release.press("action_start")
    provoke(shop, house)
    release.do("1.1")
    assert release.settled()["1.2"] == "failed"
    item = release.items("summary", "records")["1.2"]
    assert "1 ERROR entry" in item["summary"]
    assert "(web.base.url) already exists" in item["records"]
    outputs = [row["output"] or "" for row in release.evidence("1.2", "output")]
    assert any("INSERT INTO" in output for output in outputs)


def test_an_error_before_the_window_is_not(shop, house):
    provoke(shop, house)
    # The window begins with the second in which Start was pressed.
    time.sleep(1.1)
    release = shop.release([manual(), LOG])
    release.press("action_start")
    release.do("1.1")
    assert release.settled()["1.2"] == "passed"
