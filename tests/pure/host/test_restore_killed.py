"""kill -9 of the job at each step of restore: same end, nothing twice."""

import pytest
from kit_shop import DAMAGE, admin, stored

STEPS = (
    ("look", "kept"),
    ("files", "worked"),
    ("load", "begun"),
    ("load", "worked"),
    ("load", "kept"),
    ("fingerprint", "worked"),
    ("filestore", "worked"),
    ("keep_files", "begun"),
    ("keep_files", "worked"),
    ("keep_new_files", "worked"),
    ("probe", "kept"),
    ("stop", "worked"),
    ("since", "worked"),
    ("swap", "begun"),
    ("swap", "worked"),
    ("swap", "kept"),
    ("code", "worked"),
    ("start", "worked"),
    ("answer", "kept"),
    ("watch", "worked"),
)


@pytest.mark.parametrize(("step", "moment"), STEPS)
def test_restore(backed_up, step, moment):
    shop = backed_up
    shop.sql(DAMAGE)
    new = stored(shop, b"a later invoice")
    logged = shop.folder / "restores"
    shop.configure(postgresql__bin=_counting_pg_restore(shop, logged))
    key, params = shop.key(), {"backup": shop.backup}
    shop.call_killed("restore", params, key, step, moment)
    answer = shop.call("restore", params, key)
    assert answer["status"] == "done", answer
    assert shop.sql("SELECT count(*) FROM account_move") == [(50,)]
    names = [name for (name,) in admin("SELECT datname FROM pg_database")]
    found = sorted(name for name in names if name.startswith(shop.database))
    assert found == sorted([shop.database, answer["result"]["kept_database"]])
    assert shop.counts() == {"start": 1, "stop": 1, "update": 0}
    assert logged.read_text() == "pg_restore\n"
    assert answer["result"]["since"]["counts"]["journal-entries"]["deleted"] == 10
    kept = new.parents[2] / answer["result"]["kept_database"]
    assert (kept / new.parent.name / new.name).read_bytes() == b"a later invoice"


def _counting_pg_restore(shop, logged):
    """A folder whose pg_restore counts its runs and then is the real one."""
    folder = shop.folder / "bin"
    folder.mkdir()
    program = folder / "pg_restore"
    program.write_text(f'#!/bin/sh\necho pg_restore >> {logged}\nexec /usr/bin/pg_restore "$@"\n')
    program.chmod(0o755)
    return folder


def test_killed_while_nobody_may_connect(backed_up):
    """The live database is closed and its sessions ended, and then the job dies."""
    shop = backed_up
    key, params = shop.key(), {"backup": shop.backup}
    shop.call_killed("restore", params, key, "since", "kept")
    admin(f'ALTER DATABASE "{shop.database}" ALLOW_CONNECTIONS false')
    answer = shop.call("restore", params, key)
    assert answer["status"] == "done", answer
    assert shop.answers()
