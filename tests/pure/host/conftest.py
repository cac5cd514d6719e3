"""A database and a host of its own for each test."""

import itertools
import os

import hosted
import psycopg2
import pytest
from kit_shop import backed_up, running, shop, shop_template  # noqa: F401 (fixtures)

_NUMBERS = itertools.count(1)


def _maintain(statement, values=None, **options):
    connection = psycopg2.connect(dbname="postgres", **options)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


def _drop(name):
    # As superuser: FORCE is refused to others where autovacuum is at work in the database.
    _maintain(f'DROP DATABASE "{name}" WITH (FORCE)', user=os.environ["IPAI_PGADMIN"])


@pytest.fixture
def admin():
    """A function that runs a statement as the cluster's superuser."""
    return lambda statement, values: _maintain(statement, values, user=os.environ["IPAI_PGADMIN"])


@pytest.fixture(scope="session")
def template():
    """A database with the few tables of Odoo that the helper reads; copied for each test."""
    name = f"ipai_test_host_{os.getpid()}"
    _maintain(f"CREATE DATABASE {name}")
    connection = psycopg2.connect(dbname=name)
    with connection, connection.cursor() as cursor:
        cursor.execute(hosted.TABLES)
    connection.close()
    yield name
    _drop(name)


@pytest.fixture
def database(template):
    """A fresh database; what the helper made of it is dropped as well."""
    name = f"{template}_{next(_NUMBERS)}"
    _maintain(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield name
    for found in databases(name):
        _maintain(f'ALTER DATABASE "{found}" IS_TEMPLATE false')
        _drop(found)


def databases(name):
    """Names of the databases that begin with a name."""
    connection = psycopg2.connect(dbname="postgres")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)",
            (name, f"{name}_"),
        )
        found = [row[0] for row in cursor.fetchall()]
    connection.close()
    return found


@pytest.fixture
def scratch_databases(database):
    """A function that lists the databases beside the test's own."""
    return lambda: [name for name in databases(database) if name != database]


@pytest.fixture
def run_sql(database):
    """A function that runs a statement in the test's database and commits it."""
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True

    def run(statement, values=None):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    yield run
    connection.close()


@pytest.fixture
def stage(tmp_path, database):
    """A host with that database."""
    return hosted.Stage(tmp_path, database)


class _SlowTable:
    """A locked table that a dump waits for."""

    def __init__(self, database, run_sql):
        self.run_sql = run_sql
        run_sql("CREATE TABLE slow (id int)")
        self.connection = psycopg2.connect(dbname=database)
        with self.connection.cursor() as cursor:
            cursor.execute("LOCK TABLE slow IN ACCESS EXCLUSIVE MODE")

    def wait_for_dump(self):
        """Wait until a dump waits for the table; return the process id of its server process."""
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"
        )
        return hosted.until(lambda: self.run_sql(waiting))[0][0]

    def release(self):
        self.connection.close()


@pytest.fixture
def hold_dump(database, run_sql):
    """A function that holds all dumps up, until what it returns is released."""
    held = []

    def hold():
        held.append(_SlowTable(database, run_sql))
        return held[-1]

    yield hold
    for table in held:
        table.release()
