"""The journal: chained, and whole after a kill."""

import json

import hosted
import pytest

release_host = hosted.load()


@pytest.fixture
def journal(tmp_path):
    found = release_host.Journal(tmp_path / "journal.jsonl")
    for number in range(5):
        found.append("step", "k", "backup", {"number": number, "text": "ä" * 10})
    return found


def _lines(journal):
    return journal.path.read_bytes().splitlines(keepends=True)


def test_events_follow_each_other(journal):
    assert list(journal.faults()) == []
    assert [event["sequence"] for event in journal.events()] == [1, 2, 3, 4, 5]
    last = list(journal.events())[-1]
    assert journal.head() == {"sequence": 5, "head": last["hash"]}


@pytest.mark.parametrize("cut", [1, 2, 40, 150])
def test_a_torn_last_line_is_cut_off_and_said(journal, cut):
    journal.path.write_bytes(journal.path.read_bytes()[:-cut])
    assert journal.head()["sequence"] == 4
    event = journal.append("step", "k", "backup", {})
    assert event["sequence"] == 6
    assert [event["kind"] for event in journal.events()][-2:] == ["torn", "step"]
    assert list(journal.faults()) == []


def test_a_torn_first_line_is_cut_off(tmp_path):
    journal = release_host.Journal(tmp_path / "journal.jsonl")
    journal.path.write_bytes(b'{"sequence"')
    assert journal.head()["sequence"] == 0
    journal.append("step", "k", "backup", {})
    assert [event["kind"] for event in journal.events()] == ["torn", "step"]


def test_a_line_longer_than_a_block_is_found(journal):
    journal.append("record", "k", "backup", {"text": "x" * 200_000})
    assert journal.append("step", "k", "backup", {})["sequence"] == 7
    assert list(journal.faults()) == []


def _changed(lines):
    event = json.loads(lines[2])
    event["payload"]["number"] = 99
    lines[2] = json.dumps(event).encode() + b"\n"


def _removed(lines):
    del lines[2]


def _swapped(lines):
    lines[1], lines[2] = lines[2], lines[1]


def _doubled(lines):
    lines.insert(2, lines[2])


def _garbled(lines):
    lines[2] = b"\x00" * 20 + b"\n"


@pytest.mark.parametrize("damage", [_changed, _removed, _swapped, _doubled, _garbled])
def test_who_edits_the_journal_is_found_out(journal, damage):
    lines = _lines(journal)
    damage(lines)
    journal.path.write_bytes(b"".join(lines))
    assert list(journal.faults())


def test_a_last_line_that_cannot_be_read_stops_everything(journal):
    journal.path.write_bytes(journal.path.read_bytes() + b"garbage\n")
    with pytest.raises(release_host.Broken):
        journal.append("step", "k", "backup", {})


def test_the_command_line_tells_whether_it_was_changed(stage):
    stage.ask("keep_record", {"release": "R", "record": {"length": 0, "head": "a" * 64}})
    done = stage.run("verify-journal")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 events, none changed" in done.stdout
    path = stage.state / "journal.jsonl"
    path.write_text(path.read_text().replace('"release":"R"', '"release":"S"', 1))
    done = stage.run("verify-journal")
    assert done.returncode == 1
    assert "was changed after it was written" in done.stdout
