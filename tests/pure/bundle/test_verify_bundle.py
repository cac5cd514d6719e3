"""The verifier alone: what it accepts, what it finds, what it refuses to open."""

import ast
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile

import pytest
from maker import ITEM, VERIFIER, Maker, event, findings, journal, verify_bundle

FIXED = (1980, 1, 1, 0, 0, 0)


@pytest.fixture
def maker():
    return Maker()


def run(path, *options, python=sys.executable):
    return subprocess.run(
        [python, "-I", "-S", VERIFIER, path, *options],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )


def accused(content):
    """Findings, or why it cannot be read; any other exception is a defect."""
    try:
        return findings(content)
    except verify_bundle.Unreadable as problem:
        return [str(problem)]


def test_a_bundle_verifies(maker):
    assert findings(maker.pack()) == []


def test_the_same_files_give_the_same_bytes(maker):
    assert maker.pack() == Maker().pack()


def test_it_agrees_with_the_journal_on_its_own_rules():
    value = {"b": [1, "é", None, 0.5], "a": "\u2028\n"}
    assert verify_bundle.canonical(value) == journal.canonical(value)
    assert verify_bundle.GENESIS == journal.GENESIS
    for text in ("", "short", "x" * 256, "é" * 257):
        assert verify_bundle.text_value(text) == journal.text_value(text)


def test_it_is_plain_python_3_9():
    ast.parse(VERIFIER.read_text(), feature_version=(3, 9))
    tree = ast.parse(VERIFIER.read_text())
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([ast.alias(node.module)] if isinstance(node, ast.ImportFrom) else node.names)
    }
    assert imported <= sys.stdlib_module_names


def test_the_oldest_and_newest_python_here_run_it(maker, tmp_path):
    path = tmp_path / "evidence.zip"
    path.write_bytes(maker.pack())
    found = filter(None, (shutil.which(name) for name in ("python3.9", "python3.10", "python3.13")))
    # A shim of a version manager stands for a Python that may not be there.
    runnable = [python for python in found if run("--help", python=python).returncode == 0]
    for python in [sys.executable, *runnable]:
        assert run(path, python=python).returncode == 0, python


def test_status_and_lines(maker, tmp_path):
    path = tmp_path / "evidence.zip"
    path.write_bytes(maker.pack())
    done = run(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "VERIFIED REL/2026/0001: 9 files, 4 events, 0 findings\n"
    done = run(path, "--head", "ab" * 32)
    assert done.returncode == 1
    assert done.stdout.startswith(f"FINDING --head {'ab' * 32}: the head {'ab' * 32} is not in")
    assert "NOT VERIFIED" in done.stdout.splitlines()[-1]
    path.write_bytes(b"no ZIP at all, but long enough to be one")
    done = run(path)
    assert (done.returncode, done.stdout[:10]) == (2, "UNREADABLE")
    assert run(path, "--head", "xyz").returncode == 2
    assert run(tmp_path / "nothing.zip").returncode == 2


def test_a_head_of_any_event_is_known(maker):
    lines, head = maker.chain()
    first = lines[0][-144:-80].decode()
    assert findings(maker.pack(), heads=[first, first[:16].upper(), head]) == []


# -- the chain -----------------------------------------------------------------------------------


def test_values_the_journal_does_not_tell(maker):
    maker.rows[ITEM]["outcome"] = "failed"
    found = findings(maker.pack())
    assert "item 4.1: outcome is 'failed', and 'passed' according to the journal" in found


def test_what_was_before_must_be_what_is_known(maker):
    changes = {ITEM: {"outcome": ["failed", "waived"]}}
    maker.events.append(event(5, "waived", {"rows": changes}))
    maker.rows[ITEM]["outcome"] = "waived"
    [finding] = findings(maker.pack())
    assert "outcome of ipai.release.item,1 was 'failed' before it, and 'passed'" in finding


@pytest.mark.parametrize("seconds", [0, 119, 121, 4000])
def test_times_go_back_no_more_than_a_clock_may(maker, seconds):
    clock = 3600 * 10 + 4 - seconds
    time = f"2026-11-20T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}.000000Z"
    maker.events.append(event(5, "note", {}, time=time))
    found = findings(maker.pack())
    assert len(found) == (seconds > 120)


@pytest.mark.parametrize("time", ["", "yesterday", "2026-11-20T07d50:31.687702Z", 7, None])
def test_times_that_are_none(maker, time):
    maker.events.append(event(5, "note", {}, time=time))
    assert findings(maker.pack())


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"rows": 1},
        {"rows": {ITEM: 3}},
        {"rows": {ITEM: {"outcome": "passed"}}},
        {"rows": {ITEM: {"outcome": [1, 2, 3]}}},
        {"rows": {"": {"a": [None, {}]}}},
    ],
)
def test_events_of_another_form(maker, payload):
    maker.events.append(event(5, "forged", payload))
    assert accused(maker.pack())


def test_an_event_of_another_release(maker):
    maker.events.append(event(5, "note", {}, release="REL/2026/0002"))
    assert findings(maker.pack()) == ["event 5: is of REL/2026/0002, not of REL/2026/0001"]


def test_a_deep_event_breaks_nothing(maker):
    maker.events[3]["payload"] = {"deep": "here"}
    content = maker.pack().replace(b'"here"', b'"' + b"x" * 4 + b'"')
    assert findings(content)
    lines = [b'{"event":' + b"[" * 100_000 + b"]" * 100_000 + maker.chain()[0][0][-153:]]
    found = []
    verify_bundle.Journal(lambda *finding: found.append(finding)).read(lines, "REL/2026/0001")
    assert found == [("event 1", "cannot be read")]


# -- files ---------------------------------------------------------------------------------------


def test_evidence_that_the_journal_does_not_name(maker):
    maker.files["evidence/4.1/9-more.txt"] = (b"more", {})
    assert findings(maker.pack()) == [
        "evidence/4.1/9-more.txt: is no evidence that the journal names"
    ]


def test_evidence_that_is_missing(maker):
    maker.files.clear()
    assert findings(maker.pack()) == ["evidence disk.txt: of item 4.1 has no file"]


def test_time_stamps_of_something_else(maker):
    head = maker.chain()[1]
    anchor = {
        "kind": "timestamp",
        "sequence": 4,
        "head": head,
        "time": "",
        "file": "timestamps/4.tsr",
    }
    maker.anchors.append(anchor)
    assert findings(maker.pack()) == ["timestamps/4.tsr: is named in anchors.json, and missing"]
    maker.files["timestamps/4.tsr"] = (b"no stamp", {})
    assert "is no time stamp" in findings(maker.pack())[0]


# -- hostile archives ----------------------------------------------------------------------------


def archive(act):
    """A ZIP of the bundle's files and what ``act`` adds."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(Maker().pack())) as known, zipfile.ZipFile(file, "w") as new:
        for name in known.namelist():
            new.writestr(info(name), known.read(name))
        act(new)
    return file.getvalue()


def info(name, mode=0o100644, compression=zipfile.ZIP_STORED, day=FIXED):
    made = zipfile.ZipInfo(name, day)
    made.create_system, made.external_attr, made.compress_type = 3, mode << 16, compression
    return made


def test_a_bundle_packed_again_is_still_one():
    assert findings(archive(lambda new: None)) == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "a/../../evil",
        "a\\evil",
        "C:evil",
        "evil/",
        "",
        "a//b",
        ".x",
        "é",
        "x" * 300,
    ],
)
def test_names_that_lead_elsewhere(name):
    with pytest.raises(verify_bundle.Unreadable):
        findings(archive(lambda new: new.writestr(info(name), b"evil")))


def test_links_bombs_and_other_dates():
    for made in (
        info("evidence/link", mode=0o120777),
        info("evidence/folder", mode=0o040755),
        info("evidence/device", mode=0o060644),
        info("evidence/bomb", compression=zipfile.ZIP_DEFLATED),
        info("evidence/dated", day=(2026, 1, 1, 0, 0, 0)),
    ):
        with pytest.raises(verify_bundle.Unreadable, match="not stored the way"):
            findings(archive(lambda new, made=made: new.writestr(made, bytes(1 << 16))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name():
    with pytest.raises(verify_bundle.Unreadable, match="two files have the name"):
        findings(archive(lambda new: new.writestr(info("release.json"), b"{}")))


def test_a_comment():
    def comment(new):
        new.comment = b"hello"

    with pytest.raises(verify_bundle.Unreadable):
        findings(archive(comment))


def test_sizes_that_lie():
    """A directory that says a file is larger than the archive reads nothing beyond it."""
    content = bytearray(Maker().pack())
    start = struct.unpack("<L", content[-6:-2])[0]
    for size in (1, 0x7FFFFFFF, 0xFFFFFFFF):
        changed = bytes(content[: start + 20]) + struct.pack("<LL", size, size)
        changed += bytes(content[start + 28 :])
        with pytest.raises(verify_bundle.Unreadable):
            findings(changed)


def test_every_single_bit_counts():
    content = Maker().pack()
    for at in range(0, len(content), 7):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        assert accused(bytes(changed)), f"bit {at % 8} of byte {at}"
