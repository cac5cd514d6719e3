"""What every check kind is made of: exceptions, measurement, verdict, and the kind itself."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .context import Context

PASSED = "passed"
WARNED = "warned"
FAILED = "failed"
ERROR = "error"
INCONCLUSIVE = "inconclusive"
OUTCOMES = (PASSED, WARNED, FAILED, ERROR, INCONCLUSIVE)
SEVERITIES = ("critical", "major", "minor")
ALL_SERIES = (17, 18, 19)


class CheckProblem(Exception):
    """A check gave no pass and no failure. ``message`` says what is wrong, ``hint`` what to do."""

    outcome: ClassVar[str] = ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CheckError(CheckProblem):
    """The check could not run: outcome ``error``."""


class Inconclusive(CheckProblem):
    """The check ran, but nothing was measured that could be judged: outcome ``inconclusive``."""

    outcome = INCONCLUSIVE


class ParameterError(CheckError):
    """A parameter of the check is wrong; ``parameter`` is its path, such as ``expect[0].op``."""

    def __init__(self, parameter: str, message: str, hint: str = "") -> None:
        super().__init__(f"Parameter '{parameter}': {message}" if parameter else message, hint)
        self.parameter = parameter


class NotYet(Exception):
    """A host is still at it: ask again in a while with the same request. No outcome, no problem.

    ``progress`` is ``{"step", "done", "total", "unit"}``; any of them may be missing.
    """

    def __init__(self, progress: Mapping[str, Any] | None = None) -> None:
        super().__init__("The host is still working on it.")
        self.progress = dict(progress or {})


@dataclass(frozen=True)
class Measurement:
    """What a check found, before anybody judges it. Everything in it is JSON.

    ``values``  named figures, such as ``{"posted_payments": 512}``
    ``output``  the raw evidence as text for people
    ``rows``    the rows of a query as a list of objects, or None where there are no rows
    ``data``    whatever else ``evaluate`` needs; its shape belongs to the kind
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    rows: Sequence[Mapping[str, Any]] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the measurement as canonical JSON text: sorted keys, no NaN."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Measurement:
        """Rebuild a measurement from `to_json`."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Verdict:
    """How a measurement was judged.

    ``outcome`` is one of `OUTCOMES`; ``summary`` is one line with figures; ``records`` names what
    is wrong, one string a record; ``hint`` says what to do and is empty when the check passed.
    """

    outcome: str
    summary: str
    records: tuple[str, ...] = ()
    hint: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"Unknown outcome {self.outcome!r}; known are {', '.join(OUTCOMES)}.")

    def to_json(self) -> str:
        """Return the verdict as canonical JSON text."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_problem(cls, problem: CheckProblem, hint: str = "") -> Verdict:
        """Return the verdict a problem stands for; ``hint`` is used when the problem has none."""
        return cls(problem.outcome, problem.message, hint=problem.hint or hint)


class CheckKind(ABC):
    """One kind of check. Subclass it in one file and fill in the class attributes.

    Kinds keep no state: one instance serves every release, in any thread.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str] = ""
    #: JSON Schema (draft 2020-12) of the parameters; their ``description`` is the form's help.
    schema: ClassVar[Mapping[str, Any]]
    severity: ClassVar[str] = "major"
    series: ClassVar[tuple[int, ...]] = ALL_SERIES
    #: Shown when the check did not pass.
    hint: ClassVar[str] = ""
    #: True when ``collect`` reads ``context.snapshot``.
    uses_snapshot: ClassVar[bool] = False
    #: True when only a target with a host helper can do it; on others a person does the item.
    needs_host: ClassVar[bool] = False
    #: True when it changes the host, and is therefore not tried after a failure before it.
    changes: ClassVar[bool] = False
    #: True when it runs only after a person decided it for this release.
    needs_decision: ClassVar[bool] = False
    #: Units of the measured values by name, where there is one.
    units: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def collect(self, context: Context, params: Mapping[str, Any]) -> Measurement:
        """Measure. ``params`` are valid, defaults and thresholds are filled in (`prepare`).

        Raise `CheckError` when it cannot be measured, `Inconclusive` when nothing was found.
        """

    @abstractmethod
    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Judge. Pure: no file, network, database or clock; the same input, the same verdict.

        ``reference`` is the earlier measurement named by `reference`.
        """

    def reference(self, context: Context, params: Mapping[str, Any]) -> Measurement | None:
        """Return the earlier measurement that this one is compared with; None for most kinds."""
        return None

    def files(self, measurement: Measurement) -> Sequence[tuple[str, bytes]]:
        """Return files to keep as evidence beside the measurement, as (name, content)."""
        return ()

    def steps(self, measurement: Measurement) -> Sequence[Mapping[str, Any]]:
        """Return the steps it took: ``{"name", "start", "end", "ok", "note"}``, times ISO UTC."""
        return ()

    def validate(self, params: Mapping[str, Any]) -> None:  # noqa: B027 (an optional hook)
        """Raise `ParameterError` when a schema cannot express what is wrong with ``params``."""

    def passed(self, summary: str) -> Verdict:
        """Return a verdict that everything is as expected."""
        return Verdict(PASSED, summary)

    def failed(self, summary: str, records: Sequence[str] = ()) -> Verdict:
        """Return a verdict that something is wrong."""
        return Verdict(FAILED, summary, tuple(records), self.hint)

    def warned(self, summary: str, records: Sequence[str] = ()) -> Verdict:
        """Return a verdict that something is not as expected and does not stop a release."""
        return Verdict(WARNED, summary, tuple(records), self.hint)
