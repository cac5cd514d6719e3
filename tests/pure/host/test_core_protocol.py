"""What goes in and out of ``serve``, and what a key means."""

import ast
import json
import os

import hosted
import pytest

release_host = hosted.load()
HEAD = "a" * 64


def _request(**changed):
    return json.dumps({"v": 1, "key": "k", "verb": "hello", "params": {}, **changed}).encode()


@pytest.fixture
def append(stage):
    """A command that leaves a line each time it runs."""
    (stage.folder / "append.sh").write_text(f"echo ran | tee -a {stage.folder / 'ran'}\n")
    return lambda: (stage.folder / "ran").read_text().splitlines()


def test_it_is_written_for_python_39():
    ast.parse(hosted.HELPER.read_text(), feature_version=(3, 9))


def test_hello_lists_what_the_host_may_do_and_what_is_missing(stage):
    answer = stage.ask("hello")
    assert (answer["v"], answer["status"], answer["key"]) == (1, "done", "REL/key")
    assert answer["result"]["verbs"] == sorted(release_host.VERBS)
    found = {one["name"]: one for one in answer["result"]["capabilities"]}
    assert found["pg_dump"]["ok"] and found["create databases"]["ok"]
    assert not found["probe login"]["ok"]
    assert "probe_login" in found["probe login"]["remedy"]


def test_disk_and_service_are_read(stage):
    purposes = [entry["purpose"] for entry in stage.ask("disk")["result"]["paths"]]
    assert purposes == ["backup", "data", "code", "state"]
    assert stage.ask("service")["result"]["state"] == "active"


def test_each_line_gets_one_answer_whatever_it_is(stage):
    lines = [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"v": 1, "v": 1}',
        b'{"v": NaN}',
        _request(v=2),
        _request(v=True),
        _request(verb="rm"),
        _request(verb=["hello"]),
        _request(key="-rf"),
        _request(key="a b"),
        _request(key="a" * 201),
        _request(key=None),
        _request(more=1),
        _request(params=[]),
        _request(anchor={"release": "R", "length": -1, "head": HEAD}),
        b'{"v": 1, "key": "k", "verb": "hello", "params": {"x": 1' + b"0" * 5000 + b"}}",
        b"x" * (release_host.LONGEST_REQUEST + 10),
        _request(),
    ]
    answers = stage.send(*lines)
    assert [answer["status"] for answer in answers] == ["refused"] * (len(lines) - 1) + ["done"]
    assert all(answer["message"] and answer["hint"] for answer in answers[:-1])


def test_under_a_forced_command_only_serve_is_allowed(stage):
    for wanted in ("rm -rf /", "serve; id", "release_host.py serve", "backup"):
        environment = {**os.environ, "SSH_ORIGINAL_COMMAND": wanted}
        done = stage.run("serve", env=environment, input=_request().decode())
        assert done.returncode == 2
        assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["refused"]
    for wanted in ("", "serve"):
        environment = {**os.environ, "SSH_ORIGINAL_COMMAND": wanted}
        assert stage.ask("hello", env=environment)["status"] == "done"


def test_a_key_runs_once(stage, append):
    first = stage.settle("command", {"name": "append"})
    second = stage.settle("command", {"name": "append"})
    assert first["status"] == "done"
    assert first["result"]["output"] == "ran\n"
    assert second["result"] == first["result"]
    assert append() == ["ran"]
    assert stage.settle("command", {"name": "append"}, "REL/other")["status"] == "done"
    assert append() == ["ran", "ran"]


def test_a_key_belongs_to_its_verb_and_parameters(stage, append):
    stage.settle("command", {"name": "append"})
    for verb, params in (("command", {"name": "other"}), ("backup", {"label": "x"})):
        answer = stage.ask(verb, params)
        assert answer["status"] == "refused"
        assert "was used for 'command'" in answer["message"]
    assert append() == ["ran"]


def test_a_failure_is_recorded_like_a_success(stage):
    (stage.folder / "append.sh").write_text("echo no luck >&2; exit 3\n")
    answer = stage.settle("command", {"name": "append"})
    assert answer["status"] == "failed"
    assert answer["message"] == "'append' ended with 3: no luck"
    assert answer["result"]["exit"] == 3
    [step] = answer["result"]["steps"]
    assert (step["name"], step["ok"]) == ("run", False)
    (stage.folder / "append.sh").write_text("true\n")
    assert stage.ask("command", {"name": "append"})["result"] == answer["result"]


def test_an_unknown_command_is_refused_with_the_known_ones(stage):
    answer = stage.settle("command", {"name": "other"})
    assert answer["status"] == "refused"
    assert answer["hint"] == "[commands] has: append."


def test_a_running_job_says_how_far_it_is(stage):
    (stage.folder / "append.sh").write_text("sleep 3\n")
    answer = stage.ask("command", {"name": "append"})
    assert answer["status"] == "running"
    assert answer["progress"]["step"] == "run"
    assert stage.settle("command", {"name": "append"})["status"] == "done"


def test_one_job_at_a_time(stage):
    (stage.folder / "append.sh").write_text(f"read x < {stage.folder / 'go'}\n")
    os.mkfifo(stage.folder / "go")
    assert stage.ask("command", {"name": "append"}, "first")["status"] == "running"
    busy = stage.ask("backup", {"label": "x"}, "second")
    assert busy["status"] == "refused"
    assert busy["message"] == "The host is busy with 'command' (first)."
    assert busy["result"] == {"reason": "busy"}
    assert stage.kinds("second") == []
    assert stage.ask("disk")["status"] == "done"
    (stage.folder / "go").write_text("\n")
    assert stage.settle("command", {"name": "append"}, "first")["status"] == "done"
    assert stage.settle("backup", {"label": "x"}, "second")["status"] == "done"


def test_a_fault_of_the_helper_gives_no_traceback(stage):
    stage.state.mkdir(mode=0o700)
    (stage.state / "journal.jsonl").write_text("no event\n")
    answer = stage.ask("command", {"name": "append"})
    assert answer["status"] == "error"
    assert "verify-journal" in answer["hint"]
    assert "Traceback" not in json.dumps(answer)


# -- the record of a release outside its database


def _kept(stage, length, key, head=HEAD):
    record = {"length": length, "head": head, "events": ["x"] * length}
    return stage.ask("keep_record", {"release": "REL/1", "record": record}, key)


def test_a_record_is_kept_and_given_back(stage):
    assert stage.ask("record", {"release": "REL/1"})["result"]["record"] is None
    assert _kept(stage, 3, "a")["status"] == "done"
    assert _kept(stage, 5, "b")["status"] == "done"
    found = stage.ask("record", {"release": "REL/1"})["result"]
    assert (found["length"], found["head"], found["record"]["events"]) == (5, HEAD, ["x"] * 5)


def test_a_shorter_record_does_not_replace_a_longer_one(stage):
    _kept(stage, 5, "a")
    answer = _kept(stage, 3, "b")
    assert answer["status"] == "refused"
    assert stage.ask("record", {"release": "REL/1"})["result"]["length"] == 5


def test_a_record_without_its_head_is_refused(stage):
    answer = stage.ask("keep_record", {"release": "REL/1", "record": {"length": 3}})
    assert answer["status"] == "refused"
    assert "'record.head'" in answer["message"]


def test_a_database_that_has_forgotten_is_told_so(stage, append):
    _kept(stage, 5, "a")
    before = stage.settle("command", {"name": "append"}, "before")
    anchor = {"release": "REL/1", "length": 3, "head": "b" * 64}
    known = stage.ask("command", {"name": "append"}, "before", anchor)
    assert known["result"] == before["result"]
    assert known["forgotten"] == {"release": "REL/1", "length": 5, "head": HEAD}
    new = stage.ask("command", {"name": "append"}, "after", anchor)
    assert new["status"] == "refused"
    assert new["message"].startswith("The database has forgotten 2 events of REL/1")
    assert append() == ["ran"]
    current = {"release": "REL/1", "length": 5, "head": HEAD}
    answer = stage.settle("command", {"name": "append"}, "after", anchor=current)
    assert answer["status"] == "done"
    assert "forgotten" not in answer


def test_a_new_head_is_anchored_once(stage):
    anchor = {"release": "REL/1", "length": 3, "head": HEAD}
    for _again in range(2):
        stage.ask("hello", anchor=anchor)
    assert [event["payload"] for event in stage.journal() if event["kind"] == "anchor"] == [anchor]
