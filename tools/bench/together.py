"""Many connections that write events to one release: ``python -m tools.bench.together DATABASE``.

:mod:`tools.bench` starts this in the virtual environment of a series. It commits: the database is
one that is thrown away.
"""

import argparse
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from psycopg2 import errors

from tools.inside import add_arguments, environment
from tools.say import command, say

THREADS, EACH = 50, 4
#: What PostgreSQL says to all but one of those who write at once; then it is tried again.
BUSY = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
#: Seconds that a try waits at most before the next one.
PAUSE = 0.2


def main():
    parser = argparse.ArgumentParser(prog="tools.bench.together", description=__doc__)
    add_arguments(parser)
    with environment(parser.parse_args()) as env:
        release = plan(env)
        env.cr.commit()
        seconds, tries = write(env.registry, release.id)
        env.invalidate_all()
        count = THREADS * EACH
        say(
            f"{THREADS} connections, {count} events of one release: "
            f"{seconds / count * 1000:.0f} ms an event, {tries / count:.1f} tries each"
        )
        say(f"One connection: {alone(env, release) * 1000:.1f} ms an event")
        if findings := release._findings():
            raise SystemExit("\n".join(findings))


def plan(env):
    """A release that is a draft, with a runbook of one item."""
    role = env.ref("ipai_release_governance.role_executor")
    item = {"code": "1.1", "name": "Look", "role_id": role.id, "severity": "minor"}
    phase = {
        "code": "1",
        "name": "All",
        "stage": "execution",
        "gate_policy": "investigate",
        "item_ids": [(0, 0, item)],
    }
    signing = env.ref("ipai_release_governance.role_devops")
    runbook = env["ipai.runbook"].create(
        {
            "name": "Together",
            "code": f"together-{secrets.token_hex(4)}",
            "phase_ids": [(0, 0, phase)],
            "signoff_ids": [
                (0, 0, {"role_id": signing.id, "stage": "execution", "meaning": "Seen"})
            ],
        }
    )
    runbook._publish()
    target = env["ipai.release.target"].create({"name": "Shop", "tz": "UTC"})
    return env["ipai.release"].create(
        {"title": "Together", "runbook_id": runbook.id, "target_id": target.id}
    )


def write(registry, release_id, threads=THREADS, each=EACH):
    """Have ``threads`` connections write ``each`` events at once, each in its own transaction.

    :return: seconds that it took, and how often it was tried
    """
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        tries = sum(
            pool.map(lambda number: _writer(registry, release_id, number, each), range(threads))
        )
    return time.perf_counter() - started, tries


def _writer(registry, release_id, number, count):
    """Write events ``number/0`` and on; return the number of tries."""
    tries = 0
    with registry.cursor() as cr:
        for place in range(count):
            while not _written(cr, release_id, f"{number}/{place}"):
                tries += 1
                time.sleep(random.uniform(0, PAUSE))  # noqa: S311 - a pause, no secret
    return tries + count


def _written(cr, release_id, name):
    # Importable only now that the addons path was read.
    from odoo import SUPERUSER_ID, api  # noqa: PLC0415

    env = api.Environment(cr, SUPERUSER_ID, {})
    try:
        env["ipai.release"].browse(release_id)._log("note", {"name": name})
        cr.commit()
    except BUSY:
        cr.rollback()
        return False
    finally:
        env.invalidate_all(flush=False)
    return True


def alone(env, release, count=200):
    """Seconds that one event takes without anybody else."""
    started = time.perf_counter()
    for number in range(count):
        release._log("note", {"name": f"alone/{number}"})
    env.flush_all()
    return (time.perf_counter() - started) / count


if __name__ == "__main__":
    command(main)
