"""logs: error signatures of a window, compared with the days before, on real files."""

import gzip
import lzma
import os
from datetime import datetime, timedelta, timezone

import pytest
from kit_shop import release_host

START = datetime(2026, 11, 20, 18, 0, tzinfo=timezone.utc)
END = START + timedelta(hours=1)
TRACE = """Traceback (most recent call last):
  File "/srv/releases/{release}/addons/shop/controllers/main.py", line 12, in page
    return self._render(order)
  File "/srv/releases/{release}/addons/shop/models/order.py", line {line}, in _render
    {code}
ValueError: order {order} of '{name}' is broken
"""


def entry(moment, level="INFO", text="quiet", logger="odoo.http"):
    return f"{moment:%Y-%m-%d %H:%M:%S},000 4711 {level} shop {logger}: {text}\n"


def trace(moment, order=7, line=88, release="1", code="raise ValueError(order)", name="Azure"):
    found = TRACE.format(order=order, line=line, release=release, code=code, name=name)
    return entry(moment, "ERROR", f"Exception during request handling of {order}\n{found}")


def ask(shop, days=7, **params):
    moments = {"start": START, "end": END}
    texts = {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()}
    return shop.done("logs", {**texts, "days": days, **params})


def write(shop, *entries):
    # Sorted by their first line, as a log is.
    shop.log.write_text("".join(sorted(entries)), encoding="utf-8")


def before(**ago):
    return START - timedelta(**ago)


def inside(minutes=10):
    return START + timedelta(minutes=minutes)


OLD = entry(before(days=30), text="the log goes back far enough")


def test_new_gone_and_more(shop):
    busy = [entry(inside(n), "ERROR", f"Queue {n} is full") for n in range(20)]
    write(
        shop,
        OLD,
        trace(before(days=1), order=5),
        entry(before(days=2), "ERROR", "Queue 3 is full"),
        entry(before(days=2), "CRITICAL", "No memory left", "odoo.service.server"),
        entry(inside(1)),
        trace(inside(30), order=9, code="raise TypeError(order)"),
        *busy,
    )
    result = ask(shop)
    (new,) = result["new"]
    assert (new["level"], new["logger"], new["count"], new["before"]) == (
        "ERROR",
        "odoo.http",
        1,
        0,
    )
    assert new["message"] == (
        "Exception during request handling of <n> … ValueError: order <n> of <text> is broken"
    )
    assert new["where"] == "addons/shop/models/order.py:88"
    assert new["example"].startswith("2026-11-20 18:30:00,000 4711 ERROR shop odoo.http: Exception")
    assert new["example"].endswith("ValueError: order 9 of 'Azure' is broken")
    assert {found["message"] for found in result["gone"]} == {
        "Exception during request handling of <n> … ValueError: order <n> of <text> is broken",
        "No memory left",
    }
    (more,) = result["more"]
    assert (more["message"], more["count"], more["before"]) == ("Queue <n> is full", 20, 1)
    assert more["expected"] == pytest.approx(1 / 168, abs=0.001)
    assert result["counts"] == {"ERROR": 21, "CRITICAL": 0}
    assert result["entries_read"] == 22
    assert (result["covered"], result["days_before"]) == (True, 7)
    assert result["source"] == str(shop.log)


def test_a_known_error_of_a_changed_file_is_not_new(shop):
    """Line numbers move and releases live in folders of their own; the source line stays."""
    write(
        shop,
        OLD,
        trace(before(days=1), order=5, line=88, release="1", name="Azure"),
        trace(inside(), order=6, line=93, release="2", name="Bruno"),
    )
    result = ask(shop)
    assert (result["new"], result["gone"], result["more"]) == ([], [], [])
    assert result["counts"]["ERROR"] == 1


def test_errors_before_the_days_and_after_the_window_do_not_count(shop):
    write(
        shop,
        OLD,
        entry(before(days=8), "ERROR", "Long ago"),
        entry(inside()),
        entry(END + timedelta(seconds=1), "ERROR", "Later"),
    )
    result = ask(shop)
    assert (result["new"], result["gone"]) == ([], [])
    assert result["entries_read"] == 1


def test_the_borders_of_the_window_belong_to_it(shop):
    write(shop, OLD, entry(START, "ERROR", "First"), entry(END, "ERROR", "Last"))
    assert {found["message"] for found in ask(shop)["new"]} == {"First", "Last"}


def test_a_log_that_begins_within_the_window_does_not_cover_it(shop):
    write(shop, entry(inside(30), "ERROR", "Early or new?"))
    result = ask(shop)
    assert (result["covered"], result["days_before"]) == (False, 0)
    assert len(result["new"]) == 1


def test_a_log_of_two_days_says_so(shop):
    write(shop, entry(before(days=2)), entry(before(days=1), "ERROR", "Now and then"))
    result = ask(shop)
    assert (result["covered"], result["days_before"]) == (True, 2)
    assert result["gone"][0]["expected"] == round(1 / 48, 3)


def test_an_empty_log_measured_nothing(shop):
    result = ask(shop)
    assert (result["entries_read"], result["covered"]) == (0, False)


def test_levels(shop):
    write(shop, OLD, entry(inside(), "WARNING", "Careful"), entry(inside(), "ERROR", "Bad"))
    result = ask(shop, levels=["WARNING"])
    assert result["counts"] == {"WARNING": 1}
    assert [found["message"] for found in result["new"]] == ["Careful"]
    assert shop.ask("logs", {**_span(), "levels": ["; rm"]})["status"] == "refused"
    assert shop.ask("logs", {**_span(), "levels": []})["status"] == "refused"


def _span(start=START, end=END):
    return {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def test_a_span_that_ends_before_it_begins(shop):
    answer = shop.ask("logs", _span(END, START))
    assert (answer["status"], answer["message"]) == (
        "refused",
        "Parameter 'end' is not after 'start'.",
    )


def test_a_log_that_is_not_there(shop):
    shop.log.unlink()
    answer = shop.ask("logs", _span())
    assert answer["status"] == "failed"
    assert "cannot be read" in answer["message"]


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("odoo.log.1", open),
        ("odoo.log-20261119", open),
        ("odoo.log.1.gz", gzip.open),
        ("odoo.log.2026-11-19.xz", lzma.open),
    ],
)
def test_rotated_files_are_read(shop, name, opener):
    older = shop.log.with_name(name)
    with opener(older, "wt") as target:
        target.write(OLD + entry(before(days=1), "ERROR", "Known"))
    os.utime(older, (before(hours=5).timestamp(), before(hours=5).timestamp()))
    write(shop, entry(before(hours=1)), entry(inside(), "ERROR", "Known"))
    result = ask(shop)
    assert result["new"] == []
    assert (result["covered"], result["days_before"]) == (True, 7)


def test_a_rotated_file_older_than_needed_is_not_read(shop):
    oldest = shop.log.with_name("odoo.log.2")
    oldest.write_text(entry(before(days=60)) * 10_000)
    os.utime(oldest, (before(days=40).timestamp(), before(days=40).timestamp()))
    write(shop, OLD, entry(inside()))
    assert ask(shop)["bytes_read"] < 100_000


def test_a_packing_that_cannot_be_read_is_named(shop):
    packed = shop.log.with_name("odoo.log.1.zst")
    packed.write_bytes(b"x")
    write(shop, entry(before(hours=1)), entry(inside()))
    result = ask(shop)
    assert result["unreadable"] == [str(packed)]
    assert result["days_before"] == round(1 / 24, 3)


# -- large logs


@pytest.fixture
def large(shop):
    """200 MB, twenty days before and after the window; an error in a thousand entries."""
    day = timedelta(days=40)
    count = 2_000_000
    step, moment = day / count, END - day / 2
    with open(shop.log, "w") as target:
        for number in range(count):
            if number % 20 == 0:
                stamp = (moment + number * step).strftime("%Y-%m-%d %H:%M:%S")
            level = "ERROR" if number % 1000 == 0 else "INFO"
            target.write(f"{stamp},000 4711 {level} shop odoo.http: {number:09} {'x' * 40}\n")
    return shop


def test_only_the_window_of_a_large_log_is_read(large):
    size = large.log.stat().st_size
    assert size > 180_000_000
    result = ask(large, days=0)
    # An hour of forty days, twice ten seconds of disorder, the halving and whole blocks.
    assert result["bytes_read"] < 4_000_000
    assert result["entries_read"] == pytest.approx(2_000_000 / 40 / 24, abs=20)
    assert result["counts"]["ERROR"] == pytest.approx(result["entries_read"] / 1000, abs=1)
    week = ask(large, days=7)
    assert week["bytes_read"] < size * 7.2 / 40
    assert week["new"] == []


# -- signatures


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Order 4711 of 2 lines", "Order 12 of 31 lines"),
        ("Took 0.123 s", "Took 12.5 s"),
        ("No record account.move(1, 2, 3)", "No record account.move(44,)"),
        ("At 2026-11-20 18:00:01,123 it failed", "At 2026-01-02T03:04:05.5Z it failed"),
        ("<object at 0x7f00aa10>", "<object at 0x7f8bbc20>"),
        ("Session 3f2a9c1b77d04e5f broke", "Session aa09c1b2d3e4f501 broke"),
        (
            "uuid 5a0e4f1c-0000-4000-8000-000000000000",
            "uuid 9b1d4f1c-1234-4abc-9000-00000000ffff",
        ),
        ("From 10.0.0.7:5432", "From 192.0.2.14:49152"),
        ("KeyError: 'partner_id'", "KeyError: 'journal_id'"),
        ('relation "a_b" is missing', 'relation "c" is missing'),
        ("No such file: /tmp/x1/data.bin", "No such file: /var/lib/odoo/data.bin"),
        ("/srv/r1/addons/shop/a.py fails", "/opt/r/2/addons/shop/a.py fails"),
        ("Token AbC123dEf456GhI789 rejected", "Token zZ9yY8xX7wW6vV5uU4 rejected"),
    ],
)
def test_variable_parts(one, other):
    replace = release_host.without_variable_parts
    assert replace(one) == replace(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The view is not valid", "The view is missing"),
        ("The user can't pay and won't", "The user can't log in and won't"),
        ("odoo.addons.account fails", "odoo.addons.sale fails"),
        ("/srv/addons/shop/a.py fails", "/srv/addons/shop/b.py fails"),
        ("module l10n_in is missing", "module l10n_be is missing"),
    ],
)
def test_what_says_something_stays(one, other):
    replace = release_host.without_variable_parts
    assert replace(one) != replace(other)


def test_an_error_of_several_tracebacks_is_where_the_last_began():
    message = (
        'Broken\nTraceback (most recent call last):\n  File "/a/addons/x/one.py", line 1, in one\n'
        "    one()\nKeyError: 1\n\nDuring handling of the above exception, another exception "
        'occurred:\n\nTraceback (most recent call last):\n  File "/a/addons/x/two.py", line 2, in '
        "two\n    two(\n    ^^^^\nValueError: 2\nDETAIL: more\n"
    )
    _identity, where, summary = release_host.error_signature("ERROR", "odoo", message)
    assert where == "addons/x/two.py:2"
    assert summary == "Broken … ValueError: <n>"


def test_a_traceback_of_megabytes_is_one_entry(shop):
    body = "\n".join(f"    line {number} {'x' * 100}" for number in range(60_000))
    long = entry(inside(), "ERROR", f"Huge\n{body}\nValueError: at its end")
    write(shop, OLD, entry(inside(1)), entry(inside(50)))
    shop.log.write_text(shop.log.read_text().replace(entry(inside(50)), long + entry(inside(50))))
    result = ask(shop)
    assert [found["message"] for found in result["new"]] == ["Huge"]
    assert result["entries_read"] == 3


def test_the_journal_of_a_unit(shop):
    """The arguments that journalctl gets; a real journal is read where a real systemd runs."""
    folder = shop.folder / "bin"
    folder.mkdir()
    argv, lines = folder / "argv", folder / "lines"
    lines.write_text(OLD + entry(inside(), "ERROR", "Bad"))
    program = folder / "journalctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {argv}\ncase "$*" in *short-unix*)\n'
        f"echo '{before(days=30).timestamp()} host odoo[1]: x';; *) cat {lines};; esac\n"
    )
    program.chmod(0o755)
    shop.configure(odoo__log="journald", service__name="shop.service", postgresql__bin=folder)
    result = ask(shop)
    assert [found["message"] for found in result["new"]] == ["Bad"]
    assert (result["covered"], result["source"]) == (True, "journal of shop.service")
    first, second = argv.read_text().splitlines()
    assert first == "--unit=shop.service --utc --no-pager --quiet --output=short-unix"
    since, until = (before(days=7, seconds=10), END + timedelta(seconds=10))
    assert second.endswith(f"--since=@{since.timestamp():.0f} --until=@{until.timestamp():.0f}")


def test_what_breaks_off_while_odoo_is_stopped_is_no_error_of_a_version(shop):
    stop = next(step for step in shop.done("restart")["steps"] if step["name"] == "stop")
    began = datetime.fromisoformat(stop["start"].replace("Z", "+00:00"))
    ended = datetime.fromisoformat(stop["end"].replace("Z", "+00:00"))
    write(
        shop,
        entry(began, "ERROR", "cursor already closed"),
        entry(ended + timedelta(seconds=2), "ERROR", "Library not found"),
    )
    window = {"start": began - timedelta(minutes=1), "end": ended + timedelta(minutes=1)}
    result = shop.done(
        "logs", {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in window.items()}
    )
    assert [found["message"] for found in result["new"]] == ["Library not found"]
    assert result["broken_off"] == 1


def test_a_long_entry_keeps_what_was_raised():
    trace = b"Traceback (most recent call last):\n" + b"  a line\n" * 2000 + b"ValueError: the end"
    [error] = release_host.logged_errors(b"2026-01-31 12:00:01,000 7 ERROR shop odoo: oh\n" + trace)
    assert error.endswith("ValueError: the end")
    assert "ERROR shop odoo: oh" in error
    assert len(error) < 4100
