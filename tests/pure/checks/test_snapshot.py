"""The snapshot against a real PostgreSQL: one moment, only queries, no way out of the database."""

import os
import threading
import time

import psycopg2
import pytest
from psycopg2 import extensions
from release_checks.base import CheckError, Inconclusive, ParameterError
from release_checks.snapshot import Snapshot

WRITES = [
    "INSERT INTO account_payment (name) VALUES ('x')",
    "INSERT INTO account_payment (name) VALUES ('x') RETURNING id",
    "UPDATE account_payment SET amount = 0",
    "UPDATE account_payment SET amount = 0 RETURNING id",
    "DELETE FROM account_payment",
    "WITH gone AS (DELETE FROM account_payment RETURNING id) SELECT * FROM gone",
    "WITH gone AS (UPDATE account_payment SET amount = 0) SELECT 1",
    "WITH gone AS (UPDATE res_users SET login = 'eve' RETURNING id) SELECT * FROM gone",
    "WITH gone AS (DELETE FROM res_users RETURNING id) SELECT * FROM gone",
    "WITH gone AS (INSERT INTO res_users VALUES (3, 'eve') RETURNING id) SELECT * FROM gone",
    "WITH new AS (SELECT 1 AS id) INSERT INTO account_payment (id) SELECT id FROM new RETURNING id",
    "SELECT * INTO stolen FROM account_payment",
    "SELECT id INTO TEMPORARY stolen FROM account_payment",
    "SELECT * FROM account_payment FOR UPDATE",
    "SELECT * FROM account_payment FOR SHARE",
    "TRUNCATE account_payment",
    "DROP TABLE account_payment",
    "CREATE TABLE stolen AS SELECT 1",
    "COPY account_payment TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY account_payment TO '/tmp/stolen'",
    "SELECT 1; DROP TABLE account_payment",
    "SELECT 1; COMMIT; DROP TABLE account_payment",
    "COMMIT; DROP TABLE account_payment",
    "ROLLBACK",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CALL nothing()",
    "SET ROLE postgres",
    "SET transaction_read_only = off",
    "RESET ALL",
    "SHOW ALL",
    "EXPLAIN ANALYZE INSERT INTO account_payment (name) VALUES ('x')",
    "EXPLAIN SELECT 1",
    "LOCK TABLE account_payment",
    "LISTEN somebody",
    "PREPARE p AS SELECT 1",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH ALL FROM ipai_check",
    "VACUUM",
    "/* SELECT */ DELETE FROM account_payment",
    "-- SELECT\nDELETE FROM account_payment",
    "/* a /* nested */ comment */ DELETE FROM account_payment",
    "SELECT '; --' AS text; DELETE FROM account_payment",
    "SELECT $$ ' $$; DELETE FROM account_payment; SELECT $$ ' $$",
    "SELECT E'\\''; DELETE FROM account_payment; --'",
    "SELECT '\\'; DELETE FROM account_payment; --'",
    "END $$; DELETE FROM account_payment; DO $$ BEGIN",
    "SELECT 1 $$; DELETE FROM account_payment; --",
    "",
    ";",
    "   ",
    "( ( DELETE FROM account_payment ) )",
]

REACHES_OUT = [
    "SELECT pg_sleep(5)",
    'SELECT "pg_sleep"(5)',
    "SELECT PG_SLEEP(5)",
    "SELECT pg_sleep /**/ (5)",
    "SELECT pg_sleep -- comment\n (5)",
    "SELECT pg_catalog.pg_sleep(5)",
    'SELECT pg_catalog . "pg_sleep" (5)',
    'SELECT U&"pg\\005fsleep"(5)',
    "SELECT u& \"pg!005fsleep\" UESCAPE '!' (5)",
    "SELECT pg_sleep_for('5 s')",
    "SELECT pg_sleep_until(now() + interval '5 s')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT * FROM pg_ls_logdir()",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/stolen')",
    "SELECT lo_get(1)",
    "SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(a int)",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT pg_reload_conf()",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT current_setting('data_directory')",
    "SELECT pg_notify('a', 'b')",
    "SELECT nextval('account_payment_id_seq')",
    "SELECT setval('account_payment_id_seq', 1)",
    "SELECT lastval()",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT query_to_xml('DELETE FROM account_payment', true, true, '')",
    "SELECT query_to_xml_and_xmlschema('SELECT 1', true, true, '')",
    "SELECT table_to_xml('res_users', true, true, '')",
    "SELECT schema_to_xml('public', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT cursor_to_xml('ipai_check', 1, true, true, '')",
    "SELECT xpath('/a', query_to_xml('SELECT 1', true, true, ''))",
    "SELECT * FROM ts_stat('SELECT 1')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT 1')",
    "SELECT pg_export_snapshot()",
    "SELECT pg_logical_emit_message(true, 'a', 'b')",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stat_get_activity(NULL)",
    "SELECT * FROM pg_stat_ssl",
    "SELECT * FROM pg_locks",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_user_mappings",
    "SELECT * FROM information_schema.user_mapping_options",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT * FROM pg_settings",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_prepared_statements",
    "SELECT acts_outside()",
    "SELECT runs_as_owner()",
    "SELECT * FROM res_users_apikeys",
    "TABLE res_users_apikeys",
    "SELECT value FROM ir_config_parameter",
    "SELECT new_passwd FROM change_password_user",
    "SELECT access_token FROM account_move",
]


@pytest.fixture
def snapshot(payments, database):
    payments(
        "CREATE OR REPLACE FUNCTION acts_outside() RETURNS int LANGUAGE plpgsql VOLATILE AS"
        " 'BEGIN RETURN 1; END'"
    )
    payments(
        "CREATE OR REPLACE FUNCTION runs_as_owner() RETURNS int LANGUAGE sql STABLE"
        " SECURITY DEFINER AS 'SELECT 1'"
    )
    payments("DROP TABLE IF EXISTS account_move CASCADE")
    payments(
        "CREATE TABLE account_move (id int PRIMARY KEY, name varchar, payment_token_id int,"
        " access_token varchar)"
    )
    payments("INSERT INTO account_move VALUES (1, 'INV/1', 7, 'a-hash-nobody-may-see')")
    with Snapshot({"dbname": database}, statement_timeout_ms=1_500) as opened:
        yield opened


@pytest.mark.parametrize("statement", WRITES)
def test_whatever_is_not_one_reading_query_is_refused(snapshot, payments, statement):
    with pytest.raises(CheckError) as refusal:
        snapshot.query(statement)
    assert refusal.value.hint
    with pytest.raises(CheckError, match="refused a statement that writes"):
        # Still read-only after the savepoint of the first statement was rolled back.
        snapshot.query("WITH a AS (DELETE FROM account_payment RETURNING id) SELECT * FROM a")
    assert payments("SELECT count(*), sum(amount) FROM account_payment") == [(120, 7272)]
    assert payments("SELECT id, login FROM res_users") == [(2, "ada")]
    assert snapshot.query("SELECT count(*) AS n FROM account_payment").rows == [{"n": 120}]


@pytest.mark.parametrize("statement", REACHES_OUT)
def test_what_reaches_outside_is_refused(snapshot, statement):
    started = time.monotonic()
    with pytest.raises(CheckError) as refusal:
        snapshot.query(statement)
    # Refused by rule: PostgreSQL's own refusals (no such table, no right) would prove nothing.
    assert "a check may not use" in refusal.value.message or "U&" in refusal.value.message
    assert time.monotonic() - started < 5, "it slept"


@pytest.mark.parametrize("value", ["|| (SELECT pg_sleep(5)::text) ||", "' || pg_sleep(5) || '"])
def test_a_bound_value_that_breaks_out_of_quotes_is_looked_at_too(snapshot, value):
    with pytest.raises(CheckError, match="pg_sleep"):
        snapshot.query("SELECT '%(value)s' AS text", {"value": value})


READS = [
    ("SELECT count(*) AS n FROM account_payment", 120),
    (
        "WITH a AS (SELECT * FROM account_payment WHERE state = 'paid') SELECT count(*) FROM a",
        100,
    ),
    ("VALUES (7)", 7),
    ("(SELECT 1) UNION (SELECT 1)", 1),
    ("-- a comment\nSELECT 1;", 1),
    ("/* a comment */ select 1 -- the end", 1),
    ("SELECT 'DELETE; FROM' = 'DELETE; FROM'", True),
    ("SELECT count(*) FROM account_payment WHERE name LIKE 'PAY/%'", 120),
    ("SELECT max(id) FROM account_payment WHERE clock_timestamp() > now()", 120),
    ("SELECT login FROM res_users", "ada"),
    ("SELECT count(*) FROM account_payment TABLESAMPLE system (100)", 120),
    ("SELECT u.login FROM res_users u JOIN account_payment p ON p.id = u.id", "ada"),
]


@pytest.mark.parametrize(("statement", "value"), READS)
def test_queries_pass(snapshot, statement, value):
    result = snapshot.query(statement)
    assert [list(row.values()) for row in result.rows] == [[value]]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM res_users",
        "SELECT u FROM res_users u",
        "SELECT to_jsonb(u) FROM res_users u",
        "TABLE res_users",
        "SELECT u.* FROM res_users AS u",
        "SELECT string_agg(u::text, ',') FROM res_users u",
        "SELECT * FROM account_move",
        "SELECT m FROM account_move m",
        "SELECT to_jsonb(m) FROM account_move m",
        "SELECT s FROM (SELECT * FROM account_move OFFSET 0) s",
    ],
)
def test_secret_columns_are_not_there(snapshot, statement):
    assert "a-hash" not in str(snapshot.query(statement).rows)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM res_users",
        "SELECT password FROM public.res_users",
        'SELECT * FROM "public".res_users',
        "SELECT * FROM PUBLIC /* */ . res_users",
        "SELECT * FROM public--\n.res_users",
        "SELECT to_jsonb(u) FROM public.res_users u",
        "SELECT d FROM account_move AS m(a, b, c, d)",
        "SELECT 1 AS a, 'x' AS b, 2 AS c, 'y' AS d UNION ALL SELECT * FROM account_move",
    ],
)
def test_secret_columns_cannot_be_asked_for(snapshot, statement):
    with pytest.raises(CheckError, match=r"password|schema|columns"):
        snapshot.query(statement)


def test_a_column_that_only_sounds_like_a_secret_is_there(snapshot):
    assert snapshot.query("SELECT payment_token_id FROM account_move").rows == [
        {"payment_token_id": 7}
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'account_move'::regclass",
        "SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('account_move')",
        "SELECT pg_total_relation_size('account_move') AS bytes",
    ],
)
def test_a_view_is_not_taken_for_its_table(snapshot, statement):
    with pytest.raises(CheckError, match="looks up account_move by name") as refusal:
        snapshot.query(statement)
    assert "pg_class" in refusal.value.hint


def test_a_table_behind_a_view_is_found_in_the_catalogue(snapshot):
    size = (
        "SELECT pg_relation_size(oid) > 0 AS ok FROM pg_class"
        " WHERE relname = 'account_move' AND relkind = 'r'"
    )
    assert snapshot.query(size).rows == [{"ok": True}]


def test_grouping_by_the_key_alone_is_refused_with_its_remedy(snapshot):
    with pytest.raises(CheckError, match="neither grouped") as refusal:
        snapshot.query("SELECT m.name FROM account_move m GROUP BY m.id")
    assert "GROUP BY" in refusal.value.hint


def test_all_queries_see_one_moment_and_a_failure_spoils_none(snapshot, payments):
    before = snapshot.query("SELECT count(*) AS n FROM account_payment").rows
    payments("DELETE FROM account_payment WHERE id <= 50")
    with pytest.raises(CheckError):
        snapshot.query("SELECT nothing FROM account_payment")
    assert snapshot.query("SELECT count(*) AS n FROM account_payment").rows == before
    assert payments("SELECT count(*) FROM account_payment") == [(70,)]


def test_the_identity_names_the_snapshot_and_its_time(snapshot):
    assert snapshot.identity.name.count(":") == 2
    assert abs(snapshot.identity.taken_at.timestamp() - time.time()) < 60


def test_a_time_out_is_inconclusive_and_the_snapshot_lives_on(snapshot):
    endless = "SELECT count(*) AS n FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    with pytest.raises(Inconclusive, match="time limit"):
        snapshot.query(endless)
    assert snapshot.query("SELECT 1 AS one").rows == [{"one": 1}]


def test_waiting_for_a_lock_ends(snapshot, payments, database):
    blocker = psycopg2.connect(dbname=database)
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE account_payment IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Inconclusive):
            snapshot.query("SELECT count(*) FROM account_payment")
    blocker.close()


@pytest.mark.parametrize(
    "missing", ["SELECT 1 FROM no_such_table", "SELECT ghost FROM account_payment"]
)
def test_a_missing_table_or_column_is_an_error_with_a_remedy(snapshot, missing):
    with pytest.raises(CheckError, match=r"missing: .*does not exist") as refusal:
        snapshot.query(missing)
    assert "Odoo series" in refusal.value.hint


def test_values_are_bound_by_name_and_by_position(snapshot):
    wanted = [{"n": 20}]
    assert (
        snapshot.query(
            "SELECT count(*) AS n FROM account_payment WHERE state = %(state)s", {"state": "draft"}
        ).rows
        == wanted
    )
    assert (
        snapshot.query(
            "SELECT count(*) AS n FROM account_payment WHERE state = ANY(%s)", [["draft", "x'; --"]]
        ).rows
        == wanted
    )


@pytest.mark.parametrize("params", [{"other": 1}, [1], [1, 2, 3]])
def test_values_that_do_not_fit_name_the_parameter(snapshot, params):
    with pytest.raises(ParameterError, match="'params'"):
        snapshot.query(
            "SELECT %s AS a, %(name)s AS b" if params == [1] else "SELECT %(name)s", params
        )


def test_figures_stay_exact_whatever_odoo_did_to_psycopg2(payments, database, monkeypatch):
    floats = extensions.new_type((1700,), "ODOO", lambda value, _cursor: value and float(value))
    monkeypatch.setitem(extensions.string_types, 1700, floats)
    snapshot = Snapshot({"dbname": database})
    assert payments("SELECT 12345678901234567.89::numeric") == [(12345678901234567.89,)]
    row = snapshot.query(
        "SELECT 100.00::numeric AS whole, 0.01::numeric AS cent, 1.5::float8 AS half,"
        " 12345678901234567.89::numeric AS large, date '2025-01-31' AS day,"
        " timestamp 'infinity' AS never, '\\x00ff'::bytea AS raw, '{\"a\": [1]}'::jsonb AS json,"
        " ARRAY[date '2025-01-31'] AS days, 'NaN'::numeric AS nan, NULL AS empty, true AS yes"
    ).rows[0]
    assert row == {
        "whole": 100,
        "cent": 0.01,
        "half": 1.5,
        "large": "12345678901234567.89",
        "day": "2025-01-31",
        "never": "infinity",
        "raw": "00ff",
        "json": {"a": [1]},
        "days": ["2025-01-31"],
        "nan": "NaN",
        "empty": None,
        "yes": True,
    }
    snapshot.close()


def test_rows_beyond_the_limit_are_counted_and_not_kept(snapshot):
    result = snapshot.query("SELECT id FROM account_payment ORDER BY id", max_rows=10)
    assert (len(result.rows), result.row_count, result.truncated) == (10, 120, True)
    assert not snapshot.query("SELECT id FROM account_payment", max_rows=120).truncated


def test_a_stream_gives_every_row_and_says_so_when_there_is_none(snapshot):
    batches = list(snapshot.stream("SELECT n AS id FROM generate_series(1, 12000) n"))
    assert [len(rows) for _columns, rows in batches] == [5000, 5000, 2000]
    assert list(snapshot.stream("SELECT 1 AS id WHERE false")) == [(("id",), [])]


def test_two_columns_of_one_name_are_refused(snapshot):
    with pytest.raises(CheckError, match="more than one column named count"):
        snapshot.query("SELECT count(id), count(name) FROM account_payment")


def test_a_restricted_role_is_used(payments, database, admin):
    role = f"ipai_test_reader_{os.getpid()}"
    admin(f"CREATE ROLE {role}")
    admin(f"GRANT {role} TO {os.environ['PGUSER']}")
    try:
        payments(f"GRANT SELECT ON account_payment, res_users TO {role}")
        payments("CREATE TABLE IF NOT EXISTS closed_book (id int)")
        with Snapshot({"dbname": database}, role=role) as snapshot:
            assert snapshot.query("SELECT current_user AS me").rows == [{"me": role}]
            assert snapshot.query("SELECT count(*) AS n FROM account_payment").rows == [{"n": 120}]
            assert snapshot.query("SELECT * FROM res_users").rows == [{"id": 2, "login": "ada"}]
            with pytest.raises(CheckError, match="may not read"):
                snapshot.query("SELECT * FROM closed_book")
    finally:
        payments(f"DROP OWNED BY {role}")
        admin(f"DROP ROLE {role}")


def test_a_role_one_does_not_belong_to_is_an_error(database):
    with pytest.raises(CheckError, match=r"could not be opened: .*no_such_role") as refusal:
        Snapshot({"dbname": database}, role="no_such_role").query("SELECT 1")
    assert "must exist" in refusal.value.hint


def test_no_database_is_an_error_with_a_remedy():
    with pytest.raises(CheckError, match="connection") as refusal:
        Snapshot({"dbname": "no_such_database"}).query("SELECT 1")
    assert refusal.value.hint


def test_a_lost_connection_is_an_error(database, admin):
    with Snapshot({"dbname": database}) as snapshot:
        admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = 'ipai_release_checks'",
            [database],
        )
        assert snapshot.is_open
        with pytest.raises(CheckError, match="connection"):
            snapshot.query("SELECT 1 AS one")
        assert not snapshot.is_open


def test_one_that_could_not_be_opened_is_not_open(database):
    snapshot = Snapshot({"dbname": database}, role="no_such_role")
    assert not snapshot.is_open
    with pytest.raises(CheckError):
        snapshot.open()
    assert not snapshot.is_open


def test_a_closed_snapshot_never_opens_again(database):
    snapshot = Snapshot({"dbname": database})
    snapshot.query("SELECT 1 AS one")
    snapshot.close()
    with pytest.raises(CheckError, match="closed"):
        snapshot.query("SELECT 1 AS one")


def test_a_snapshot_leaves_nothing_behind_that_depends_on_a_table(snapshot, payments):
    assert snapshot.query("SELECT login FROM res_users").rows
    snapshot.close()
    payments("ALTER TABLE res_users ALTER COLUMN login TYPE text, DROP COLUMN password")


def test_writers_are_not_held_up_by_a_snapshot(snapshot, payments):
    snapshot.query("SELECT count(*) AS n FROM account_payment")
    writer = threading.Thread(target=payments, args=("UPDATE account_payment SET amount = 1",))
    writer.start()
    writer.join(5)
    assert not writer.is_alive()
