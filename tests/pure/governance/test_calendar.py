"""Freezes and maintenance windows: no start inside a freeze, in any time zone."""

import random
from datetime import date, datetime, timedelta

import pytest
import pytz
from release_core.calendar import Span, Weekly, days, holidays, in_maintenance, month_ends

#: Time zones whose clocks move at midnight, by half an hour, on the southern half, or never.
ZONES = [
    "UTC",
    "Europe/Lisbon",
    "America/New_York",
    "America/Asuncion",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
]
SCHEDULES = 10_000
DAY = timedelta(days=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=pytz.utc)


def at(moment):
    """The shortest span there is, at ``moment``."""
    return Span(moment, moment + timedelta(microseconds=1))


def frozen(spans, moment):
    return any(span.holds(moment) for span in spans)


def test_a_freeze_of_days_holds_from_midnight_to_midnight():
    span = days(date(2026, 1, 31), date(2026, 2, 1), "Asia/Kolkata")
    assert span == Span(utc("2026-01-30T18:30"), utc("2026-02-01T18:30"))


def test_a_day_whose_midnight_never_comes_begins_with_its_first_moment():
    # In Beirut the clock went from 00:00 to 01:00 on 29 March 2020.
    span = days(date(2020, 3, 29), date(2020, 3, 29), "Asia/Beirut")
    assert span.start <= utc("2020-03-28T22:00")
    assert span.end == utc("2020-03-29T21:00")


def test_a_day_whose_midnight_comes_twice_is_frozen_from_the_first_to_the_last():
    # In Havana the clock went from 01:00 back to 00:00 on 1 November 2020.
    before = days(date(2020, 10, 31), date(2020, 10, 31), "America/Havana")
    after = days(date(2020, 11, 1), date(2020, 11, 1), "America/Havana")
    assert before.end == utc("2020-11-01T05:00")
    assert after.start == utc("2020-11-01T04:00")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-02-26T23:59:59", False),
        ("2026-02-27T00:00", True),
        ("2026-03-03T23:59:59", True),
        ("2026-03-04T00:00", False),
    ],
)
def test_the_end_of_a_month_with_its_days_before_and_after(moment, expected):
    assert frozen(month_ends(at(utc(moment)), 2, 3, "UTC"), utc(moment)) is expected


def test_a_month_whose_books_are_closed_is_over():
    moment = utc("2026-03-02T12:00")
    assert frozen(month_ends(at(moment), 2, 3, "UTC", date(2026, 2, 27)), moment)
    assert not frozen(month_ends(at(moment), 2, 3, "UTC", date(2026, 2, 28)), moment)


def test_a_yearly_holiday_across_new_year():
    def holds(text):
        moment = utc(text)
        return frozen(
            holidays(at(moment), date(2020, 12, 24), date(2021, 1, 1), True, "UTC"), moment
        )

    assert holds("2031-12-24T00:00")
    assert holds("2032-01-01T23:59")
    assert not holds("2032-01-02T00:00")


def test_a_leap_day_is_kept_in_every_year():
    moment = utc("2027-02-28T12:00")
    spans = holidays(at(moment), date(2024, 2, 29), date(2024, 2, 29), True, "UTC")
    assert frozen(spans, moment)


def test_hours_across_midnight():
    windows = [Weekly(6, 22.5, 2.0)]
    held = {
        hour: in_maintenance(utc(hour), windows, "UTC")
        for hour in ("2026-11-22T22:29", "2026-11-22T22:30", "2026-11-23T01:59", "2026-11-23T02:00")
    }
    assert list(held.values()) == [False, True, True, False]


def test_without_hours_every_moment_will_do():
    assert in_maintenance(utc("2026-11-20T12:00"), [], "UTC")


def _schedule(dice):
    """A random freeze and a random moment near it, and what the wall calendar says of both."""
    zone = dice.choice(ZONES)
    moment = utc("2019-01-01T00:00") + timedelta(minutes=dice.randrange(8 * 366 * 24 * 60))
    local = moment.astimezone(pytz.timezone(zone)).date()
    if dice.random() < 0.5:
        before, after = dice.randrange(6), dice.randrange(1, 9)
        spans = month_ends(at(moment), before, after, zone)
        return spans, moment, _near_month_end(local, before, after)
    first = local + timedelta(days=dice.randrange(-9, 9))
    last = first + timedelta(days=dice.randrange(9))
    return holidays(at(moment), first, last, False, zone), moment, first <= local <= last


def _near_month_end(local, before, after):
    """Read off the wall calendar, without any arithmetic of months."""
    last_days = (local + n * DAY for n in range(before))
    first_days = (local - n * DAY for n in range(after))
    return any((day + DAY).day == 1 for day in last_days) or any(day.day == 1 for day in first_days)


def test_no_start_inside_a_freeze():
    dice, inside = random.Random(20261120), 0  # noqa: S311 a seed, not a secret
    for _number in range(SCHEDULES):
        spans, moment, expected = _schedule(dice)
        assert frozen(spans, moment) == expected, (moment, expected)
        inside += expected
    assert SCHEDULES * 0.2 < inside < SCHEDULES * 0.8
