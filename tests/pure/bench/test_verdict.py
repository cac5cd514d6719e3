"""The verdict of the payments' bench."""

import pytest

from tests.bench import verdict


def _round(seconds, queries=100):
    return {"create": (seconds, queries), "post": (seconds, queries)}


def test_ratio_of_each_round():
    # The machine becomes three times slower: both did, so nothing is said of the addon.
    rows = verdict.compare(
        [_round(1.0), _round(2.0), _round(3.0)], [_round(1.01), _round(2.02), _round(3.03)]
    )
    assert [row.step for row in rows] == ["create", "post", "all"]
    assert rows[-1].ratios == pytest.approx((1.01, 1.01, 1.01))
    assert rows[-1].seconds == pytest.approx((4.0, 4.04))
    assert verdict.broken(rows) == []


def test_one_disturbed_round_does_not_count():
    rows = verdict.compare([_round(1.0)] * 3, [_round(1.0), _round(9.0), _round(1.02)])
    assert rows[-1].ratios == pytest.approx((1.0, 1.02, 9.0))
    assert verdict.broken(rows) == []


def test_too_slow():
    rows = verdict.compare([_round(1.0)] * 3, [_round(1.05)] * 3)
    assert verdict.broken(rows) == ["time ratio 1.050, allowed is 1.03"]


def test_a_query_for_each_payment():
    rows = verdict.compare([_round(1.0)], [_round(1.0, queries=600)])
    assert verdict.broken(rows) == [
        "create: 500 SQL queries more, allowed are 30",
        "post: 500 SQL queries more, allowed are 30",
    ]
