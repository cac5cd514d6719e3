"""Load the checks package without Odoo, and give each test a real database of its own cluster."""

import importlib.util
import os
import sys
from pathlib import Path

import psycopg2
import pytest

_PACKAGE = Path(__file__).resolve().parents[3] / "addons" / "ipai_release_checks" / "checks"


def _load() -> None:
    # The addon's own __init__ imports Odoo; the package below it must not need it.
    spec = importlib.util.spec_from_file_location(
        "release_checks", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["release_checks"] = module
    spec.loader.exec_module(module)


if "release_checks" not in sys.modules:
    _load()


def _admin(statement: str, params=None) -> None:
    # The superuser of the private cluster: only it may make roles and what a role may not see.
    connection = psycopg2.connect(dbname="postgres", user=os.environ["IPAI_PGADMIN"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
    connection.close()


@pytest.fixture(scope="session")
def admin():
    """Return a function that runs one statement as the cluster's superuser."""
    return _admin


@pytest.fixture(scope="session")
def database(admin):
    """Create an empty database owned by the ordinary role, and return its name."""
    name = f"ipai_test_checks_{os.getpid()}"
    admin(f"CREATE DATABASE {name} OWNER {os.environ['PGUSER']}")
    yield name
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def execute(database):
    """Return a function that runs a statement in the database and commits it."""
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True

    def run(statement, params=None):
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else None

    yield run
    connection.close()


@pytest.fixture
def payments(execute):
    """Create the few tables of Odoo that the tests read, with 120 payments in them."""
    execute("DROP TABLE IF EXISTS account_payment, res_users, res_users_apikeys CASCADE")
    execute(
        "CREATE TABLE account_payment (id serial PRIMARY KEY, name varchar, amount numeric(16, 2),"
        " state varchar, paid_on date)"
    )
    execute(
        "INSERT INTO account_payment (name, amount, state, paid_on) SELECT 'PAY/' || n, n + 0.1,"
        " CASE WHEN n <= 100 THEN 'paid' ELSE 'draft' END, date '2025-01-01' + n"
        " FROM generate_series(1, 120) n"
    )
    execute("CREATE TABLE res_users (id int PRIMARY KEY, login varchar, password varchar)")
    execute("INSERT INTO res_users VALUES (2, 'ada', 'a-hash-nobody-may-see')")
    execute("CREATE TABLE res_users_apikeys (id int, key varchar)")
    return execute
