"""The HTTP kind against a real server on this machine."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import release_checks as checks
from release_checks.base import CheckError
from surroundings import Surroundings

OTHER = "http://elsewhere.example.com/stolen"


class Site(BaseHTTPRequestHandler):
    """A few pages; ``seen`` holds the paths that were asked for."""

    seen: list[str] = []
    redirects = {"/web": "/web/login", "/away": OTHER, "/round": "/round"}

    def do_GET(self):
        self.seen.append(self.path)
        if self.path in self.redirects:
            self.send_response(303)
            self.send_header("Location", self.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/slow":
            time.sleep(1.2)
        body = b"Log in to the shop"
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing on the terminal of the tests."""


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _run(address, **params):
    return checks.run(checks.get("http"), Surroundings(base_url=address), params)


def test_the_login_page_answers(address):
    measurement, verdict = _run(address, contains="Log in")
    assert verdict.outcome == "passed"
    assert measurement.values["status"] == 200
    assert "Log in to the shop" in measurement.output


def test_a_redirect_within_the_address_is_followed(address):
    assert _run(address, path="/web")[1].outcome == "passed"


def test_a_redirect_to_another_host_is_not_followed(address):
    _measurement, verdict = _run(address, path="/away")
    assert verdict.outcome == "failed"
    assert f"status 303 and a redirect to {OTHER}, expected 200" in verdict.summary


def test_endless_redirects_are_an_error(address):
    _measurement, verdict = _run(address, path="/round")
    assert (verdict.outcome, "redirects more than" in verdict.summary) == ("error", True)


def test_another_status_fails(address):
    assert "status 503, expected 200" in _run(address, path="/broken")[1].summary
    assert _run(address, path="/broken", status=[200, 503])[1].outcome == "passed"


def test_slow_warns_and_too_slow_is_inconclusive(address):
    assert _run(address, path="/slow", max_seconds=1)[1].outcome == "warned"
    _measurement, verdict = _run(address, path="/slow", timeout_seconds=0.3)
    assert (verdict.outcome, "did not answer within 0.3 s" in verdict.summary) == (
        "inconclusive",
        True,
    )


def test_nobody_listening_fails():
    _measurement, verdict = _run("http://127.0.0.1:8159")
    assert (verdict.outcome, "cannot be reached" in verdict.summary) == ("failed", True)


@pytest.mark.parametrize("base", [None, "", "ftp://127.0.0.1", "file:///etc/passwd", "nonsense"])
def test_an_address_that_is_none_is_an_error(base):
    assert _run(base)[1].outcome == "error"


@pytest.mark.parametrize("path", ["@elsewhere.example.com/", ":80@elsewhere.example.com/", "web"])
def test_a_path_cannot_lead_to_another_host(address, path):
    with pytest.raises(CheckError, match="no path of the target"):
        Surroundings(base_url=address).http_get(path, 1)


def test_proxy_settings_of_the_machine_are_ignored(address, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:8158")
    monkeypatch.delenv("no_proxy", raising=False)
    assert _run(address)[1].outcome == "passed"
