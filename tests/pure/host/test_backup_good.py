"""A backup of one moment, its proof, and what stays on the disk."""

import hashlib
import json
import shutil
import subprocess
import tarfile

import hosted
import pytest

release_host = hosted.load()


@pytest.fixture
def make(stage):
    def make(label="before", **options):
        answer = stage.settle("backup", {"label": label}, hosted.key(), **options)
        assert answer["status"] == "done", answer["message"]
        return answer["result"]

    return make


@pytest.fixture
def verify(stage):
    def verify(backup, **params):
        return stage.settle("verify_backup", {"backup": backup, **params}, hosted.key())

    return verify


def _manifest(stage, result):
    return json.loads((stage.backups / result["backup"] / "manifest.json").read_bytes())


def test_everything_is_in_the_backup_with_its_hash(stage, run_sql, make):
    stage.store(b"an invoice", run_sql)
    (stage.repository / "addons" / "a.py").write_text("A = 1\n")
    commit = stage.commit()
    result = make()
    folder = stage.backups / result["backup"]
    names = ["database.dump", "attachments.txt", "filestore.tar", "code.tar", "odoo.conf"]
    assert [entry["name"] for entry in result["files"]] == names
    for entry in result["files"]:
        data = (folder / entry["name"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert entry["size"] == len(data)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "manifest.json"])
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.iterdir()])
    assert result["commit"] == commit
    with tarfile.open(folder / "code.tar") as archive:
        assert archive.extractfile("addons/a.py").read() == b"A = 1\n"
    assert (folder / "odoo.conf").read_text() == (stage.folder / "odoo.conf").read_text()
    assert result["versions"]["dump"].startswith("pg_dump")


def test_the_secret_of_odoos_configuration_is_not_in_journal_or_answers(stage, make):
    result = make()
    assert "admin_passwd" not in json.dumps([result, stage.journal()])


def test_a_good_backup_is_proven(stage, run_sql, make, verify, scratch_databases):
    stage.store(b"an invoice", run_sql)
    backup = make()["backup"]
    answer = verify(backup)
    assert answer["status"] == "done", answer["message"]
    result = answer["result"]
    assert result["fingerprint"] == {"equal": True, "differences": []}
    assert result["filestore"] == {"files": 1, "missing": [], "wrong": [], "absent": []}
    assert result["registry"]["ok"]
    assert result["archive"]["bytes"] > 100_000
    [call] = stage.odoo_calls()
    assert f"--database={result['restored']['database']}" in call
    assert {"--stop-after-init", "--no-http", "--max-cron-threads=0"} <= set(call)
    assert scratch_databases() == []
    [listed] = stage.ask("backups")["result"]["backups"]
    assert listed["backup"] == backup and listed["verified"]


def test_a_verification_that_fails_takes_the_mark_away(stage, make, verify):
    backup = make()["backup"]
    assert verify(backup)["status"] == "done"
    stage.behave("error")
    assert verify(backup)["status"] == "failed"
    [listed] = stage.ask("backups")["result"]["backups"]
    assert listed["verified"] is None


def _grown_old(stage):
    """Every backup is of January, as the host knows it."""
    known = stage.state / "backups.json"
    found = json.loads(known.read_text())
    for name in found:
        path, mark = stage.backups / name / "manifest.json", stage.backups / name / "verified.json"
        manifest = {**json.loads(path.read_bytes()), "created": "2026-01-01T00:00:00.000000Z"}
        path.write_text(json.dumps(manifest))
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        mark.write_text(json.dumps({"time": manifest["created"], "manifest": found[name]}))
    known.write_text(json.dumps(found))


def test_a_verified_backup_that_is_too_old_stays_verified_and_is_kept(stage, make, verify):
    stage.settings["backup"]["keep"] = 1
    stage.write()
    backup = make()["backup"]
    assert verify(backup)["status"] == "done"
    _grown_old(stage)
    answer = verify(backup)
    assert (answer["status"], "hours old" in answer["message"]) == ("failed", True)
    [listed] = stage.ask("backups")["result"]["backups"]
    assert listed["verified"]
    assert make()["removed"] == []


def test_a_server_that_does_not_restore_says_nothing_against_a_verified_backup(
    stage, make, verify, late_dump
):
    late_dump.touch()
    backup = make()["backup"]
    assert verify(backup)["status"] == "done"
    program = stage.folder / "programs" / "pg_restore"
    program.unlink()
    program.write_text("#!/bin/sh\necho 'pg_restore: error: No space left on device' >&2\nexit 1\n")
    program.chmod(0o755)
    answer = verify(backup)
    assert (answer["status"], "No space left" in answer["message"]) == ("failed", True)
    [listed] = stage.ask("backups")["result"]["backups"]
    assert listed["verified"]


def test_a_verified_backup_that_rots_is_verified_no_longer(stage, make, verify):
    backup = make()["backup"]
    assert verify(backup)["status"] == "done"
    (stage.backups / backup / "database.dump").write_bytes(b"")
    assert verify(backup)["status"] == "failed"
    assert not (stage.backups / backup / "verified.json").exists()


@pytest.fixture
def late_dump(stage):
    """A pg_dump that begins when the file that this returns is there."""
    programs = stage.folder / "programs"
    programs.mkdir()
    for name in ("psql", "pg_restore"):
        (programs / name).symlink_to(shutil.which(name))
    go, dump = stage.folder / "go", programs / "pg_dump"
    wait = f'case "$1" in --version) ;; *) while [ ! -e {go} ]; do sleep 0.05; done ;; esac'
    dump.write_text(f'#!/bin/sh\n{wait}\nexec {shutil.which("pg_dump")} "$@"\n')
    dump.chmod(0o755)
    stage.settings["postgresql"]["bin"] = programs
    stage.write()
    return go


def test_figures_and_dump_are_of_one_moment_while_users_work(stage, run_sql, late_dump, verify):
    """Somebody changes figures between the fingerprint and the dump."""
    key = hosted.key()
    assert stage.ask("backup", {"label": "x"}, key)["status"] == "running"
    hosted.until(lambda: list(stage.backups.glob(".part-*/attachments.txt")))
    [[before]] = run_sql("SELECT sum(debit) FROM account_move_line")
    run_sql("UPDATE account_move_line SET debit = debit + 1")
    run_sql("DELETE FROM account_payment WHERE id < 10")
    late_dump.touch()
    result = stage.settle("backup", {"label": "x"}, key)["result"]
    balances = _manifest(stage, result)["fingerprint"]["balances"]
    assert sum(float(row[5]) for row in balances) == before
    answer = verify(result["backup"])
    assert answer["status"] == "done", answer["message"]


def test_a_difference_names_figure_key_and_both_values():
    expected = {"payments": [[1, "paid", 1, 500, "10.0"]], "hash chains": [[1, "INV/", 3, "x"]]}
    found = {"payments": [[1, "paid", 1, 499, "9.0"], [1, "draft", 1, 1, "1.0"]]}
    assert release_host.fingerprint_differences(expected, found) == [
        {"figure": "hash chains", "key": [1, "INV/"], "expected": [3, "x"], "found": None},
        {"figure": "payments", "key": [1, "draft", 1], "expected": None, "found": [1, "1.0"]},
        {
            "figure": "payments",
            "key": [1, "paid", 1],
            "expected": [500, "10.0"],
            "found": [499, "9.0"],
        },
    ]
    assert release_host.fingerprint_differences(found, found) == []


def test_many_differences_are_counted():
    expected = {"statement lines": [[n, 1, "1.0"] for n in range(80)]}
    found = release_host.fingerprint_differences(expected, {})
    assert (len(found), found[-1]) == (51, {"more": 30})


def test_the_figures_of_17_come_from_the_entries(run_sql, database):
    run_sql("ALTER TABLE account_payment DROP COLUMN state, DROP COLUMN company_id")
    run_sql("ALTER TABLE account_payment ADD COLUMN move_id int")
    run_sql("UPDATE account_payment SET move_id = id")
    found = release_host.fingerprint(lambda sql: run_sql(sql)[0][0])
    assert found["payments"] == [[1, "posted", 1, 500, "125250.000000"]]


def test_a_database_without_accounting_has_no_figures(run_sql):
    run_sql("DROP TABLE account_move, account_move_line, account_payment")
    run_sql("DROP TABLE account_partial_reconcile, account_full_reconcile")
    assert release_host.fingerprint(lambda sql: run_sql(sql)[0][0]) == {}


def test_a_host_without_git_has_its_addons_archived(stage, make):
    (stage.repository / "addons" / "a.py").write_text("A = 1\n")
    result = make()
    assert result["commit"] is None
    with tarfile.open(stage.backups / result["backup"] / "code.tar") as archive:
        assert archive.getnames() == ["a.py"]


def test_progress_is_in_bytes_with_the_size_of_the_last_dump(stage, make, hold_dump):
    size = make()["files"][0]["size"]
    held = hold_dump()
    answer = stage.ask("backup", {"label": "x"}, "slow")
    assert answer["progress"] == {"step": "dump", "done": 0, "total": size, "unit": "bytes"}
    held.release()
    assert stage.settle("backup", {"label": "x"}, "slow")["status"] == "done"


def test_retention_keeps_the_newest_and_the_last_verified_one(stage, make, verify):
    stage.settings["backup"]["keep"] = "2"
    stage.write()
    names = [make()["backup"]]
    verify(names[0])
    made = [make() for _again in range(4)]
    names += [result["backup"] for result in made]
    left = sorted(path.name for path in stage.backups.iterdir())
    assert left == sorted([names[0], *names[-2:]])
    assert [name for result in made for name in result["removed"]] == names[1:3]
    verify(names[-1])
    make()
    assert names[0] not in [path.name for path in stage.backups.iterdir()]


def test_what_a_killed_backup_left_is_removed(stage, make):
    (stage.backups / ".part-20260101T000000Z-00000000").mkdir()
    make()
    assert [path.name for path in stage.backups.iterdir() if path.name.startswith(".")] == []


def test_the_helpers_folders_are_listed_by_hand(stage, make):
    make("by hand")
    done = stage.run("backups")
    assert (done.returncode, done.stderr) == (0, "")
    assert "label: by hand" in done.stdout


def test_pg_restore_reads_the_dump(stage, make):
    result = make()
    dump = stage.backups / result["backup"] / "database.dump"
    listed = subprocess.run(["pg_restore", "--list", dump], capture_output=True, check=True)
    assert b"TABLE DATA public account_move_line" in listed.stdout
