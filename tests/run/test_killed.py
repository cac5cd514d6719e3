"""Odoo is killed in the middle of a run, at the moments that matter, and goes on when it is back.

The moments are made by real means: a check waits for a service of the test, or a lock of the
test keeps the worker from its next step.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from psycopg2 import sql as identifiers
from shop import http, sql, until

MEMBERS = ("group_members", {"groups": [{"group": "base.group_user", "min_members": 1}]})
PHASES = [[sql(), http("/held"), MEMBERS], [http("/after")]]
#: The table that only the check of 1.3 reads.
GROUPS = "res_groups_users_rel"
OUTCOMES = {"1.1": "passed", "1.2": "passed", "1.3": "passed", "2.1": "passed"}


@contextlib.contextmanager
def locked(database, table, mode):
    """Hold a lock on a table, so that who needs it waits."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as own, own.cursor() as cr:
        # What waits for the worker while the worker waits for it ends here.
        cr.execute("SET LOCAL lock_timeout = '20s'")
        cr.execute(
            identifiers.SQL("LOCK TABLE {} IN {} MODE").format(
                identifiers.Identifier(table), identifiers.SQL(mode)
            )
        )
        yield


def waits_for(database, table):
    """Whether a session waits for a lock on ``table``."""
    with database.cursor() as cr:
        cr.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table]
        )
        return cr.fetchone()[0]


def settled(database, release):
    """The outcomes, once the scheduler worked everything off.

    It looks by itself within a minute; it is rung for so that nobody waits that long.
    """
    until("the items to be settled", lambda: ring(database) or not release.is_open())
    return release.outcomes()


def ring(database):
    with contextlib.closing(psycopg2.connect(dbname="postgres")) as other:
        other.autocommit = True
        with other.cursor() as cr:
            cr.execute("SELECT pg_notify('cron_trigger', %s)", [database.info.dbname])


# -- the moments ---------------------------------------------------------------------------------


def after_the_claim(house, service, database, start):
    """The claim of the next item is committed, its check has not begun."""
    start()
    service.wait_until_asked("/held")
    with locked(database, GROUPS, "ACCESS EXCLUSIVE"):
        service.let_go()
        until("the worker to wait", lambda: waits_for(database, GROUPS))
        assert outcome(database, "1.3") == "running"
        house.kill()


def while_the_check_runs(house, service, database, start):
    start()
    service.wait_until_asked("/held")
    house.kill()


def while_the_result_is_written(house, service, database, start):
    """The check is done and its evidence written, but nothing of it is committed."""
    start()
    service.wait_until_asked("/held")
    with locked(database, "ipai_release_event", "SHARE"):
        service.let_go()
        until("the worker to wait", lambda: waits_for(database, "ipai_release_event"))
        house.kill()


def between_two_items(house, service, database, start):
    """An item is settled and committed, the next one is not claimed."""
    start()
    service.wait_until_asked("/held")
    with contextlib.ExitStack() as later:
        with locked(database, "ipai_release_event", "SHARE"):
            service.let_go()
            until("the result to wait", lambda: waits_for(database, "ipai_release_event"))
            # Ours as soon as the result is committed; the next claim waits for it.
            queued = later.enter_context(ThreadPoolExecutor(1)).submit(
                later.enter_context, locked(database, "ipai_release", "EXCLUSIVE")
            )
            until("our lock to be next", lambda: waits_for(database, "ipai_release"))
        queued.result()
        until("the claim to wait", lambda: waits_for(database, "ipai_release"))
        assert (outcome(database, "1.2"), outcome(database, "1.3")) == ("passed", "pending")
        house.kill()


MOMENTS = [after_the_claim, while_the_check_runs, while_the_result_is_written, between_two_items]


def outcome(database, code):
    """The outcome of the newest release's item, committed."""
    with database.cursor() as cr:
        cr.execute(
            "SELECT outcome FROM ipai_release_item WHERE code = %s ORDER BY id DESC LIMIT 1",
            [code],
        )
        return cr.fetchone()[0]


# -- what must hold ------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_killed_run_goes_on(shop, house, service, database, moment):
    release = shop.release(*PHASES, base_url=service.address)
    moment(house, service, database, lambda: release.press("action_start"))
    service.let_go()
    house.start()
    assert settled(database, release) == OUTCOMES
    nothing_twice(release, service)


def test_the_scheduler_notices_by_itself(shop, house, service, database):
    """Without any knock: Odoo's scheduler looks once a minute."""
    release = shop.release(*PHASES, base_url=service.address)
    while_the_check_runs(house, service, database, lambda: release.press("action_start"))
    service.let_go()
    house.start()
    assert release.settled() == OUTCOMES
    nothing_twice(release, service)


def test_a_worker_whose_session_ends_is_replaced(shop, house, service, database):
    """PostgreSQL ends the worker's session; Odoo itself lives on."""
    release = shop.release(*PHASES, base_url=service.address)
    release.press("action_start")
    service.wait_until_asked("/held")
    with database.cursor() as cr:
        cr.execute(
            "SELECT pg_terminate_backend(split_part(lease_holder, '@', 1)::int, 5000) "
            "FROM ipai_release_item WHERE release_id = %s AND outcome = 'running'",
            [release.id],
        )
        assert cr.fetchall() == [(True,)]
    service.let_go()
    assert settled(database, release) == OUTCOMES
    nothing_twice(release, service)


def nothing_twice(release, service):
    """Every item was settled once, has the evidence of one attempt, and the chain is whole."""
    release.check_journal()
    assert {item["attempt"] for item in release.items("attempt").values()} == {1}
    for code in OUTCOMES:
        files = release.evidence(code, "name", "attempt")
        names = [row["name"] for row in files]
        assert len(names) == len(set(names)) == 2, files
    # A check only measures, so the interrupted one was asked again; no other one was.
    assert service.asked["/held"] <= 2
    assert service.asked["/after"] == 1
    assert release.value("blocking_count") == 0
