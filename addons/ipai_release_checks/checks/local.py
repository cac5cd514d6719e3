"""The part of a check's surroundings that needs no Odoo: disk, HTTP, log, manifest, snapshot."""

from __future__ import annotations

import ast
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from .base import CheckError, Inconclusive, Measurement
from .context import (
    DEFAULT_THRESHOLDS,
    DiskFacts,
    Host,
    HttpAnswer,
    ModuleFacts,
    Plan,
    Probe,
    Window,
)
from .odoo_log import LogFile
from .snapshot import Snapshot

_BODY_LIMIT = 1_000_000
_REDIRECTS = 5


class LocalContext:
    """The machine this process runs on. A subclass adds what only Odoo knows.

    ``snapshot``  a `Snapshot`, or a function that makes one when a check first asks for it
    ``base_url``  the target's own address, such as ``http://127.0.0.1:8069``; no other is called
    ``log_path``  Odoo's log file, ``data_dir`` its data folder, ``odoo_root`` its own ``odoo/``
    """

    def __init__(
        self,
        series: int,
        window: Window,
        *,
        thresholds: Mapping[str, float] | None = None,
        snapshot: Snapshot | Callable[[], Snapshot] | None = None,
        base_url: str | None = None,
        log_path: str | None = None,
        data_dir: str | None = None,
        odoo_root: str | None = None,
    ) -> None:
        self.series = series
        self.window = window
        self.thresholds = {**DEFAULT_THRESHOLDS, **(thresholds or {})}
        self.base_url = base_url
        self.log_path = log_path
        self.data_dir = data_dir
        self.odoo_root = odoo_root
        #: Nothing planned; Odoo knows what a release puts live.
        self.plan = Plan("")
        self._snapshot = snapshot

    @property
    def snapshot(self) -> Snapshot:
        """Return the phase's snapshot; raise CheckError where no database is known."""
        if callable(self._snapshot):
            self._snapshot = self._snapshot()
        if self._snapshot is None:
            raise CheckError("This target has no database to look into.", "Set its database.")
        return self._snapshot

    def module(self, name: str) -> ModuleFacts:
        """Return what is known of a module. Only Odoo knows."""
        raise _needs_odoo("modules")

    def baseline(self, item_code: str) -> Measurement | None:
        """Return what an item of this release measured. Only Odoo knows."""
        raise _needs_odoo("measurements of other items")

    def probe(self, params: Mapping[str, Any]) -> Sequence[Probe]:
        """Try forbidden acts. Only Odoo can."""
        raise _needs_odoo("guards")

    def group_members(self, xmlid: str) -> Sequence[str] | None:
        """Return the logins of a group's users. Only Odoo knows."""
        raise _needs_odoo("groups")

    def host(self) -> Host:
        """Return the target's host. Only Odoo knows how it is reached."""
        raise CheckError(
            "This target has no host helper.", "Set on the target how its host is reached."
        )

    def minutes_running(self) -> float:
        """Return for how long this attempt has been running; here it has just begun."""
        return 0.0

    def disk_facts(self, path: str | None) -> DiskFacts:
        """Return the file system of ``path`` (or of the data folder), in bytes."""
        path = path or self.data_dir
        if not path:
            raise CheckError(
                "No folder is given and the target has no data folder.", "Set the parameter 'path'."
            )
        usage = shutil.disk_usage(path)
        return DiskFacts(path, usage.total, usage.free)

    def http_get(self, path: str, timeout: float) -> HttpAnswer:
        """Get ``path`` of the target's own address and follow redirects only within it.

        A refused connection is an answer (``refused``). Raises `Inconclusive` on a time-out (in
        seconds), `CheckError` when the target has no address or its answer is no HTTP.
        """
        url = self._url(path)
        started = time.monotonic()
        try:
            with requests.Session() as session:
                # The machine's proxy settings and .netrc must not redirect or sign a health check.
                session.trust_env = False
                return _get(session, url, started, timeout)
        except requests.Timeout as error:
            raise Inconclusive(
                f"{url} did not answer within {timeout:g} s.",
                "Check that the service runs and is not overloaded, or raise 'timeout_seconds'.",
            ) from error
        except requests.ConnectionError as error:
            elapsed = time.monotonic() - started
            return HttpAnswer(url, 0, elapsed, refused=str(_root_cause(error)))
        except requests.RequestException as error:
            raise CheckError(
                f"{url} could not be asked: {error}.", "Check the target's address."
            ) from error

    def log_file(self) -> LogFile:
        """Return the target's log; raise CheckError with a remedy when it is unknown or missing."""
        if not self.log_path:
            raise CheckError(
                "The target has no log file: Odoo writes its log to the console or the journal.",
                "Set 'logfile' in Odoo's configuration, or the target's log file.",
            )
        if not os.path.isfile(self.log_path):
            raise CheckError(
                f"The log file {self.log_path} does not exist or is not a file.",
                "Check 'logfile' in Odoo's configuration and the target's log file.",
            )
        return LogFile(self.log_path)

    def _url(self, path: str) -> str:
        parts = urlsplit(self.base_url or "")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CheckError(
                f"The target has no usable address ({self.base_url or 'none'}).",
                "Set the target's address, such as http://127.0.0.1:8069.",
            )
        if not path.startswith("/"):
            raise CheckError(
                f"'{path}' is no path of the target's own address.",
                "Write a path that starts with one slash, such as /web/login.",
            )
        return f"{parts.scheme}://{parts.netloc}{path}"


def _get(session: requests.Session, url: str, started: float, timeout: float) -> HttpAnswer:
    for _hop in range(_REDIRECTS):
        left = max(started + timeout - time.monotonic(), 0.001)
        with session.get(url, timeout=left, allow_redirects=False, stream=True) as response:
            location = urljoin(url, response.headers.get("Location", ""))
            if response.is_redirect and _origin(location) == _origin(url):
                url = location
                continue
            body = _body(response, started + timeout)
            elapsed = time.monotonic() - started
            elsewhere = location if response.is_redirect else ""
            return HttpAnswer(url, response.status_code, elapsed, body, elsewhere)
    raise CheckError(
        f"{url} redirects more than {_REDIRECTS} times.", "Check the target's redirects."
    )


def _body(response: requests.Response, deadline: float) -> str:
    body = b""
    for chunk in response.iter_content(65_536):
        body += chunk
        if time.monotonic() > deadline:
            raise requests.Timeout
        if len(body) >= _BODY_LIMIT:
            break
    return body[:_BODY_LIMIT].decode(response.encoding or "utf-8", "replace")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return error


def _needs_odoo(what: str) -> CheckError:
    return CheckError(f"Nothing here knows of {what}.", "Run this check inside Odoo.")


def manifest_version(module_path: str) -> str | None:
    """Return the version in a module's ``__manifest__.py``; None when it names none.

    The file is read as a literal, never run. Raises `CheckError` when it is missing or no literal.
    """
    path = os.path.join(module_path, "__manifest__.py")
    try:
        with open(path, encoding="utf-8") as manifest:
            version = ast.literal_eval(manifest.read()).get("version")
    except (OSError, ValueError, SyntaxError, AttributeError) as error:
        raise CheckError(
            f"{path} cannot be read as a manifest: {error}.", "Correct the manifest."
        ) from error
    return None if version is None else str(version)
