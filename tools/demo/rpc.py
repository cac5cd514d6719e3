"""A person at the screen: the calls a browser makes, over HTTP, with that person's rights."""

import itertools
import json
import urllib.request
from http.cookiejar import CookieJar

from tools.say import Missing


class Refused(Missing):
    """Odoo refused a call; the message is what the person would read."""


class Session:
    """One person, logged in.

    :param address: such as ``http://127.0.0.1:8069``
    :raises Refused: for a wrong login
    """

    def __init__(self, address: str, database: str, login: str, password: str):
        self._address = address
        self._ids = itertools.count(1)
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.login = login
        self.database = database
        self._password = password
        account = {"db": database, "login": login, "password": password}
        self.uid = self._post("/web/session/authenticate", account)["uid"]

    def call(self, model: str, method: str, *args, **kwargs):
        """Call a public method of a model and return its result.

        :raises Refused: with the message of Odoo's error
        """
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def sign(self, signoff: int, name: str, button: str = "action_approve", reason: str = ""):
        """Press a button of the dialog of a sign-off, and type the password it asks for.

        :param signoff: id of the sign-off
        :param name: typed as signature
        :raises Refused: with the message of Odoo's error
        """
        model = "ipai.release.signoff.wizard"
        values = {"signoff_id": signoff, "typed_name": name, "reason": reason}
        check = self.call(model, button, [self.call(model, "create", values)])
        # The password is a field of the dialog up to 18.0, and in the context from 19.0 on.
        answer = {"password": self._password}
        self.call(check["res_model"], "write", [check["res_id"]], answer)
        self.call(check["res_model"], "run_check", [check["res_id"]], context=answer)

    def search(self, model: str, domain: list, fields: list[str], order: str = "") -> list[dict]:
        """Return the records the person sees, with ``id`` and the fields named."""
        return self.call(model, "search_read", domain, fields, order=order)

    def download(self, path: str) -> bytes:
        """Return what a link of the page holds."""
        with self._opener.open(self._address + path, timeout=300) as answer:
            return answer.read()

    def _post(self, path: str, params: dict):
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self._ids), "params": params}
        request = urllib.request.Request(  # noqa: S310 our own server's address
            self._address + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=300) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise Refused(reply["error"]["data"]["message"])
        return reply.get("result")
