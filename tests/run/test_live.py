"""An open form follows a run over the websocket, without a reload of the page."""

import pytest
from browser import Browser
from shop import EXECUTOR, manual

COUNT = 6
NOTE = "document.querySelector('[name=issues_note] textarea')"


@pytest.fixture
def browser(house, password_of_all):
    browser = Browser(house.address)
    browser.log_in(EXECUTOR, password_of_all)
    yield browser
    browser.close()


@pytest.fixture
def release(shop):
    """A running release whose items are all the executor's."""
    release = shop.release([manual()] * COUNT)
    release.press("action_start")
    return release


def shows(number):
    return f"document.body?.innerText.includes('{number} of {COUNT} items settled')"


def look_at(browser, release):
    browser.open(f"/web#id={release.id}&model=ipai.release&view_type=form")
    browser.wait(shows(0))


def pass_items_until(release, condition):
    """Pass one item after the other, elsewhere than in the browser; returns how many it took.

    The first ones may be passed before the form listens: nobody outside knows when it does.
    """
    for number, item in enumerate(release.items().values(), 1):
        release.shop.people[EXECUTOR].call("ipai.release.item", "action_pass", [item["id"]])
        if condition(number):
            return number
    raise AssertionError("the form did not follow")


def test_the_form_follows_the_run(browser, release):
    look_at(browser, release)
    browser.run("window.samePage = true")
    pass_items_until(release, lambda number: browser.sees(shows(number), patience=3))
    assert browser.run("window.samePage")


def test_what_somebody_types_is_not_thrown_away(browser, release):
    look_at(browser, release)
    heard = pass_items_until(release, lambda number: browser.sees(shows(number), patience=3))
    browser.run("document.querySelector('.o_notebook a[name=issues]').click()")
    browser.wait(NOTE)
    browser.run(
        f"{NOTE}.focus(); {NOTE}.value = 'half a sentence';"
        f"{NOTE}.dispatchEvent(new Event('input', {{bubbles: true}}));"
        f"{NOTE}.dispatchEvent(new Event('change', {{bubbles: true}}))"
    )
    item = list(release.items().values())[heard]["id"]
    release.shop.people[EXECUTOR].call("ipai.release.item", "action_pass", [item])
    assert not browser.sees(shows(heard + 1), patience=3)
    assert browser.run(f"{NOTE}.value") == "half a sentence"
    browser.run("document.querySelector('.o_form_button_save').click()")
    browser.wait(shows(heard + 1))
    assert release.read("issues_note") == "half a sentence"
