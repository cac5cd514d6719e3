"""What the measurements mean. Imports no Odoo."""

from statistics import median

#: Median time with the addon, divided by the median time without.
TIME_LIMIT = 1.03
#: Queries more in one step, whatever the number of payments.
QUERY_LIMIT = 30


def compare(without, with_addon):
    """Return one row for each step, and one for all together.

    :param list without: rounds, each ``{step: (seconds, queries)}``.
    :param list with_addon: likewise.
    :return: list of ``(step, seconds without, seconds with, ratio, queries without, queries
        with)``.
    """
    steps = list(without[0])
    rows = [_row(step, [r[step] for r in without], [r[step] for r in with_addon]) for step in steps]
    totals = [[_sum(r) for r in rounds] for rounds in (without, with_addon)]
    return [*rows, _row("all", *totals)]


def broken(rows):
    """Return in words which limits the rows of :func:`compare` break."""
    found = [
        f"{step}: {more} SQL queries more, allowed are {QUERY_LIMIT}"
        for step, *_times, before, after in rows[:-1]
        if (more := after - before) > QUERY_LIMIT
    ]
    ratio = rows[-1][3]
    if ratio > TIME_LIMIT:
        found.append(f"time ratio {ratio:.3f}, allowed is {TIME_LIMIT}")
    return found


def _row(step, before, after):
    seconds = [median(value[0] for value in values) for values in (before, after)]
    queries = [round(median(value[1] for value in values)) for values in (before, after)]
    return (step, *seconds, seconds[1] / seconds[0], *queries)


def _sum(measured):
    return tuple(sum(values) for values in zip(*measured.values(), strict=True))
