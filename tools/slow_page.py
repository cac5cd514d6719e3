"""pytest plugin: load a page that does not get ready once more, and say which page it was.

Seen once in some hundred runs, on 17.0 on a busy machine: the web client's first page never
starts. The tests are about what comes after it, so a second load is fair; a page that is broken
does not get ready the second time either.
"""

import contextlib

import pytest

#: Seconds for the first load; Odoo's own 60 follow for the second.
FIRST_LOAD = 30


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    """Have Odoo's browser wait in two loads."""
    # Importable only after pytest-odoo has set Odoo up.
    from odoo.tests.common import ChromeBrowser  # noqa: PLC0415

    say = session.config.pluginmanager.get_plugin("terminalreporter").write_line
    wait_once = ChromeBrowser._wait_ready

    def wait_ready(browser, ready_code=None, timeout=60):
        # Odoo's last question gets what is left of the time, which may be too little to answer.
        with contextlib.suppress(TimeoutError):
            if wait_once(browser, ready_code, FIRST_LOAD):
                return True
        say(f"\nnot ready in {FIRST_LOAD} s, loaded again: {_address(browser)}")
        browser._websocket_request("Page.reload")
        return wait_once(browser, ready_code, timeout)

    ChromeBrowser._wait_ready = wait_ready


def _address(browser):
    """Where the browser is: a login page instead of the expected one tells what went wrong."""
    expression = {"expression": "location.href + ' ' + document.readyState"}
    return browser._websocket_request("Runtime.evaluate", params=expression)["result"].get("value")
