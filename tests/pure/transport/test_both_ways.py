"""What holds whatever the way to the helper: over a real sshd, and as a local process."""

import threading
import time
from contextlib import ExitStack

import psutil
import pytest
from ipai_release_checks.transport import HostProtocolError, HostUnreachable
from ways import effects, finished, helper, locally, over_ssh, serving_now, stand_in


@pytest.fixture(params=["ssh", "local"])
def reach(request):
    """A function that makes the way to a helper, given its argument list."""
    with ExitStack() as opened:

        def made(argv):
            if request.param == "ssh":
                way = over_ssh(request.getfixturevalue("sshd"), argv)
            else:
                way = locally(argv)
            opened.callback(way.client.close)
            return way

        yield made


@pytest.fixture
def way(reach):
    return reach(stand_in())


def test_an_answer_is_what_the_helper_says(way):
    params = {"text": "ü\n\u2028 $(rm) ; '\"", "list": [1, None, True]}
    anchor = {"release": "REL/2026/0001", "length": 3, "head": "f" * 64}
    answer = way.call("echo", params, key="REL/2026/0001/1.1/1", anchor=anchor)
    assert (answer.done, answer.key) == (True, "REL/2026/0001/1.1/1")
    assert answer.result == {"params": params, "anchor": anchor}


def test_many_verbs_share_one_helper(way):
    assert len({way.call("process").result["pid"] for _number in range(5)}) == 1


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
    with pytest.raises(HostProtocolError, match=r"more than 16 MiB in one line.*“xxx"):
        way.call("flood")
    assert psutil.Process().memory_info().rss - before < 80_000_000
    assert way.call("echo").done


def test_a_helper_that_is_killed_gives_its_result_under_the_same_key(reach, folder):
    way = reach(helper(folder))
    assert way.call("hello").done
    (serving,) = serving_now(folder)
    threading.Timer(0.5, serving.kill).start()
    answer = finished(way, "command", {"name": "slowly"}, key="REL/1/2.1/1")
    assert (answer.status, effects(folder)) == ("done", ["ran"])
    assert serving_now(folder) != [serving]


def test_asked_again_it_gives_the_same_result(reach, folder):
    way = reach(helper(folder))
    first = finished(way, "command", {"name": "slowly"}, key="REL/1/2.1/1")
    way.client.close()
    assert way.call("command", {"name": "slowly"}, key="REL/1/2.1/1").result == first.result
    assert effects(folder) == ["ran"]


def test_a_refusal_is_an_answer(reach, folder):
    way = reach(helper(folder))
    answer = way.call("command", {"name": "../rm"}, key="k")
    assert (answer.status, "name" in answer.message) == ("refused", True)
    assert way.call("no such verb").status == "refused"


def test_a_helper_that_refuses_its_configuration_says_so(reach, folder):
    argv = helper(folder)
    (folder / "host.ini").chmod(0o666)
    answer = reach(argv).call("hello")
    assert (answer.status, "may be written by others" in answer.message) == ("refused", True)
