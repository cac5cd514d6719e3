"""The record of a release leaves its database and comes back into one that has forgotten it."""

import copy
import json

import pytest
from shop import EXECUTOR, Shop, http, manual, sql

from tools.demo.password import password
from tools.demo.release import People

#: Where a restored database would be: a copy of the live one, made in the middle of a release.
FORGOTTEN, COPY = "_forgotten", "_copy"
EXPORT = "print(MARK + json.dumps(release._export_record()))"
IMPORT = """
record = json.load(open({path!r}))
from odoo.exceptions import UserError
try:
    print(MARK + json.dumps({{"count": release._import_record(record)}}))
    env.cr.commit()
except UserError as problem:
    print(MARK + json.dumps({{"refused": str(problem)}}))
"""
MARK = "record:"
TABLES = {
    "ipai_release",
    "ipai_release_phase",
    "ipai_release_item",
    "ipai_release_item_executor_rel",
    "ipai_release_measurement",
    "ipai_release_evidence",
    "ipai_release_incident",
    "ipai_release_member",
    "ipai_release_signoff",
    "ipai_release_event",
    "ir_attachment",
}


class Shell:
    """Odoo's own shell, on the live database or on its copy."""

    def __init__(self, house, number):
        self.house = house
        self.number = number

    def run(self, script, database=""):
        text = (
            f"import json\nMARK = {MARK!r}\n"
            f"release = env['ipai.release'].browse({self.number})\n{script}\n"
        )
        done = self.house.shell(text, self.house.database + database)
        [line] = [line for line in done.splitlines() if line.startswith(MARK)]
        return json.loads(line.removeprefix(MARK))

    def take(self, record, folder):
        """Import a record into the copy."""
        path = folder / "record.json"
        path.write_text(json.dumps(record))
        return self.run(IMPORT.format(path=str(path)), COPY)


@pytest.fixture(scope="module")
def story(hosted):
    """A release, the database in the middle of it, and the record of its end."""
    hosted.start()
    quay = Shop(People(hosted.address, hosted.database, password()), hosted)
    release = quay.release(
        [sql("SELECT false AS ok"), manual()], [manual(), http("/web/login")], gate="proceed"
    )
    release.press("action_start")
    executor = quay.people[EXECUTOR]
    item = release.items()["1.2"]["id"]
    executor.call("ipai.release.item", "write", [item], {"actual": "As it should be"})
    hosted.stop()
    hosted.copy(FORGOTTEN)
    hosted.start()
    newcomer = quay.newcomer(release, password())
    executor.call("ipai.release.incident", "create", incident(release))
    newcomer.call("ipai.release.item", "action_pass", [item])
    release.do("2.1")
    release.settled()
    record = Shell(hosted, release.id).run(EXPORT)
    yield hosted, release.id, record, newcomer.login
    hosted.drop_copy(FORGOTTEN)


@pytest.fixture
def shell(story):
    """Odoo's shell on a database that has forgotten half of the release."""
    house, number, _record, _login = story
    house.copy(COPY, FORGOTTEN)
    yield Shell(house, number)
    house.drop_copy(COPY)


@pytest.fixture
def record(story):
    return story[2]


def incident(release):
    return {"release_id": release.id, "description": "Rain on the quay", "severity": "low"}


def test_it_comes_back_as_it_was(story, shell, record, tmp_path):
    assert set(record["tables"]) >= TABLES
    before = shell.run(EXPORT, COPY)
    assert before["length"] < record["length"]
    assert shell.take(record, tmp_path) == {"count": record["length"] - before["length"]}
    after = shell.run(EXPORT, COPY)
    assert (after["length"], after["head"]) == (record["length"], record["head"])
    # The newcomer is not in the copy: references to them are empty, the login in the journal stays.
    assert rows_without_people(after) == rows_without_people(record)
    assert story[3] in {row["actor"] for row in after["tables"]["ipai_release_event"]}
    # Once more: there is nothing left to bring.
    assert shell.take(record, tmp_path) == {"count": 0}
    assert shell.take(before, tmp_path) == {"count": 0}


def rows_without_people(record):
    """The rows but for columns that name users, and the rows that are nothing but that."""
    people = ("create_uid", "write_uid", "executed_by_id", "actor_id", "user_id", "added_by_id")
    return {
        table: [{name: row[name] for name in row if name not in people} for row in rows]
        for table, rows in record["tables"].items()
        if table not in ("ipai_release_member", "ipai_release_item_executor_rel")
    }


def test_new_rows_come_after_those_that_came_back(shell, record, tmp_path):
    shell.take(record, tmp_path)
    last = max(row["id"] for row in record["tables"]["ipai_release_event"])
    script = "release._log('test', {})\nprint(MARK + json.dumps(release.event_ids[-1].id))"
    assert shell.run(script, COPY) > last


def test_what_was_changed_is_refused(shell, record, tmp_path):
    for number, change in enumerate((an_event, a_row, the_end, the_reference, the_form)):
        tampered = copy.deepcopy(record)
        change(tampered)
        assert "not taken back" in shell.take(tampered, tmp_path)["refused"], number
    assert shell.run(EXPORT, COPY)["length"] < record["length"]


def an_event(record):
    record["tables"]["ipai_release_event"][-1]["payload"] = '{"outcome":"passed"}'


def a_row(record):
    record["tables"]["ipai_release_item"][0]["outcome"] = "passed"


def the_end(record):
    record["tables"]["ipai_release_event"].pop()


def the_reference(record):
    record["release"] = "REL/1999/0001"


def the_form(record):
    record["schema"] = "another/1"


def test_a_database_that_went_on_is_refused(shell, record, tmp_path):
    """Somebody worked on the release before its record came back: nothing is mixed."""
    shell.run("release._log('test', {})\nenv.cr.commit()\nprint(MARK + '1')", COPY)
    found = shell.take(record, tmp_path)
    assert "both went on from an earlier event" in found["refused"]


def test_a_file_s_number_that_is_taken_is_given_anew(shell, record, tmp_path):
    """Odoo has made files since the restore: they keep their numbers."""
    last = max(row["id"] for row in record["tables"]["ir_attachment"])
    script = (
        f"env.cr.execute(\"SELECT setval('ir_attachment_id_seq', {last} - 1)\")\n"
        "files = env['ir.attachment'].create({'name': 'Bundle', 'raw': b'x'})\n"
        "env.cr.commit()\nprint(MARK + json.dumps(files.ids))"
    )
    assert shell.run(script, COPY) == [last]
    shell.take(record, tmp_path)
    script = (
        f"own = env['ir.attachment'].browse({last})\n"
        "kept = release.item_ids.evidence_ids.mapped('attachment_id')\n"
        "print(MARK + json.dumps([own.name, last_ok(kept)]))"
    ).replace("last_ok(kept)", f"{last} not in kept.ids and all(row.raw for row in kept)")
    assert shell.run(script, COPY) == ["Bundle", True]
