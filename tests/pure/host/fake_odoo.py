"""A small program in place of Odoo: a real process, a real port, a real database.

Serves ``/web/login`` and ``/web/session/authenticate``, or runs ``--update`` and ends. How it
behaves comes with the code it runs: ``behaviour.json`` beside the manifest of the module.
"""

import ast
import configparser
import datetime
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg2


def main():
    options = dict(word[2:].partition("=")[::2] for word in sys.argv[1:])
    parser = configparser.ConfigParser()
    parser.read(options["config"])
    shop = dict(parser["options"])
    module = Path(shop["addons"]) / "shop"
    behaviour = json.loads((module / "behaviour.json").read_text())
    if "update" in options:
        sys.exit(upgrade(options, shop, module, behaviour))
    serve(shop, behaviour)


def log(path, level, text, logger="odoo.modules.loading"):
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    with open(path, "a") as target:
        target.write(f"{stamp} {os.getpid()} {level} shop {logger}: {text}\n")


def upgrade(options, shop, module, behaviour):
    """What ``-u`` does: the version of the manifest gets into the database."""
    with open(shop["counts"], "a") as counts:
        counts.write(f"update {options['update']}\n")
    target = options["logfile"]
    version = ast.literal_eval((module / "__manifest__.py").read_text())["version"]
    log(target, "INFO", "Loading module shop (1/1)")
    if behaviour.get("upgrade") == "raise":
        log(target, "CRITICAL", f"Failed to initialize database `{options['database']}`.\n{TRACE}")
        return 255
    if behaviour.get("upgrade") == "log":
        log(target, "ERROR", "The view is not valid", "odoo.addons.base.models.ir_ui_view")
    with psycopg2.connect(dbname=options["database"]) as connection:
        if behaviour.get("upgrade") == "slow":
            time.sleep(2)
        connection.cursor().execute(
            "UPDATE ir_module_module SET state = %s, latest_version = coalesce(%s, latest_version)"
            " WHERE name = 'shop'",
            (
                behaviour.get("state", "installed"),
                None if behaviour.get("upgrade") == "silent" else f"17.0.{version}",
            ),
        )
    log(target, "INFO", "Registry loaded in 0.100s", "odoo.modules.registry")
    return 0


TRACE = """Traceback (most recent call last):
  File "/opt/odoo/odoo/service/server.py", line 1300, in preload_registries
    registry = Registry.new(dbname, update_module=update_module)
  File "/srv/shop/addons/shop/migrations/post.py", line 7, in migrate
    raise ValueError("the upgrade is broken")
ValueError: the upgrade is broken"""


class Page(BaseHTTPRequestHandler):
    """The login page, and the login."""

    shop = {}
    behaviour = {}

    def do_GET(self):
        if self.behaviour.get("die_after") is not None:
            threading.Timer(self.behaviour["die_after"], os._exit, (1,)).start()
        if self.behaviour.get("start") == "broken":
            self._send(500, b"")
        elif Path(self.shop["away"]).exists():
            self._send(303, b"")  # to the selection of databases, as Odoo without PostgreSQL
        else:
            self._send(200, b"<form/>")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(200, json.dumps(self._log_in(**body["params"])).encode())

    def _log_in(self, db, login, password):
        if not self._is_usable(db):
            return {"error": {"data": {"name": "psycopg2.OperationalError"}}}
        if password != self.shop["password"]:
            return {"error": {"data": {"name": "odoo.exceptions.AccessDenied"}}}
        return {"result": {"uid": 7}}

    def _is_usable(self, name):
        """Whether the database is there, without the table that makes logins fail."""
        try:
            with psycopg2.connect(dbname=name) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT to_regclass('broken') IS NULL")
                return cursor.fetchone()[0]
        except psycopg2.OperationalError:
            return False

    def _send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def serve(shop, behaviour):
    if behaviour.get("start") == "die":
        sys.exit("the code cannot be imported")
    time.sleep(0.3)
    Page.shop, Page.behaviour = shop, behaviour
    ThreadingHTTPServer(("127.0.0.1", int(shop["port"])), Page).serve_forever()


if __name__ == "__main__":
    main()
