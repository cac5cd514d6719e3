"""The private PostgreSQL cluster, a second one in a cache folder of its own."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from tools.places import ROOT


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Return a function that calls ``tools.cluster`` as another cache folder's user would."""
    folder = tmp_path_factory.mktemp("cache")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PG")}

    def run(code):
        return subprocess.run(
            [sys.executable, "-c", f"from tools import cluster\n{code}"],
            cwd=ROOT,
            env={**variables, "IPAI_CACHE": str(folder)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    yield run
    run("cluster.remove()")


@pytest.fixture(scope="module")
def address(call):
    lines = call("for item in cluster.start().items(): print(*item, sep='=')").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _connect(address, user):
    return psycopg2.connect(host=address["PGHOST"], user=address[user], dbname="postgres")


def _rights(address, user):
    with _connect(address, user) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = user"
        )
        return cursor.fetchone()


def test_odoos_role_may_create_databases_and_nothing_else(address):
    assert _rights(address, "PGUSER") == (False, False, True)


def test_the_tests_have_a_superuser(address):
    assert _rights(address, "IPAI_PGADMIN")[0]


def test_only_the_owner_can_reach_it(address):
    folder = Path(address["PGHOST"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
    with _connect(address, "PGUSER") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("",)


def test_it_is_not_the_cluster_of_this_run(address):
    assert address["PGHOST"] != os.environ.get("PGHOST")


def test_starting_twice_is_starting_once(call, address):
    assert "start" not in call("cluster.start()")


def test_a_crash_while_it_was_made_is_repaired(call, address):
    call("cluster.stop()")
    data = Path(address["PGHOST"]).parent / "data"
    shutil.move(data, data.with_name("data.partial"))
    call("cluster.start()")
    assert _rights(address, "PGUSER") == (False, False, True)


def test_stopped_it_answers_nobody(call, address):
    call("cluster.stop()")
    with pytest.raises(psycopg2.OperationalError):
        _connect(address, "PGUSER")
    call("cluster.start()")


def test_a_named_server_is_used_instead(call):
    assert call("import os; os.environ['PGHOST'] = 'db'; print(cluster.start())") == "{}\n"
