"""``evaluate`` of the kinds, from stored measurements: the same input gives the same verdict."""

import json
from pathlib import Path

import pytest
import release_checks as checks
from release_checks.base import Measurement
from release_checks.context import DEFAULT_THRESHOLDS

CASES = json.loads(Path(__file__).with_name("verdicts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_verdict_of_a_stored_measurement(case):
    verdict = checks.judge(
        checks.get(case["kind"]),
        case["params"],
        Measurement(**case["measurement"]),
        thresholds=DEFAULT_THRESHOLDS,
    )
    assert (verdict.outcome, verdict.summary) == (case["outcome"], case["summary"])
    if "records" in case:
        assert list(verdict.records) == case["records"]
    assert bool(verdict.hint) == (verdict.outcome != "passed")
