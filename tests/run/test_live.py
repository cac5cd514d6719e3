"""Who has a release open is told at once when it goes on; nobody else is."""

import contextlib
import uuid

import pytest
from listener import Listener
from odoo import release as odoo_release
from shop import http, sql

GROUPS = "group_ids" if odoo_release.version_info[0] >= 19 else "groups_id"


@pytest.fixture
def listen(house, password_of_all):
    """Open a person's websocket for a release; all are closed at the end."""
    with contextlib.ExitStack() as opened:
        yield lambda login, release: opened.enter_context(
            contextlib.closing(Listener(house, login, password_of_all, release.id))
        )


def test_a_viewer_hears_each_outcome_and_reads_it(shop, service, listen):
    release = shop.release([sql(), http("/held"), sql()], base_url=service.address)
    viewer = listen("vera", release)
    release.press("action_start")
    viewer.wait()
    service.wait_until_asked("/held")
    assert outcomes(release) == ["passed", "running", "pending"]
    viewer.forget()
    service.let_go()
    viewer.wait()
    release.settled()
    assert outcomes(release) == ["passed"] * 3
    assert set(viewer.heard) == {release.id}


def outcomes(release):
    """What the viewer, told that something changed, reads."""
    domain = [("release_id", "=", release.id)]
    items = release.shop.people["vera"].search("ipai.release.item", domain, ["outcome"])
    return [item["outcome"] for item in items]


def test_who_may_not_read_the_release_hears_nothing(shop, listen, password_of_all):
    release = shop.release([sql(), sql()])
    other = shop.release([sql()])
    viewer = listen("vera", release)
    strangers = {
        "an accountant without a role": listen("adam", release),
        "a viewer of another company": listen(elsewhere(shop, password_of_all), release),
        "a viewer of another release": listen("quinn", other),
    }
    release.press("action_start")
    release.settled()
    viewer.wait()
    told = [who for who, listener in strangers.items() if release.id in listener.heard]
    assert not told


def elsewhere(shop, password):
    """The login of a new viewer who sees another company only."""
    admin = shop.people["admin"]
    login = f"olga-{uuid.uuid4()}"
    company = admin.call("res.company", "create", {"name": login})
    group = admin.search(
        "ir.model.data",
        [("module", "=", "ipai_release_governance"), ("name", "=", "group_release_viewer")],
        ["res_id"],
    )[0]["res_id"]
    values = {
        "name": "Olga Weiss",
        "login": login,
        "password": password,
        "company_id": company,
        "company_ids": [(6, 0, [company])],
        GROUPS: [(4, group)],
    }
    admin.call("res.users", "create", values)
    return login
