"""What the verb costs beside a bare restart: part of ``make bench``.

Not collected by ``make test``: the name of this file is given.
"""

import statistics
import time

import pytest
from onhost import OnHost, moment

from tools.say import say

ROUNDS = 10
#: The verb's median may be so many times that of ``stop``, ``start`` and asking until the login
#: page and a log-in answer, which is what the verb waits for.
LIMIT = 1.1


@pytest.mark.timeout(1800)
def test_a_restart_costs_no_more_than_a_bare_one(host, capsys):
    on_host, verb, bare = OnHost(host), [], []
    for _round in range(ROUNDS):
        # Turn by turn, so that what else the machine does weighs on both.
        bare.append(bare_restart(host))
        verb.append(restart_of(on_host.do("restart")))
    on_host.close()
    ratio = statistics.median(verb) / statistics.median(bare)
    with capsys.disabled():
        say(f"\nrestart, median of {ROUNDS}: {statistics.median(verb):.2f} s by the verb")
        say(f"stop, start, poll and log in: {statistics.median(bare):.2f} s")
        say(f"ratio {ratio:.3f}, at most {LIMIT}")
    assert ratio <= LIMIT


def bare_restart(host) -> float:
    began = time.monotonic()
    host.machine.systemctl("stop", "odoo.service")
    host.start()
    host.log_in()
    return time.monotonic() - began


def restart_of(result) -> float:
    """Seconds from the order to stop to the first good answer, as the helper's steps say."""
    steps = {step["name"]: step for step in result["steps"]}
    return (moment(steps["answer"]["end"]) - moment(steps["stop"]["start"])).total_seconds()
