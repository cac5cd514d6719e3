"""An open page's ear: the websocket over which Odoo says that a release went on."""

import json
import threading

import requests
import websocket

#: Seconds for the handshake and for the first message.
PATIENCE = 30
PROGRESS = "ipai_release/progress"


class Listener:
    """A person's websocket, subscribed to the channel of one release.

    :param heard: ids of the releases it was told about, in their order
    """

    def __init__(self, house, login, password, release_id):
        self.heard = []
        self._changed = threading.Condition()
        self._socket = websocket.create_connection(
            f"{house.address.replace('http', 'ws')}/websocket",
            cookie=f"session_id={_session(house, login, password)}",
            origin=house.address,
            timeout=PATIENCE,
        )
        self._socket.settimeout(None)
        channels = {"channels": [f"ipai_release_{release_id}"], "last": 0}
        self._socket.send(json.dumps({"event_name": "subscribe", "data": channels}))
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self._socket.close()

    def forget(self):
        with self._changed:
            self.heard.clear()

    def wait(self):
        """Wait until something was heard.

        :raises AssertionError: when it stays silent
        """
        with self._changed:
            assert self._changed.wait_for(lambda: self.heard, PATIENCE), "heard nothing"

    def _listen(self):
        while message := self._receive():
            for notification in json.loads(message):
                said = notification["message"]
                if said["type"] == PROGRESS:
                    with self._changed:
                        self.heard.append(said["payload"]["id"])
                        self._changed.notify_all()

    def _receive(self):
        """The next message, or nothing once the socket is closed."""
        try:
            return self._socket.recv()
        except (websocket.WebSocketException, OSError):
            return None


def _session(house, login, password):
    with requests.Session() as session:
        params = {"db": house.database, "login": login, "password": password}
        answer = session.post(
            f"{house.address}/web/session/authenticate",
            json={"jsonrpc": "2.0", "method": "call", "params": params},
            timeout=PATIENCE,
        )
        assert answer.json()["result"]["uid"], f"{login} cannot log in"
        return session.cookies["session_id"]
