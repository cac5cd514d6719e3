"""Backups that must not pass, each refused with its reason."""

import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tarfile

import hosted
import pytest

release_host = hosted.load()
CONTENT = b"an invoice that somebody stored"


class Made:
    """A good backup, to be made bad."""

    def __init__(self, stage, result):
        self.stage = stage
        self.name = result["backup"]
        self.folder = stage.backups / self.name

    def path(self, name="database.dump"):
        return self.folder / name

    def rewrite(self, **changed):
        """Write another manifest with right hashes, as for a backup made on another host."""
        path = self.path("manifest.json")
        manifest = {**json.loads(path.read_bytes()), **changed}
        for entry in manifest["files"] if "files" not in changed else ():
            data = self.path(entry["name"]).read_bytes()
            entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        path.write_text(json.dumps(manifest))
        (self.stage.state / "backups.json").unlink(missing_ok=True)

    def manifest(self):
        return json.loads(self.path("manifest.json").read_bytes())

    def replace_dump(self, database):
        options = ["--format=custom", "--file", self.path(), "--dbname", database]
        subprocess.run(["pg_dump", *options], check=True)
        self.rewrite()

    def replace_filestore(self, change):
        """Write the archive of the filestore anew; ``change`` gets and gives ``(name, data)``."""
        with tarfile.open(self.path("filestore.tar")) as old:
            members = [(member.name, old.extractfile(member).read()) for member in old]
        with tarfile.open(self.path("filestore.tar"), "w") as new:
            for name, data in filter(None, map(change, members)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
        self.rewrite()


@pytest.fixture
def made(stage, run_sql):
    stage.path = stage.store(CONTENT, run_sql)
    stage.store(b"x" * 50_000, run_sql)
    answer = stage.settle("backup", {"label": "before"}, "backup")
    assert answer["status"] == "done", answer["message"]
    return Made(stage, answer["result"])


def _flip(path, at=0.5):
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def _cut(path, share=0.6):
    os.truncate(path, int(path.stat().st_size * share))


# -- damage after the backup; every function is one bad backup


def dump_was_cut(made, _run_sql):
    _cut(made.path())
    return "its manifest says"


def dump_has_a_flipped_bit(made, _run_sql):
    _flip(made.path())
    return "database.dump of .* does not have the SHA-256"


def dump_is_empty(made, _run_sql):
    made.path().write_bytes(b"")
    return "has 0 bytes"


def dump_is_missing(made, _run_sql):
    made.path().unlink()
    return "database.dump of .* is missing"


def dump_was_cut_before_its_hash_was_taken(made, _run_sql):
    _cut(made.path())
    made.rewrite()
    return "The dump of .* cannot be read to its end: pg_restore ended with 1"


def dump_has_a_flipped_bit_before_its_hash_was_taken(made, _run_sql):
    _flip(made.path(), 0.7)
    made.rewrite()
    return "The dump of .* cannot be read to its end: pg_restore (ended with 1|was killed)"


def dump_was_empty_before_its_hash_was_taken(made, _run_sql):
    made.path().write_bytes(b"")
    made.rewrite()
    return "The dump of .* cannot be read to its end: pg_restore ended with 1"


def dump_is_a_text_file(made, _run_sql):
    made.path().write_text("CREATE TABLE x ();\n")
    made.rewrite()
    return "The dump of .* cannot be read to its end: pg_restore ended with 1"


def dump_is_of_another_database(made, run_sql):
    run_sql("UPDATE ir_config_parameter SET value = 'another'")
    made.replace_dump(made.stage.database)
    run_sql("UPDATE ir_config_parameter SET value = %s", (made.manifest()["database"]["uuid"],))
    return "The dump of .* is of another database"


def dump_is_of_an_empty_database(made, _run_sql):
    made.replace_dump("template1")
    return "The dump of .* is of another database"


def dump_is_of_a_later_moment(made, run_sql):
    run_sql("UPDATE account_payment SET amount = amount + 1 WHERE id = 7")
    made.replace_dump(made.stage.database)
    return 'differs from the figures of the snapshot in 1 places, .*"figure":"payments"'


def manifest_names_another_database(made, _run_sql):
    made.rewrite(database={**made.manifest()["database"], "name": "another"})
    return "is of another database: another"


def manifest_has_another_identity(made, _run_sql):
    made.rewrite(database={**made.manifest()["database"], "uuid": "another"})
    return "is of another database: .* \\(another\\)"


def backup_is_old(made, _run_sql):
    made.rewrite(created="2026-01-01T00:00:00.000000Z")
    return "hours old; it must not be older than 24.0"


def manifest_is_missing(made, _run_sql):
    made.path("manifest.json").unlink()
    return "manifest of .* is missing or cannot be read"


def manifest_is_no_json(made, _run_sql):
    _cut(made.path("manifest.json"))
    return "manifest of .* is missing or cannot be read"


def manifest_was_changed(made, _run_sql):
    path = made.path("manifest.json")
    path.write_text(path.read_text().replace('"label":"before"', '"label":"after"'))
    return "manifest of .* was changed after the backup"


def manifest_lacks_the_filestore(made, _run_sql):
    made.rewrite(files=[one for one in made.manifest()["files"] if one["name"] != "filestore.tar"])
    return "is not one of this backup"


def manifest_names_a_file_elsewhere(made, _run_sql):
    files = made.manifest()["files"]
    made.rewrite(files=[*files, {**files[0], "name": "../../../etc/passwd"}])
    return "is not one of this backup"


def manifest_has_wrong_types(made, _run_sql):
    made.rewrite(files={"database.dump": 1}, database=[], fingerprint="x")
    return "is not one of this backup"


def manifest_is_of_another_backup(made, _run_sql):
    made.rewrite(backup="20260101T000000Z-00000000")
    return "is not one of this backup"


def manifest_has_a_format_of_the_future(made, _run_sql):
    made.rewrite(format=2)
    return "is not one of this backup"


def filestore_archive_is_missing(made, _run_sql):
    made.path("filestore.tar").unlink()
    return "filestore.tar of .* is missing"


def filestore_archive_lacks_a_file(made, _run_sql):
    made.replace_filestore(lambda member: None if member[1] == CONTENT else member)
    return "are missing in filestore.tar"


def filestore_archive_has_other_content(made, _run_sql):
    made.replace_filestore(lambda member: (member[0], member[1].replace(b"invoice", b"receipt")))
    return "are wrong in filestore.tar"


def filestore_archive_was_cut(made, _run_sql):
    _cut(made.path("filestore.tar"), 0.3)
    made.rewrite()
    return "filestore.tar of .* cannot be read"


def configuration_was_changed(made, _run_sql):
    _flip(made.path("odoo.conf"))
    return "odoo.conf of .* does not have the SHA-256"


def odoo_logs_an_error_on_it(made, _run_sql):
    made.stage.behave("error")
    return "Odoo does not start on the restored database: .*column x does not exist"


def odoo_does_not_start_on_it(made, _run_sql):
    made.stage.behave("exit")
    return "Odoo does not start on the restored database: it ended with 3; .*Registry loaded"


def odoo_does_not_say_that_it_started(made, _run_sql):
    made.stage.behave("silent")
    return "Odoo does not start on the restored database: it ended with 0; no output"


def backup_does_not_exist(made, _run_sql):
    shutil.rmtree(made.folder)
    return "There is no backup"


BAD = [
    *(dump_was_cut, dump_has_a_flipped_bit, dump_is_empty, dump_is_missing),
    *(dump_was_cut_before_its_hash_was_taken, dump_has_a_flipped_bit_before_its_hash_was_taken),
    *(dump_was_empty_before_its_hash_was_taken, dump_is_a_text_file),
    *(dump_is_of_another_database, dump_is_of_an_empty_database, dump_is_of_a_later_moment),
    *(manifest_names_another_database, manifest_has_another_identity, backup_is_old),
    *(manifest_is_missing, manifest_is_no_json, manifest_was_changed),
    *(manifest_lacks_the_filestore, manifest_names_a_file_elsewhere, manifest_has_wrong_types),
    *(manifest_is_of_another_backup, manifest_has_a_format_of_the_future),
    *(filestore_archive_is_missing, filestore_archive_lacks_a_file),
    *(filestore_archive_has_other_content, filestore_archive_was_cut, configuration_was_changed),
    *(odoo_logs_an_error_on_it, odoo_does_not_start_on_it, odoo_does_not_say_that_it_started),
    backup_does_not_exist,
]


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_a_bad_backup_is_refused_with_its_reason(made, run_sql, scratch_databases, spoil):
    reason = spoil(made, run_sql)
    answer = made.stage.settle("verify_backup", {"backup": made.name}, "verify")
    assert answer["status"] == "failed"
    assert re.search(reason, answer["message"]), answer["message"]
    assert answer["hint"]
    assert not made.path("verified.json").exists()
    assert scratch_databases() == []


# -- backups that cannot be made


def _refused(stage, status, reason, **options):
    answer = stage.settle("backup", {"label": "x"}, "backup", **options)
    assert answer["status"] == status, answer
    assert re.search(reason, answer["message"]), answer["message"]
    assert answer["hint"] or status == "failed"
    assert list(stage.backups.iterdir() if stage.backups.exists() else []) == []


def test_without_space_nothing_is_begun(stage):
    with open(stage.filestore / "huge", "wb") as handle:
        handle.truncate(8 << 40)  # a hole: it takes no space
    _refused(stage, "refused", "free, the backup may need 9.68 TB")
    assert stage.kinds("backup") == ["requested", "prepare", "finished"]


def test_a_disk_that_is_full_in_the_middle_leaves_nothing(stage):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    _refused(stage, "failed", "pg_dump was killed by signal 25", preexec_fn=limit)


def test_a_dump_that_is_killed_leaves_nothing(stage, hold_dump):
    held = hold_dump()
    stage.ask("backup", {"label": "x"}, "backup")
    held.wait_for_dump()
    [dump] = hosted.children(stage.holder()["pid"], "pg_dump")
    os.kill(dump, signal.SIGKILL)
    _refused(stage, "failed", "pg_dump was killed by signal 9")


def test_a_role_without_rights_leaves_nothing(stage, run_sql):
    run_sql("REVOKE ALL ON account_full_reconcile FROM CURRENT_USER")
    _refused(stage, "failed", "permission denied for table account_full_reconcile")


def test_a_database_that_is_not_there_is_said(stage):
    stage.settings["odoo"]["database"] = "ipai_test_host_not_there"
    stage.write()
    _refused(stage, "failed", 'database "ipai_test_host_not_there" does not exist')


def test_a_filestore_that_is_not_there_is_said(stage, run_sql):
    stage.store(CONTENT, run_sql)
    shutil.rmtree(stage.filestore)
    _refused(stage, "failed", "lacks 1 of the 1 files that attachments name")


def test_a_file_that_vanishes_during_the_backup_is_said(stage, run_sql, hold_dump):
    path = stage.store(CONTENT, run_sql)
    held = hold_dump()
    stage.ask("backup", {"label": "x"}, "backup")
    held.wait_for_dump()
    path.unlink()
    held.release()
    _refused(stage, "failed", f"1 files of attachments vanished .*{path.name}")


def test_a_few_files_that_were_lost_before_do_not_stop_a_backup(stage, run_sql):
    for number in range(20):
        path = stage.store(b"%d" % number, run_sql)
    path.unlink()
    answer = stage.settle("backup", {"label": "x"}, "backup")
    assert answer["result"]["filestore"] == {"files": 19, "absent": 1}
    name = answer["result"]["backup"]
    answer = stage.settle("verify_backup", {"backup": name}, "verify")
    assert answer["status"] == "done"
    assert answer["result"]["filestore"]["absent"] == [f"{path.parent.name}/{path.name}"]


def test_a_backup_folder_that_is_not_there_is_said(stage):
    stage.backups.rmdir()
    _refused(stage, "refused", "backup folder .* is missing or may not be written")


def test_a_configuration_of_odoo_that_is_not_there_is_said(stage):
    (stage.folder / "odoo.conf").unlink()
    _refused(stage, "failed", "Odoo's configuration cannot be read: No such file")


def test_without_room_on_the_servers_disk_nothing_is_restored(made, scratch_databases):
    database = made.manifest()["database"]
    made.rewrite(database={**database, "size": 8 << 40})
    made.stage.settings["postgresql"]["user"] = os.environ["IPAI_PGADMIN"]
    made.stage.write()
    answer = made.stage.settle("verify_backup", {"backup": made.name}, "verify")
    assert answer["status"] == "refused"
    assert re.search("PostgreSQL's disk .* may need 9.68 TB", answer["message"])
    assert "Free space there" in answer["hint"]
    assert made.stage.kinds("verify") == ["requested", "manifest", "room", "finished"]
    assert scratch_databases() == []


@pytest.mark.parametrize(("user", "known"), [("IPAI_PGADMIN", True), ("PGUSER", False)])
def test_whether_there_was_room_is_said(made, user, known):
    made.stage.settings["postgresql"]["user"] = os.environ[user]
    made.stage.write()
    answer = made.stage.settle("verify_backup", {"backup": made.name}, "verify")
    assert answer["status"] == "done", answer["message"]
    room = answer["result"]["room"]
    assert (room["free"] is not None) == known
    assert ("unknown" not in room["note"]) == known
    assert room["needed"] > made.manifest()["database"]["size"]


def test_a_server_elsewhere_has_no_disk_here():
    """192.0.2.0/24 is nobody's."""
    found = {address: release_host.is_here(address) for address in (None, "127.0.0.1", "192.0.2.1")}
    assert found == {None: True, "127.0.0.1": True, "192.0.2.1": False}


def test_an_old_backup_may_be_verified_when_that_is_wanted(made):
    made.rewrite(created="2026-01-01T00:00:00.000000Z")
    params = {"backup": made.name, "max_age": 366 * 86400}
    answer = made.stage.settle("verify_backup", params, "verify")
    assert answer["status"] == "done", answer["message"]
