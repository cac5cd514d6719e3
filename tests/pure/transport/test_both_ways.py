"""What holds whatever the way to the helper: over a real sshd, and as a local process."""

import os
import threading
import time

import psutil
import pytest
from ipai_release_checks.transport import HostProtocolError, HostUnreachable
from ways import locally, over_ssh, stand_in


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "did"
    made.mkdir()
    return made


@pytest.fixture(params=["ssh", "local"])
def way(request, folder):
    argv = stand_in(folder)
    made = (
        over_ssh(request.getfixturevalue("sshd"), argv) if request.param == "ssh" else locally(argv)
    )
    yield made
    made.client.close()


def test_an_answer_is_what_the_helper_says(way):
    params = {"text": "ü\n\u2028 $(rm) ; '\"", "list": [1, None, True]}
    anchor = {"release": "REL/2026/0001", "length": 3, "head": "f" * 64}
    answer = way.call("echo", params, key="REL/2026/0001/1.1/1", anchor=anchor)
    assert (answer.done, answer.key) == (True, "REL/2026/0001/1.1/1")
    assert answer.result == {"params": params, "anchor": anchor}


def test_many_verbs_share_one_helper(way):
    assert len({way.call("pid").result["pid"] for _number in range(5)}) == 1


def test_large_requests_and_answers_pass(way):
    assert way.call("echo", {"text": "a" * 6_000_000}).result["params"]["text"] == "a" * 6_000_000
    assert len(way.call("big", {"size": 8_000_000}).result["text"]) == 8_000_000


def test_a_request_that_is_too_large_is_not_sent(way):
    with pytest.raises(HostProtocolError, match="takes 8388608"):
        way.call("echo", {"text": "a" * 9_000_000})


def test_much_noise_on_stderr_stops_nothing(way):
    assert way.call("noise").result == {"said": True}


def test_a_helper_that_hangs_ends_in_a_time_out(way):
    began = time.monotonic()
    with pytest.raises(HostUnreachable, match=r"did not answer within 1\.5 s.*still looking"):
        way.call("hang", timeout=1.5)
    assert time.monotonic() - began < 8
    assert way.call("echo").done, "the next call makes a connection of its own"


def test_a_helper_that_dies_says_how(way):
    with pytest.raises(HostUnreachable) as problem:
        way.call("die")
    assert "ended with status 1" in problem.value.message
    assert "database password missing in the configuration" in problem.value.message
    assert problem.value.hint


def test_garbage_is_shown_without_control_characters(way):
    with pytest.raises(HostProtocolError, match=r"“Welcome to erp1! \[31m You have mail\."):
        way.call("garbage")
    assert way.call("echo").done


@pytest.mark.parametrize(
    ("verb", "told"),
    [("list_answer", r"\[1, 2\]"), ("other", "'other' .another."), ("newer", "version 2")],
)
def test_what_is_no_answer_to_the_question_is_refused(way, verb, told):
    with pytest.raises(HostProtocolError, match=told):
        way.call(verb)
    assert way.call("echo").done


def test_a_flood_ends_in_an_error_and_in_little_memory(way):
    before = psutil.Process().memory_info().rss
    with pytest.raises(HostProtocolError, match="more than 16 MiB in one line.*“xxx"):
        way.call("flood")
    assert psutil.Process().memory_info().rss - before < 80_000_000
    assert way.call("echo").done


def test_a_helper_that_is_killed_gives_its_result_under_the_same_key(way, folder):
    killed = way.call("pid").result["pid"]
    threading.Timer(0.7, os.kill, (killed, 9)).start()
    _finish_elsewhere(folder, "k1")
    answer = way.call("once", {"seconds": 30}, key="k1")
    assert answer.result == {"effect": "k1"}
    assert way.call("pid").result["pid"] != killed


def _finish_elsewhere(folder, key):
    """What a detached job does: it ends, whatever becomes of the connection."""
    threading.Timer(0.3, (folder / f"{key}.done").touch).start()
