"""What a check may ask of the place it runs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .base import Measurement
    from .odoo_log import LogFile
    from .snapshot import Snapshot

#: Thresholds every target has unless it sets its own: the figures of the deployment documents.
DEFAULT_THRESHOLDS: Mapping[str, float] = {
    "min_posted_payments": 100,
    "min_posted_invoices": 50,
    "min_free_disk_gb": 10,
}


@dataclass(frozen=True)
class Window:
    """A span of time, both ends timezone-aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A window needs timezone-aware times.")
        if self.end < self.start:
            raise ValueError(f"The window ends ({self.end}) before it starts ({self.start}).")


@dataclass(frozen=True)
class ModuleFacts:
    """What is known of an Odoo module; None where a fact does not exist.

    ``state`` and ``database_version`` are those of the database (``latest_version``: what was last
    installed or upgraded); ``path`` is the module's folder; ``disk_version`` is its manifest's.
    """

    name: str
    state: str | None = None
    database_version: str | None = None
    path: str | None = None
    disk_version: str | None = None


@dataclass(frozen=True)
class Probe:
    """One forbidden act that was tried; ``held`` is None when it could not be tried."""

    code: str
    title: str
    held: bool | None
    message: str = ""


@dataclass(frozen=True)
class DiskFacts:
    """A file system, in bytes; ``free`` is what an ordinary user may still write."""

    path: str
    total: int
    free: int


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP answer; ``seconds`` until the whole body was there, ``location`` of a redirect.

    ``refused`` holds the reason when nobody listens; ``status`` is 0 then.
    """

    url: str
    status: int
    seconds: float
    body: str = ""
    location: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Plan:
    """What a release was planned to put live.

    ``branch`` and ``commit`` are what is deployed, ``files`` the paths that may change with it
    (None: nobody listed them), ``versions`` the expected version of each module without the series.
    """

    reference: str
    branch: str = ""
    commit: str = ""
    files: tuple[str, ...] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def modules(self) -> list[str]:
        """Return the names of the modules that are put live."""
        return list(self.versions)


class HostAnswer(Protocol):
    """What a host helper answered: see ``transport.client.Answer``."""

    status: str
    result: Mapping[str, Any]
    message: str
    hint: str
    progress: Mapping[str, Any] | None


class Host(Protocol):
    """A host as a check sees it: verbs only; key and anchor of the request are its own matter."""

    def call(self, verb: str, params: Mapping[str, Any]) -> HostAnswer:
        """Ask for ``verb``; raise CheckError when the host cannot be asked."""


class Context(Protocol):
    """The surroundings of one check of one release on one target.

    ``series``       Odoo's major version: 17, 18 or 19
    ``thresholds``   figures of the target by name
    ``window``       the time that the release has covered so far
    ``snapshot``     the phase's one read-only snapshot; opened when first asked for
    ``odoo_root``    folder that holds ``import_xml.rng`` (Odoo's own ``odoo/``), or None
    ``plan``         what the release puts live
    """

    series: int
    thresholds: Mapping[str, float]
    window: Window
    odoo_root: str | None
    plan: Plan

    @property
    def snapshot(self) -> Snapshot: ...

    def module(self, name: str) -> ModuleFacts:
        """Return what is known of a module; its facts are None when it is unknown."""

    def baseline(self, item_code: str) -> Measurement | None:
        """Return what the item ``item_code`` of this release measured, or None."""

    def probe(self, params: Mapping[str, Any]) -> Sequence[Probe]:
        """Try forbidden acts as an ordinary user, each in a savepoint that is rolled back."""

    def group_members(self, xmlid: str) -> Sequence[str] | None:
        """Return the logins of a group's active users, direct and implied; None: no such group."""

    def disk_facts(self, path: str | None) -> DiskFacts:
        """Return the file system of ``path``, by default of Odoo's data folder."""

    def http_get(self, path: str, timeout: float) -> HttpAnswer:
        """Get ``path`` of the target's own address; never another host's."""

    def log_file(self) -> LogFile:
        """Return the target's log; raise CheckError with a remedy when there is none."""

    def host(self) -> Host:
        """Return the target's host; raise CheckError when it has none."""

    def minutes_running(self) -> float:
        """Return for how long this attempt has been running."""
