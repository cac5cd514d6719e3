"""The checks in a real browser: an administrator runs them and watches."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.addons.bus.models.bus import channel_with_db, dispatch, hashable
from odoo.addons.bus.websocket import WebsocketConnectionHandler
from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon
from odoo.tests import HttpCase, tagged


class Service(ThreadingHTTPServer):
    """Down when a page is asked for the first time, and up again the next time."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in self.server.asked else 503)
        self.end_headers()
        self.server.asked.add(self.path)

    def log_message(self, format, *args):  # noqa: A002 - the name is the library's
        """Nobody reads it."""


@tagged("post_install", "-at_install")
class TestTours(ReleaseCommon, HttpCase):
    browser_size = "1366,768"

    def setUp(self):
        super().setUp()
        # 18.0 lets no websocket in while it tests; 19.0 does.
        self.startPatcher(
            patch.object(WebsocketConnectionHandler, "websocket_allowed", return_value=True)
        )
        service = Service()
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        self.target.base_url = f"http://127.0.0.1:{service.server_port}"
        runbook = self._make_runbook(code="tours", phase_ids=self._phases())
        runbook.with_user(self.people["manager"]).action_publish()
        self.release = self._make_release(runbook)
        self.release.action_schedule()

    def _phases(self):
        phases = {"1": ["/there", "/first"], "2": ["/second"], "3": ["/third"]}
        return [self._automated_phase(code, paths) for code, paths in phases.items()]

    def _automated_phase(self, code, paths):
        return (
            0,
            0,
            {
                "code": code,
                "name": f"Phase {code}",
                "stage": "execution",
                "gate_policy": "investigate",
                "sequence": int(code),
                "item_ids": [
                    (0, 0, self._automated_item(f"{code}.{place}", path))
                    for place, path in enumerate(paths, 1)
                ],
            },
        )

    def _automated_item(self, code, path):
        status = "[200, 503]" if path == "/there" else "200"
        check = self.env["ipai.release.check"].create(
            {
                "name": code,
                "kind": "http",
                "parameters": f'{{"path": "{path}", "status": {status}}}',
            }
        )
        return self._item(code, "executor", mode="automated", check_id=check.id)

    def test_administrator_runs_the_checks(self):
        action = self.env.ref("ipai_release_governance.action_ipai_release")
        with self._scheduler():
            self.start_tour(
                f"/web#action={action.id}",
                "ipai_release_administrator_runs_checks",
                login="admin",
            )
        self.env.invalidate_all()
        self.assertEqual(self.release.item_ids.mapped("outcome"), ["passed"] * 4)
        self.assertEqual(self.release.item_ids.mapped("attempt"), [1, 2, 2, 2])

    @contextmanager
    def _scheduler(self):
        """Work off the queue beside the browser: a test is run without Odoo's scheduler."""
        woken, ended = threading.Event(), threading.Event()
        self.patch(type(self.env["ipai.release.queue"]), "_wake", lambda queue: woken.set())
        thread = threading.Thread(target=self._schedule, args=(woken, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            woken.set()
            thread.join()

    def _schedule(self, woken, ended):
        # First the page reads what its button did: what comes after that, it has to be told.
        while woken.wait() and not ended.wait(2):
            woken.clear()
            with self.registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["ipai.release.queue"]._work()
            self._notify()

    def _notify(self):
        """Tell the open pages, as PostgreSQL's NOTIFY does after a real commit."""
        channel = hashable(channel_with_db(self.registry.db_name, self.release))
        for websocket in list(dispatch._channels_to_ws.get(channel, ())):
            websocket.trigger_notification_dispatching()
