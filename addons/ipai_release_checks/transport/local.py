"""A helper on Odoo's own machine, as a process with pipes."""

from __future__ import annotations

import os
import resource
import selectors
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from .errors import ConnectionLost, HostNotConfigured, HostUnreachable
from .lines import AnswerLine, Tail

#: What the helper sees of Odoo's environment: no password of Odoo's own is among it.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME")
#: Seconds that the helper has to end after its input did.
GOODBYE = 2
CHUNK = 65_536


class LocalTransport:
    """Runs an argument list that speaks the protocol, such as ``sudo -n release_host.py serve``.

    ``argv`` comes from Odoo's own configuration, never from the database; no shell reads it.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = list(argv)
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = Tail()

    def exchange(self, request: bytes, timeout: float) -> bytes:
        """Send one line and return the one that answers it. See `client.Transport`."""
        if self._process is None:
            self._process = self._start()
        try:
            return self._talk(self._process, request, time.monotonic() + timeout, timeout)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the helper: its input ends, and it is killed when that does not do."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            _kill(process)
        process.stdout.close()
        process.stderr.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._stderr = Tail()
        try:
            # A session of its own: the interrupt of a terminal is Odoo's, not the helper's.
            process = subprocess.Popen(  # noqa: S603 - an argument list of the administrator's
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                start_new_session=True,
                bufsize=0,
            )
        except OSError as problem:
            raise HostNotConfigured(
                f"The host command {self._argv[0]} cannot be run: {problem.strerror}.",
                "Correct ipai_release_host_command in odoo.conf, or install the helper.",
            ) from problem
        for pipe in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(pipe.fileno(), False)
        _lift_limits(process)
        return process

    def _talk(
        self, process: subprocess.Popen[bytes], request: bytes, deadline: float, timeout: float
    ) -> bytes:
        """Write and read whatever is ready, so that neither side waits for the other."""
        rest, answer = memoryview(request), AnswerLine()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdin, selectors.EVENT_WRITE)
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stderr, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                for ready, _events in selector.select(left):
                    if ready.fileobj is process.stdin:
                        rest = self._write(process, rest, selector)
                    elif ready.fileobj is process.stderr:
                        self._hear(process, selector)
                    elif answer.feed(self._read(process)):
                        return answer.line()
        raise HostUnreachable(
            f"The host command {self._argv[0]} did not answer within {timeout:g} s."
            f"{self._stderr.said()}",
            "Look at the host: is the helper busy, the disk full, the machine overloaded?",
        )

    def _write(
        self,
        process: subprocess.Popen[bytes],
        rest: memoryview,
        selector: selectors.BaseSelector,
    ) -> memoryview:
        try:
            rest = rest[os.write(process.stdin.fileno(), rest) :]
        except BrokenPipeError:
            rest = rest[:0]
        if not rest:
            selector.unregister(process.stdin)
        return rest

    def _hear(self, process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> None:
        data = os.read(process.stderr.fileno(), CHUNK)
        self._stderr.feed(data)
        if not data:
            selector.unregister(process.stderr)

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        data = os.read(process.stdout.fileno(), CHUNK)
        if data:
            return data
        raise ConnectionLost(
            f"The host command {self._argv[0]} {self._ending(process)} before it answered."
            f"{self._stderr.said()}",
            "Run the command by hand as the user that Odoo runs as.",
        )

    def _ending(self, process: subprocess.Popen[bytes]) -> str:
        with suppress(subprocess.TimeoutExpired):
            process.wait(GOODBYE)
        with suppress(BlockingIOError):
            self._stderr.feed(os.read(process.stderr.fileno(), CHUNK))
        if process.returncode is None:
            return "closed its output"
        if process.returncode < 0:
            return f"was killed by signal {-process.returncode}"
        return f"ended with status {process.returncode}"


def _lift_limits(process: subprocess.Popen[bytes]) -> None:
    """Let the helper use what the machine allows: Odoo limits its workers, and a dump of the
    database takes more of the processor than a request may.
    """
    # A helper under sudo belongs to root, who is asked by nobody here.
    with suppress(PermissionError):
        for limit in (resource.RLIMIT_CPU, resource.RLIMIT_AS):
            most = resource.getrlimit(limit)[1]
            resource.prlimit(process.pid, limit, (most, most))


def _kill(process: subprocess.Popen[bytes]) -> None:
    # A helper under sudo belongs to root: it cannot be signalled, and ends when its input did.
    with suppress(PermissionError):
        process.kill()
        process.wait()
