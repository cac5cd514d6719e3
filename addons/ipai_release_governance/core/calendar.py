"""When a release may act: maintenance windows and freezes, in a target's time zone.

Local days become spans of time in UTC. Where the clock is moved at the edge of a span, the longer
reading counts: a freeze never ends an hour early because of daylight saving time.
"""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pytz

DAY = timedelta(days=1)
#: Hours of a day, as maintenance windows count them.
HOURS = 24


@dataclass(frozen=True, order=True)
class Span:
    """From ``start`` on, until just before ``end``; both aware, in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other):
        """Whether there is a moment that both hold."""
        return self.start < other.end and other.start < self.end

    def holds(self, moment):
        """Whether ``moment``, an aware datetime, lies within."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Weekly:
    """A maintenance window of every week, in local time.

    :param weekday: 0 is Monday
    :param start: hour it begins, such as 22.5 for 22:30
    :param end: hour it ends; at or before ``start`` it ends on the next day
    """

    weekday: int
    start: float
    end: float

    def holds(self, local):
        """Whether the naive local time lies within."""
        hour = local.hour + local.minute / 60 + local.second / 3600
        if self.end > self.start:
            return local.weekday() == self.weekday and self.start <= hour < self.end
        if local.weekday() == self.weekday:
            return hour >= self.start
        return local.weekday() == (self.weekday + 1) % 7 and hour < self.end


def days(first, last, zone):
    """The span of whole local days, from ``first`` to ``last`` inclusive.

    :param zone: name of a time zone, such as ``Europe/Lisbon``
    """
    begin, end = datetime.combine(first, time.min), datetime.combine(last + DAY, time.min)
    return Span(min(_instants(begin, zone)), max(_instants(end, zone)))


def _instants(local, zone):
    """The moments a clock on the wall may mean; two where the hour comes twice or never."""
    timezone = pytz.timezone(zone)
    return [
        timezone.localize(local, is_dst=summer).astimezone(pytz.utc) for summer in (True, False)
    ]


def month_ends(span, before, after, zone, closed_until=None):
    """Freezes around the ends of the months that ``span`` may touch.

    :param before: days of the old month that are frozen, its last one included
    :param after: days of the new month that are frozen
    :param closed_until: the books are closed up to this date: such months are over
    """
    first = (span.start - (after + 2) * DAY).date()
    last = (span.end + (before + 2) * DAY).date()
    for year, month in _months(first, last):
        month_end = date(year, month, calendar.monthrange(year, month)[1])
        if not (closed_until and closed_until >= month_end) and before + after:
            begin = month_end - (before - 1) * DAY
            yield days(begin, month_end + after * DAY, zone)


def _months(first, last):
    """Pairs of year and month, from the month of ``first`` to the month of ``last``."""
    number = first.year * 12 + first.month - 1
    while number <= last.year * 12 + last.month - 1:
        yield number // 12, number % 12 + 1
        number += 1


def holidays(span, first, last, yearly, zone):
    """Spans of a holiday from ``first`` to ``last``, in each year that ``span`` may touch."""
    if not yearly:
        yield days(first, last, zone)
        return
    length = last - first
    for year in range(span.start.year - 1, span.end.year + 2):
        # On 29 February the holiday of a common year is the day before.
        shortest = min(first.day, calendar.monthrange(year, first.month)[1])
        begin = date(year, first.month, shortest)
        yield days(begin, begin + length, zone)


def in_maintenance(moment, windows, zone):
    """Whether ``moment`` lies in one of the weekly windows; without any, every moment does."""
    local = moment.astimezone(pytz.timezone(zone)).replace(tzinfo=None)
    return not windows or any(window.holds(local) for window in windows)
