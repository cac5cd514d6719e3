"""restore: beside the live database, verified, names swapped, nothing lost silently."""

import contextlib
import csv
import errno
import io
import json
import os
import threading
import time

import psycopg2
import pytest
from kit_shop import DAMAGE, admin, release_host, stored


def _restore(shop, key=None):
    return shop.call("restore", {"backup": shop.backup}, key)


def _databases(shop):
    found = admin("SELECT datname, datallowconn, datistemplate FROM pg_database")
    return {name: flags for name, *flags in found if name.startswith(shop.database)}


def _rows(result, name):
    (found,) = [entry for entry in result["since"]["files"] if entry["name"] == name]
    return list(csv.DictReader(io.StringIO(found["content"])))


def test_restore_swaps_and_keeps_and_lists(backed_up):
    shop = backed_up
    shop.sql(DAMAGE)
    number = shop.sql("SELECT oid FROM pg_database WHERE datname = current_database()")
    answer = _restore(shop)
    assert answer["status"] == "done", answer
    result = answer["result"]
    assert shop.sql("SELECT count(*), sum(amount_total) FROM account_move") == [(50, 13387.5)]
    assert shop.answers()
    assert shop.counts() == {"start": 1, "stop": 1, "update": 0}
    assert result["authenticated"] is True
    assert result["room"]["needed"] > 0 and "disk" in result["room"]["note"]
    assert result["downtime"]["seconds"] > 0.3
    kept = result["kept_database"]
    select = "SELECT oid FROM pg_database WHERE datname = %s"
    assert shop.sql(select, params=(kept,)) == number
    # Nobody connects to the kept one by mistake, and Odoo does not list it.
    assert _databases(shop) == {shop.database: [True, False], kept: [False, False]}
    admin(f'ALTER DATABASE "{kept}" ALLOW_CONNECTIONS true')
    assert shop.sql("SELECT count(*) FROM account_move", kept) == [(41,)]
    assert result["since"]["counts"] == {
        "journal-entries": {"entered": 1, "changed": 1, "deleted": 10},
        "payments": {"entered": 1, "changed": 0, "deleted": 0},
        "partners": {"entered": 1, "changed": 0, "deleted": 0},
    }


def test_the_list_says_what_who_and_how_much(backed_up):
    backed_up.sql(DAMAGE)
    result = _restore(backed_up)["result"]
    entries = _rows(result, "journal-entries.csv")
    assert [row["what"] for row in entries] == ["deleted"] * 10 + ["changed", "entered"]
    new = entries[-1]
    assert (new["number"], new["amount"], new["partner"], new["changed by"]) == (
        "INV/51",
        "777.5",
        "Bruno",
        "ben",
    )
    assert _rows(result, "partners.csv")[0]["name"] == 'Céline, "Ltd"\nParis'
    assert _rows(result, "payments.csv")[0]["amount"] == "777.5"


def test_missing_files_come_back_and_new_ones_stay(backed_up):
    backed_up.paper.unlink()
    new = stored(backed_up, b"a later invoice")
    result = _restore(backed_up)["result"]
    assert backed_up.paper.read_bytes() == b"an invoice"
    assert new.read_bytes() == b"a later invoice"
    assert "1 files put back" in [step["note"] for step in result["steps"]]


def _collect_garbage(shop):
    """What Odoo's daily job does: remove listed files that its own attachments do not name."""
    known = {name for (name,) in shop.sql("SELECT store_fname FROM ir_attachment")}
    root = shop.folder / "data" / "filestore" / shop.database
    removed = []
    for entry in (root / "checklist").glob("*/*"):
        name = f"{entry.parent.name}/{entry.name}"
        if name not in known:
            (root / name).unlink()
            removed.append(name)
        entry.unlink()
    return removed


def test_the_kept_database_keeps_its_newest_files(backed_up):
    shop = backed_up
    new = stored(shop, b"a later invoice")
    kept = _restore(shop)["result"]["kept_database"]
    assert _collect_garbage(shop) == [f"{new.parent.name}/{new.name}"]
    assert not new.exists()
    admin(f'ALTER DATABASE "{kept}" ALLOW_CONNECTIONS true')
    names = {name for (name,) in shop.sql("SELECT store_fname FROM ir_attachment", kept)}
    folder = new.parents[2] / kept
    contents = {(folder / name).read_bytes() for name in names}
    assert contents == {b"an invoice", b"a later invoice"}


def test_files_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    def refuse(_source, _target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    source, target = tmp_path / "live", tmp_path / "kept"
    (source / "ab").mkdir(parents=True)
    (source / "ab" / "abc").write_bytes(b"an invoice")
    monkeypatch.setattr(os, "link", refuse)
    assert release_host.share_files(source, target, lambda *_numbers: None) == 1
    assert [path.name for path in target.rglob("*")] == ["ab", "abc"]
    assert (target / "ab" / "abc").read_bytes() == b"an invoice"


def test_files_that_cannot_be_kept_stop_the_restore_before_odoo(backed_up):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_host, "launch", _in_process_on_a_full_disk)
        answer = backed_up.call("restore", {"backup": backed_up.backup})
    assert answer["status"] == "failed"
    assert "cannot be kept" in answer["message"] and "Free space" in answer["hint"]
    assert backed_up.counts() == {"start": 0, "stop": 0, "update": 0}
    assert _databases(backed_up) == {backed_up.database: [True, False]}
    assert _filestores(backed_up) == {backed_up.database}


def _in_process_on_a_full_disk(config, job):
    def refuse(*_paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "link", refuse)
        patch.setattr(release_host.shutil, "copy2", refuse)
        release_host.run_job(config, job.id, False)


def _filestores(shop):
    return {path.name for path in (shop.folder / "data" / "filestore").iterdir()}


def test_a_cut_file_is_replaced(backed_up):
    backed_up.paper.write_bytes(b"an inv")
    answer = _restore(backed_up)
    assert answer["status"] == "done", answer
    assert backed_up.paper.read_bytes() == b"an invoice"


def test_a_damaged_file_of_the_same_size_is_replaced(backed_up):
    backed_up.paper.write_bytes(b"AN INVOICE")
    result = _restore(backed_up)["result"]
    assert backed_up.paper.read_bytes() == b"an invoice"
    assert "1 files put back" in [step["note"] for step in result["steps"]]


def test_sessions_are_ended_and_cannot_come_back_in_between(backed_up):
    """Somebody connects again and again, as a web server with a pool does."""
    over, connected = threading.Event(), []

    def insist():
        while not over.is_set():
            with contextlib.suppress(psycopg2.Error):
                connection = psycopg2.connect(dbname=backed_up.database)
                connected.append(time.monotonic())
                while not over.wait(0.001):
                    connection.cursor().execute("SELECT 1")

    threads = [threading.Thread(target=insist) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        answer = _restore(backed_up)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert answer["status"] == "done", answer
    # Once before the swap, and once in the restored database.
    assert len(connected) >= 4


def test_a_session_that_the_role_may_not_end_stops_the_swap(backed_up):
    admin_user = os.environ["IPAI_PGADMIN"]
    other = psycopg2.connect(
        dbname=backed_up.database, user=admin_user, application_name="reporting"
    )
    backed_up.sql(DAMAGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_host, "launch", _in_process_with_short_patience)
        answer = backed_up.call("restore", {"backup": backed_up.backup})
    other.close()
    assert answer["status"] == "failed"
    assert "Others are connected" in answer["message"]
    assert "reporting" in answer["message"]
    assert backed_up.answers()
    assert _databases(backed_up) == {backed_up.database: [True, False]}
    assert backed_up.sql("SELECT count(*) FROM account_move") == [(41,)]


def _in_process_with_short_patience(config, job):
    release_host.Databases.PATIENCE, before = 1.0, release_host.Databases.PATIENCE
    try:
        release_host.run_job(config, job.id, False)
    finally:
        release_host.Databases.PATIENCE = before


def test_settings_and_rights_of_the_database_are_kept(backed_up):
    name, reader = backed_up.database, f"{backed_up.database}_reader"
    admin(f"CREATE ROLE {reader}")
    try:
        backed_up.sql(f"ALTER DATABASE \"{name}\" SET statement_timeout TO '7min'")
        backed_up.sql(f'ALTER DATABASE "{name}" SET search_path TO public, "My Own"')
        backed_up.sql(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        backed_up.sql(f'GRANT CONNECT ON DATABASE "{name}" TO {reader}')
        backed_up.sql(f"GRANT SELECT ON account_move TO {reader}")
        backed_up.backup = backed_up.done("backup", {"label": "with rights"})["backup"]
        assert _restore(backed_up)["status"] == "done"
        assert backed_up.sql("SHOW statement_timeout") == [("7min",)]
        assert backed_up.sql("SHOW search_path") == [('public, "My Own"',)]
        may = f"SELECT has_database_privilege('{reader}', '{name}', 'CONNECT'),"
        may += f" has_table_privilege('{reader}', 'account_move', 'SELECT')"
        assert backed_up.sql(may) == [(True, True)]
        public = "SELECT count(*) FROM pg_database, aclexplode(datacl) WHERE grantee = 0"
        assert backed_up.sql(f"{public} AND datname = current_database()") == [(0,)]
    finally:
        for database in _databases(backed_up):
            admin(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
            connection = psycopg2.connect(dbname=database, user=os.environ["IPAI_PGADMIN"])
            connection.autocommit = True
            connection.cursor().execute(f"DROP OWNED BY {reader}")
            connection.close()
        admin(f"DROP ROLE {reader}")


def test_a_changed_backup_is_not_restored(backed_up):
    dump = backed_up.folder / "backups" / backed_up.backup / "database.dump"
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(data)
    answer = _restore(backed_up)
    assert answer["status"] == "failed"
    assert "SHA-256" in answer["message"]
    assert backed_up.counts() == {"start": 0, "stop": 0, "update": 0}
    assert _databases(backed_up) == {backed_up.database: [True, False]}


_NEW_UUID = "UPDATE ir_config_parameter SET value = 'another' WHERE key = 'database.uuid'"


def test_a_backup_of_another_database_of_this_name_is_not_restored(backed_up):
    backed_up.sql(_NEW_UUID)
    answer = _restore(backed_up)
    assert answer["status"] == "refused"
    assert "is of another database that was called" in answer["message"]
    assert "Name a backup of this database" in answer["hint"]
    assert backed_up.counts() == {"start": 0, "stop": 0, "update": 0}
    assert _databases(backed_up) == {backed_up.database: [True, False]}


@pytest.mark.parametrize(
    ("lost", "said"), [("backup", "the backup says none"), ("live", "is not there or says none")]
)
def test_an_identity_that_cannot_be_compared_is_said(running, lost, said):
    forget = "DROP TABLE ir_config_parameter"
    if lost == "backup":
        running.sql(forget)
    running.backup = running.done("backup", {"label": "before"})["backup"]
    running.sql("CREATE TABLE IF NOT EXISTS ir_config_parameter (key varchar, value text)")
    running.sql(_NEW_UUID if lost == "backup" else forget)
    result = _restore(running)["result"]
    assert said in result["identity"]
    assert said in result["steps"][0]["note"]


def test_without_room_on_the_servers_disk_nothing_is_begun(backed_up):
    path = backed_up.folder / "backups" / backed_up.backup / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["database"]["size"] = 8 << 40
    path.write_text(json.dumps(manifest))
    (backed_up.state / "backups.json").unlink()
    backed_up.configure(postgresql__user=os.environ["IPAI_PGADMIN"])
    answer = _restore(backed_up)
    assert answer["status"] == "refused"
    assert "PostgreSQL's disk" in answer["message"] and "Free space there" in answer["hint"]
    assert backed_up.counts() == {"start": 0, "stop": 0, "update": 0}
    assert _databases(backed_up) == {backed_up.database: [True, False]}


def test_no_such_backup(running):
    answer = running.call("restore", {"backup": "20260101T000000Z-00000000"})
    assert answer["status"] == "failed"
    assert "There is no backup" in answer["message"]
    assert running.counts()["stop"] == 0


def test_a_database_that_is_gone_altogether(backed_up):
    """The worst case: somebody dropped it."""
    admin(f'DROP DATABASE "{backed_up.database}" WITH (FORCE)')
    answer = _restore(backed_up)
    assert answer["status"] == "done", answer
    assert answer["result"]["kept_database"] is None
    assert "not compared" in answer["result"]["identity"]
    assert backed_up.sql("SELECT count(*) FROM account_move") == [(50,)]


def test_database_and_code_belong_together(backed_up):
    commit = backed_up.commit("1.0.9")
    backed_up.switch_to(commit)
    backed_up.done("upgrade", {"modules": ["shop"]})
    result = _restore(backed_up)["result"]
    assert result["code"] == {"before": commit, "after": backed_up.first}
    assert backed_up.head() == backed_up.first
    assert backed_up.version() == "17.0.1.0.8"


def test_a_restored_shop_nobody_can_log_in_to_gets_its_database_back(running):
    running.configure(service__start_timeout=3)
    running.sql("CREATE TABLE broken ()")
    running.backup = running.done("backup", {"label": "broken"})["backup"]
    running.sql("DROP TABLE broken")
    running.sql(DAMAGE)
    commit = running.commit("1.0.9")
    running.switch_to(commit)
    answer = _restore(running)
    assert answer["status"] == "failed"
    assert "the probe's user cannot log in" in answer["message"]
    assert answer["result"]["undone"] == {"swapped": False, "running": True}
    assert running.sql("SELECT count(*) FROM account_move") == [(41,)]
    assert _databases(running) == {running.database: [True, False]}
    assert running.head() == commit
    assert running.answers()


def test_a_killed_way_back_of_a_restore(running):
    running.configure(service__start_timeout=3)
    running.sql("CREATE TABLE broken ()")
    backup = running.done("backup", {"label": "broken"})["backup"]
    running.sql("DROP TABLE broken")
    commit = running.commit("1.0.9")
    running.switch_to(commit)
    key, paper = running.key(), stored(running, b"a later invoice")
    running.call_killed("restore", {"backup": backup}, key, "undo_swap", "worked")
    paper.unlink()  # as the restored database's Odoo did
    answer = running.call("restore", {"backup": backup}, key)
    assert answer["result"]["undone"] == {"swapped": False, "running": True}
    assert _databases(running) == {running.database: [True, False]}
    assert running.head() == commit
    assert paper.read_bytes() == b"a later invoice"
    assert _filestores(running) == {running.database}


def test_differences_of_sorted_rows():
    before = [["1", "a"], ["2", "b"], ["9", "c"]]
    after = [["2", "B"], ["9", "c"], ["10", "d"]]
    found = list(release_host.row_differences(iter(before), iter(after)))
    assert found == [("deleted", ["1", "a"]), ("changed", ["2", "B"]), ("entered", ["10", "d"])]


@pytest.mark.parametrize("name", ['a"b', "a'b", "a b", "a;DROP DATABASE x", "a\\b", "-a", ":'x'"])
def test_psql_quotes_names(shop, name):
    """What psql makes of :"name" and :'name' is one identifier and one text."""
    host = release_host.Host(shop.config)
    assert host.sql("SELECT :'name';", name=name).strip("\n") == name
    assert host.sql('SELECT 1 AS :"name" \\gdesc', name=name).split("\t")[0] == name
