"""What is read out of manifests and logs."""

import pytest

from tools import database

PREFIX = "2026-11-20 03:58:46,331 26257"


@pytest.mark.parametrize(
    "line",
    [
        f"{PREFIX} WARNING shop odoo.fields: no",
        f"{PREFIX} ERROR ? odoo.sql_db: no",
        f"{PREFIX} CRITICAL shop odoo.service: no",
        "Traceback (most recent call last):",
    ],
)
def test_trouble_in_a_log(line):
    assert database.TROUBLE.search(line)


def test_a_quiet_line_is_no_trouble():
    assert not database.TROUBLE.search(f"{PREFIX} INFO shop odoo.modules: an ERROR was mended")


def test_the_template_holds_what_addons_need_and_none_of_them():
    class Source:
        def addon(self, name):
            return name != "bus"

    modules = database.stock_modules(Source())
    assert {"account", "mail", "web"} <= set(modules)
    assert "bus" not in modules
    assert not set(modules) & database.addons().keys()
