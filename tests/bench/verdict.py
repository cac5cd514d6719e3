"""What the measurements mean. Imports no Odoo."""

from statistics import median
from typing import NamedTuple

#: Median time with the addon, divided by the time without of the same round.
TIME_LIMIT = 1.03
#: Queries more in one step, whatever the number of payments.
QUERY_LIMIT = 30


class Row(NamedTuple):
    """One step with and without the addon, or all steps together."""

    step: str
    #: Median seconds, without and with.
    seconds: tuple
    #: Lowest, median and highest of the ratios, one for each round.
    ratios: tuple
    #: Median number of SQL queries, without and with.
    queries: tuple

    @property
    def ratio(self):
        return self.ratios[1]


def compare(without, with_addon):
    """Return one :class:`Row` for each step, and one for all together.

    The ratio is taken within a round, where one is measured right after the other: a machine that
    becomes slower meanwhile makes both slower.

    :param list without: rounds, each ``{step: (seconds, queries)}``.
    :param list with_addon: the same number of them, likewise.
    """
    rows = [
        _row(step, [each[step] for each in without], [each[step] for each in with_addon])
        for step in without[0]
    ]
    return [
        *rows,
        _row("all", *([_sum(each) for each in rounds] for rounds in (without, with_addon))),
    ]


def broken(rows):
    """Return in words which limits the rows of :func:`compare` break."""
    *steps, together = rows
    found = [
        f"{row.step}: {more} SQL queries more, allowed are {QUERY_LIMIT}"
        for row in steps
        if (more := row.queries[1] - row.queries[0]) > QUERY_LIMIT
    ]
    if together.ratio > TIME_LIMIT:
        found.append(f"time ratio {together.ratio:.3f}, allowed is {TIME_LIMIT}")
    return found


def _row(step, before, after):
    ratios = [y[0] / x[0] for x, y in zip(before, after, strict=True)]
    return Row(
        step,
        tuple(median(value[0] for value in values) for values in (before, after)),
        (min(ratios), median(ratios), max(ratios)),
        tuple(round(median(value[1] for value in values)) for values in (before, after)),
    )


def _sum(measured):
    return tuple(sum(values) for values in zip(*measured.values(), strict=True))
