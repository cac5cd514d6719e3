"""A real Chromium, driven over its own DevTools protocol."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from itertools import count

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Seconds within which a page has to show what is waited for.
PATIENCE = 60


class Browser:
    """One window, with a profile of its own that is thrown away.

    :param address: of the Odoo it looks at
    """

    def __init__(self, address):
        self.address = address
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                # Odoo limits the memory of its process and of what that starts; a browser
                # reserves more than it ever uses.
                "prlimit",
                "--as=unlimited:",
                _executable(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
                "--window-size=1366,768",
                f"--user-data-dir={self._profile.name}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._numbers = count(1)
        self._socket = websocket.create_connection(self._page(), timeout=PATIENCE)

    def close(self):
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._profile.cleanup()

    def log_in(self, login, password):
        self.open("/web/login")
        self.wait("document.querySelector('form input[name=login]')")
        self.run(
            f"document.querySelector('[name=login]').value = {json.dumps(login)};"
            f"document.querySelector('[name=password]').value = {json.dumps(password)};"
            "document.querySelector('form:has([name=password])').submit()"
        )
        self.wait("document.querySelector('.o_main_navbar')")

    def open(self, path):
        self._command("Page.navigate", url=self.address + path)

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self._command("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition, patience=PATIENCE):
        """Wait until a JavaScript expression is true."""
        assert self.sees(condition, patience), f"not seen in {patience} s: {condition}"

    def sees(self, condition, patience):
        """Whether a JavaScript expression becomes true within ``patience`` seconds."""
        deadline = time.monotonic() + patience
        while not self.run(f"!!({condition})"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _command(self, method, **params):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _page(self):
        """The address of the window's debugger."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with open(f"{self._profile.name}/DevToolsActivePort") as file:
                    port = file.readline().strip()
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                    pages = json.load(answer)
                return next(page for page in pages if page["type"] == "page")[
                    "webSocketDebuggerUrl"
                ]
            except (FileNotFoundError, StopIteration, urllib.error.URLError, ValueError):
                time.sleep(0.1)
        raise AssertionError("Chromium does not start")


def _executable():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"no browser: install one of {', '.join(NAMES)}"
    return found
