"""What working off an item brings back: the seam between governance and whoever executes."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """The result of one attempt at an item.

    :param outcome: one of ``passed, warned, failed, error, inconclusive``
    :param summary: one line with figures, for the form and the log
    :param output: raw output as text, kept as evidence
    :param measurements: ``{name: value}``; values are JSON scalars
    :param records: the records that a failure is about, one readable line each
    :param hint: what to do about it
    :param files: ``[(name, bytes)]`` kept as evidence
    :param units: ``{name: unit}`` of measurements that have one
    :param steps: ``[{"name", "start", "end", "ok", "note"}]`` it took, times in ISO 8601 UTC
    """

    outcome: str
    summary: str = ""
    output: str = ""
    measurements: dict = field(default_factory=dict)
    records: tuple = ()
    hint: str = ""
    files: tuple = ()
    units: dict = field(default_factory=dict)
    steps: tuple = ()
