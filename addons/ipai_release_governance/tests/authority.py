"""A time-stamping authority on this machine: OpenSSL behind a web server on 127.0.0.1."""

import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SETTINGS = """
[tsa]
default_tsa = stamp
[stamp]
dir = {folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
certs = $dir/tsa.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[req]
distinguished_name = name
prompt = no
[name]
CN = Test Authority
[stamps]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
"""


class Authority:
    """Answers as told: ``mode`` is ``stamp``, ``old`` (an earlier answer) or ``broken``."""

    def __init__(self):
        self._home = tempfile.TemporaryDirectory()
        self.folder = Path(self._home.name)
        (self.folder / "openssl.cnf").write_text(SETTINGS.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self.openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-sha256"),
            *("-config", "openssl.cnf", "-extensions", "stamps"),
            *("-keyout", "tsa.key", "-out", "tsa.pem"),
        )
        self.mode, self.asked, self._last = "stamp", 0, b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/stamp"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._home.cleanup()

    def openssl(self, *arguments):
        return subprocess.run(
            ["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )

    def vouches(self, head, token):
        """Whether OpenSSL says that this authority stamped ``head``."""
        (self.folder / "head.txt").write_text(head)
        (self.folder / "token.tsr").write_bytes(token)
        files = ("-data", "head.txt", "-in", "token.tsr", "-CAfile", "tsa.pem")
        return "Verification: OK" in self.openssl("ts", "-verify", *files).stdout

    def answer(self, query):
        self.asked += 1
        if self.mode == "broken":
            return b"no time stamp"
        if self.mode == "stamp" or not self._last:
            (self.folder / "query.tsq").write_bytes(query)
            files = ("-queryfile", "query.tsq", "-out", "reply.tsr", "-config", "openssl.cnf")
            self.openssl("ts", "-reply", *files)
            self._last = (self.folder / "reply.tsr").read_bytes()
        return self._last

    def _handler(self):
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                content = authority.answer(query)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments):
                """Nothing: the tests' output stays readable."""

        return Handler
