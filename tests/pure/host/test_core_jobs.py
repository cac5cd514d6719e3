"""Jobs outlive who asked, and kills: everything is done once, and nothing is forgotten."""

import contextlib
import json
import os
import random
import resource
import signal
import time

import hosted
import pytest

release_host = hosted.load()
BACKUP = b'{"v": 1, "key": "REL/key", "verb": "backup", "params": {"label": "x"}}\n'
BACKUP_STEPS = ["prepare", "dump", "filestore", "code", "configuration", "publish", "retention"]


def _kill(stage):
    pid = stage.running_job()
    os.kill(pid, signal.SIGKILL)
    hosted.until(lambda: not os.path.exists(f"/proc/{pid}") or _is_zombie(pid))


def _is_zombie(pid):
    with open(f"/proc/{pid}/stat") as handle:
        return handle.read().rpartition(")")[2].split()[0] == "Z"


def _is_whole(stage):
    journal = release_host.Journal(stage.state / "journal.jsonl")
    assert list(journal.faults()) == []


def test_a_killed_job_goes_on_where_it_was(stage, hold_dump):
    held = hold_dump()
    assert stage.ask("backup", {"label": "x"})["status"] == "running"
    held.wait_for_dump()
    _kill(stage)
    assert stage.kinds("REL/key") == ["requested", "prepare"]
    held.release()
    answer = stage.settle("backup", {"label": "x"})
    assert answer["status"] == "done"
    assert stage.kinds("REL/key") == [
        *("requested", "prepare", "taken_up"),
        *BACKUP_STEPS[1:],
        "finished",
    ]
    assert [step["name"] for step in answer["result"]["steps"]] == BACKUP_STEPS
    assert [path.name for path in stage.backups.iterdir()] == [answer["result"]["backup"]]
    _is_whole(stage)


def test_a_job_that_is_dead_does_not_stop_others(stage, hold_dump):
    held = hold_dump()
    stage.ask("backup", {"label": "x"}, "first")
    held.wait_for_dump()
    _kill(stage)
    held.release()
    assert stage.settle("backup", {"label": "x"}, "second")["status"] == "done"
    answer = stage.settle("backup", {"label": "x"}, "first")
    assert answer["status"] == "failed"
    assert "removed by a later one" in answer["message"]
    assert not [path for path in stage.backups.iterdir() if path.name.startswith(".")]


def _await_job(stage):
    """The process of the job, when it has begun; nothing when it has ended before."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and "finished" not in stage.kinds("REL/key"):
        pid = stage.running_job()
        if pid:
            return pid
        time.sleep(0.01)
    return None


@pytest.mark.parametrize("seed", range(4))
def test_a_job_killed_at_any_moment_ends_as_if_it_had_not_been(stage, seed):
    chance = random.Random(seed)  # noqa: S311 (the moment of a kill)
    for again in range(10):
        with stage.open() as serve:
            serve.stdin.write(BACKUP)
            serve.stdin.flush()
            pid = _await_job(stage)
            # The first kill comes before any machine has ended the job, later ones later.
            time.sleep(chance.random() * 0.04 * again)
            if pid:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, signal.SIGKILL)
            serve.kill()
    answer = stage.settle("backup", {"label": "x"})
    assert answer["status"] == "done", answer
    kinds = [kind for kind in stage.kinds("REL/key") if kind not in ("taken_up", "torn")]
    assert kinds == ["requested", *BACKUP_STEPS, "finished"]
    assert "taken_up" in stage.kinds("REL/key")
    [backup] = stage.backups.iterdir()
    assert backup.name == answer["result"]["backup"]
    _is_whole(stage)


@pytest.mark.parametrize("moment", ["asked", "folder", "result"])
def test_what_was_written_down_before_a_kill_is_not_lost(stage, moment):
    """The moments between two files, which no kill can be made to hit."""
    (stage.folder / "append.sh").write_text(f"echo ran >> {stage.folder / 'ran'}\n")
    state = release_host.State(release_host.Config(stage.config))
    state.prepare()
    job = release_host.Job(state, "REL/key")
    if moment == "folder":
        job.folder.mkdir()
    if moment in ("asked", "result"):
        job.create(release_host.VERBS["command"], {"name": "append"})
    if moment == "result":
        job.journal_once("requested", {"name": "append"})
        ended = release_host.ending("done", {"exit": 0})
        release_host.write_json(job.folder / "result.json", ended)
    answer = stage.settle("command", {"name": "append"})
    assert answer["status"] == "done"
    assert (stage.folder / "ran").exists() == (moment != "result")
    kinds = [kind for kind in stage.kinds("REL/key") if kind not in ("taken_up", "run")]
    assert kinds == ["requested", "finished"]


def test_an_event_of_a_step_that_was_not_written_is_written_later(stage):
    state = release_host.State(release_host.Config(stage.config))
    state.prepare()
    job = release_host.Job(state, "REL/key")
    job.create(release_host.VERBS["backup"], {"label": "x"})
    job.host = release_host.Host(state.config)
    job.step("prepare", lambda: {"note": "found"})
    lines = state.journal.path.read_bytes().splitlines(keepends=True)
    state.journal.path.write_bytes(b"".join(lines[:-1]))
    assert stage.kinds("REL/key") == []
    job._mend_journal()
    job._mend_journal()
    assert stage.kinds("REL/key") == ["prepare"]


def test_a_done_step_is_not_done_again_and_a_begun_one_is(stage):
    state = release_host.State(release_host.Config(stage.config))
    state.prepare()
    job = release_host.Job(state, "REL/key")
    job.create(release_host.VERBS["backup"], {"label": "x"})
    calls = []

    def work(fail):
        calls.append(fail)
        if fail:
            raise KeyboardInterrupt  # as a kill: nothing is recorded
        return {"value": 7}

    with pytest.raises(KeyboardInterrupt):
        job.step("work", work, True)
    assert job.step("work", work, False) == {"value": 7}
    assert job.step("work", work, True) == {"value": 7}
    assert calls == [True, False]


def test_a_command_that_was_interrupted_is_not_run_again(stage):
    script = f"echo ran >> {stage.folder / 'ran'}; sleep 60\n"
    (stage.folder / "append.sh").write_text(script)
    assert stage.ask("command", {"name": "append"})["status"] == "running"
    hosted.until((stage.folder / "ran").exists)
    _kill(stage)
    answer = stage.settle("command", {"name": "append"})
    assert answer["status"] == "failed"
    assert "whether it did its work is unknown" in answer["message"]
    assert (stage.folder / "ran").read_text() == "ran\n"


def test_what_a_job_started_dies_with_it(stage):
    (stage.folder / "append.sh").write_text("exec sleep 60\n")
    stage.ask("command", {"name": "append"})
    pid = stage.holder()["pid"]
    [child] = hosted.until(lambda: hosted.children(pid, "sleep"))
    _kill(stage)
    hosted.until(lambda: not os.path.exists(f"/proc/{child}") or _is_zombie(child))


def test_a_job_outlives_who_asked(stage):
    """Also when the asker's whole process group is killed, as a service's stop would."""
    (stage.folder / "append.sh").write_text(f"sleep 2; echo ran >> {stage.folder / 'ran'}\n")
    request = {"v": 1, "key": "REL/key", "verb": "command", "params": {"name": "append"}}
    with stage.open(start_new_session=True) as serve:
        serve.stdin.write(json.dumps(request).encode() + b"\n")
        serve.stdin.flush()
        hosted.until((stage.state / "lock").exists)
        hosted.until((stage.state / "lock").read_bytes)
        os.killpg(serve.pid, signal.SIGKILL)
    hosted.until((stage.folder / "ran").exists)
    assert stage.settle("command", {"name": "append"})["status"] == "done"


def test_two_who_ask_at_once_start_one_job(stage):
    (stage.folder / "append.sh").write_text(f"sleep 1; echo ran >> {stage.folder / 'ran'}\n")
    line = json.dumps(
        {"v": 1, "key": "REL/key", "verb": "command", "params": {"name": "append"}}
    ).encode()
    serves = [stage.open() for _one in range(4)]
    for serve in serves:
        serve.stdin.write(line + b"\n")
        serve.stdin.close()
    statuses = {json.loads(serve.stdout.read())["status"] for serve in serves}
    for serve in serves:
        serve.wait()
        serve.stdout.close()
    assert statuses <= {"running", "done"}
    assert stage.settle("command", {"name": "append"})["status"] == "done"
    assert (stage.folder / "ran").read_text() == "ran\n"
    assert stage.kinds("REL/key") == ["requested", "run", "finished"]


def test_a_backup_survives_a_server_that_drops_its_connections(stage, hold_dump, admin):
    """As when PostgreSQL crashes and comes back: the step is done again."""
    held = hold_dump()
    stage.ask("backup", {"label": "x"})
    admin("SELECT pg_terminate_backend(%s)", (held.wait_for_dump(),))
    held.wait_for_dump()
    held.release()
    answer = stage.settle("backup", {"label": "x"})
    assert answer["status"] == "done", answer
    log = (stage.state / "jobs").glob("*/output.log")
    assert "PostgreSQL went away" in next(log).read_text()


def test_by_hand_a_job_is_waited_for(stage):
    (stage.folder / "append.sh").write_text("sleep 2; echo done it\n")
    done = stage.run("command", "--params", '{"name": "append"}', "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["key"].startswith("hand/")
    assert answer["result"]["output"] == "done it\n"


def _as_an_odoo_worker():
    for limit, soft in ((resource.RLIMIT_CPU, 120), (resource.RLIMIT_AS, 2 << 30)):
        resource.setrlimit(limit, (soft, resource.getrlimit(limit)[1]))


def test_the_limits_of_an_odoo_worker_do_not_hold_for_jobs(stage):
    told = stage.folder / "told"
    (stage.folder / "append.sh").write_text(f"ulimit -t > {told}; ulimit -v >> {told}\n")
    answer = stage.settle("command", {"name": "append"}, preexec_fn=_as_an_odoo_worker)
    assert answer["status"] == "done"
    assert told.read_text() == "unlimited\nunlimited\n"
