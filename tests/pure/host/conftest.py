"""A database and a host of its own for each test."""

import itertools
import os

import hosted
import psycopg2
import pytest

_NUMBERS = itertools.count(1)


def _maintain(statement):
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


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
    _maintain(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(template):
    """A fresh database; what the helper made of it is dropped as well."""
    name = f"{template}_{next(_NUMBERS)}"
    _maintain(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield name
    for found in databases(name):
        _maintain(f'DROP DATABASE "{found}" WITH (FORCE)')


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
