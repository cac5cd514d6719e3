"""The log kind on real files."""

import gzip
import os
from datetime import timedelta
from pathlib import Path

import pytest
import release_checks as checks
from release_checks.context import Window
from surroundings import WINDOW, Surroundings

ERROR = "2025-11-30 18:05:00,123 4711 ERROR shop odoo.addons.account.models.account_move: It broke"
TRACEBACK = (
    "2025-11-30 18:06:00,000 4711 ERROR shop odoo.http: Exception during request handling.\n"
    "Traceback (most recent call last):\n"
    '  File "/opt/addons/payment_approval/models/account_payment.py", line 3, in write\n'
    "    raise ValueError(1)\n"
    "ValueError: 1"
)


def _line(clock, level="INFO", text="quiet", database="shop", logger="odoo.modules.loading"):
    return f"2025-11-30 {clock},000 4711 {level} {database} {logger}: {text}"


BEFORE = _line("17:00:00", "ERROR", "an old error")
QUIET = [BEFORE, _line("17:59:59"), _line("18:30:00")]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "odoo-server.log"

    def write(*lines):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def _run(path, window=WINDOW, **params):
    context = Surroundings(log_path=str(path), window=window)
    return checks.run(checks.get("log"), context, params)


def test_errors_of_before_do_not_count(log):
    measurement, verdict = _run(log(*QUIET))
    assert verdict.outcome == "passed"
    assert verdict.summary == (
        "0 ERROR/CRITICAL entries between 2025-11-30 18:00:00 and 2025-11-30 19:00:00 UTC"
        " (1 entry of any level)."
    )
    assert measurement.output == "No such entry."


def test_errors_are_named_with_their_tracebacks(log):
    measurement, verdict = _run(log(*QUIET, ERROR, TRACEBACK, TRACEBACK, _line("18:07:00")))
    assert verdict.outcome == "failed"
    assert verdict.summary.startswith("3 ERROR/CRITICAL entries between")
    assert verdict.records == (
        "2× ERROR odoo.http: Exception during request handling. … ValueError: 1",
        "1× ERROR odoo.addons.account.models.account_move: It broke",
    )
    assert "    raise ValueError(1)\nValueError: 1" in measurement.output
    assert "an old error" not in measurement.output


def test_errors_after_the_window_do_not_count(log):
    path = log(*QUIET, _line("19:00:01", "CRITICAL", "later"), "Traceback of later")
    assert _run(path)[1].outcome == "passed"


@pytest.mark.parametrize(
    ("params", "matching"),
    [
        ({}, 2),
        ({"levels": ["WARNING"]}, 1),
        ({"levels": ["CRITICAL"]}, 0),
        ({"module": "account"}, 1),
        ({"module": "payment_approval"}, 1),
        ({"module": "payment"}, 0),
        ({"logger": "odoo.http"}, 1),
        ({"logger": "odoo.htt"}, 0),
        ({"ignore": ["It b.oke"]}, 1),
        ({"ignore": ["ValueError", "broke$"]}, 0),
        ({"database": "shop"}, 2),
        ({"database": "other"}, 0),
    ],
)
def test_filters(log, params, matching):
    path = log(*QUIET, _line("18:04:00", "WARNING"), ERROR, TRACEBACK)
    measurement, verdict = _run(path, **params)
    assert measurement.values["matching"] == matching
    assert verdict.outcome == ("failed" if matching else "passed")


def test_some_entries_may_be_allowed(log):
    assert _run(log(*QUIET, ERROR), max_entries=1)[1].outcome == "passed"
    assert _run(log(*QUIET, ERROR, ERROR), max_entries=1)[1].outcome == "failed"


def test_the_last_minutes(log):
    path = log(*QUIET, ERROR, _line("18:58:00"))
    assert _run(path, last_minutes=10)[1].outcome == "passed"
    assert _run(path, last_minutes=56)[1].outcome == "failed"


def test_a_missing_log_is_an_error_with_a_remedy(tmp_path):
    measurement, verdict = _run(tmp_path / "none.log")
    assert (measurement, verdict.outcome) == (None, "error")
    assert "none.log does not exist" in verdict.summary and "logfile" in verdict.hint


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([_line("18:30:00")], "begins only at 2025-11-30 18:30:00 UTC"),
        ([], "holds no entry of Odoo"),
        (["not a log", "of Odoo"], "holds no entry of Odoo"),
        ([_line("17:00:00"), _line("19:30:00")], "wrote no entry at all"),
    ],
)
def test_a_window_the_log_does_not_cover_is_inconclusive(log, lines, says):
    _measurement, verdict = _run(log(*lines))
    assert (verdict.outcome, says in verdict.summary) == ("inconclusive", True), verdict


def test_errors_found_fail_even_where_the_log_covers_half(log):
    assert _run(log(ERROR))[1].outcome == "failed"


def test_a_rotated_file_is_read_too(log):
    path = log(_line("18:30:00"))
    rotated = path.with_name(f"{path.name}.1")
    rotated.write_text(f"{BEFORE}\n{ERROR}\n")
    path.with_name(f"{path.name}.bak").write_text(f"{ERROR}\n")
    measurement, verdict = _run(path)
    assert measurement.data["files"] == [str(rotated), str(path)]
    assert (verdict.outcome, measurement.values["entries_read"]) == ("failed", 2)
    rotated.write_text(f"{BEFORE}\n{_line('18:01:00')}\n")
    assert "2 entries of any level, 2 files read" in _run(path)[1].summary


def test_a_compressed_file_is_named(log):
    path = log(_line("18:30:00"))
    with gzip.open(f"{path}.1.gz", "wt") as packed:
        packed.write(f"{BEFORE}\n{ERROR}\n")
    measurement, verdict = _run(path)
    assert verdict.outcome == "inconclusive"
    assert measurement.data["files"] == [str(path)]
    assert f"older files are compressed ({path}.1.gz)" in verdict.summary


def test_dated_rotation_is_found(log):
    path = log(_line("18:30:00"))
    path.with_name(f"{path.name}-20251130").write_text(f"{BEFORE}\n{ERROR}\n")
    assert _run(path)[1].outcome == "failed"


def test_workers_write_slightly_out_of_order(log):
    path = log(BEFORE, _line("18:00:00"), _line("17:59:58"), _line("19:00:02"), ERROR)
    assert _run(path)[0].values["matching"] == 1


def test_bytes_that_are_no_text_are_read(log):
    path = log(*QUIET)
    with path.open("ab") as file:
        file.write(b"2025-11-30 18:31:00,000 1 ERROR shop odoo.http: \xff\x00 bad\r\n\xfe more\n")
        file.write(b"2025-13-45 99:99:99,000 1 ERROR shop odoo.http: no such time\n")
    measurement, _verdict = _run(path)
    assert measurement.values["matching"] == 1
    assert "\ufffd" in measurement.output


def test_a_large_log_is_not_read_whole(log):
    moment, lines = WINDOW.start - timedelta(days=20), []
    while moment < WINDOW.end:
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S},000 1 INFO shop odoo.http: {'x' * 400}")
        moment += timedelta(seconds=15)
    path = log(*lines)
    size = os.path.getsize(path)
    assert size > 45_000_000
    before = _bytes_read()
    measurement, verdict = _run(path, Window(WINDOW.start, WINDOW.start + timedelta(minutes=30)))
    assert _bytes_read() - before < 1_000_000
    assert (verdict.outcome, measurement.values["entries_read"]) == ("passed", 121)


def _bytes_read():
    """Bytes that this process has read so far, by the kernel's count."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_every_entry_is_found_wherever_the_search_lands(log):
    moments = [WINDOW.start + timedelta(seconds=second) for second in range(7200)]
    path = log(*(f"{m:%Y-%m-%d %H:%M:%S},000 1 INFO s l: {'y' * 99}\n{'z' * 300}" for m in moments))
    for start in moments[:7000:97]:
        window = Window(start, start + timedelta(seconds=20))
        assert _run(path, window)[0].values["entries_read"] == 21
