"""Ways to change a stored release past the suite, by SQL and in the filestore.

Each is a function of a :class:`Scene`. It returns what it did, or ``None`` when it left everything
as it was (two equal values swapped, say); then it is tried again.
"""

import json
import os
from contextlib import contextmanager

from psycopg2.sql import SQL, Identifier

TABLE = "ipai_release_event"
COLUMNS = ("kind", "actor", "time", "payload", "previous", "hash")
DELETE = "DELETE FROM ipai_release_event WHERE id = %s"
ROWS = "SELECT id, sequence, kind, actor, time, payload, previous, hash FROM ipai_release_event"


class Scene:
    """A release that ended, another one to swap with, and a random number generator.

    :param undo: functions that take back what PostgreSQL does not
    """

    def __init__(self, env, release, other, random):
        self.env, self.release, self.other, self.random = env, release, other, random
        self.undo = []

    def sql(self, statement, *values):
        self.env.cr.execute(statement, values)
        return self.env.cr.fetchall() if self.env.cr.description else []

    def events(self, release=None):
        where = " WHERE release_id = %s ORDER BY sequence"
        return self.sql(ROWS + where, (release or self.release).id)

    def event(self):
        return self.random.choice(self.events())

    @contextmanager
    def quiet(self):
        """Without the triggers, as the owner of the table can have it; they come back after."""
        self.sql(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
        yield
        self.sql(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")

    def coin(self):
        return self.random.choice((True, False))

    def set(self, table, row_id, **values):
        names = SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in values)
        statement = SQL("UPDATE {} SET {} WHERE id = %s").format(Identifier(table), names)
        self.sql(statement, *values.values(), row_id)

    def rows(self, model):
        """Rows of the release in one of the record's tables."""
        return self.env[model].search([("release_id", "=", self.release.id)])

    def altered(self, text):
        """The text with one character changed."""
        at = self.random.randrange(len(text))
        new = self.random.choice([c for c in "0123456789abcdef" if c != text[at]])
        return text[:at] + new + text[at + 1 :]

    def head(self):
        return self.sql(
            ROWS + " WHERE release_id = %s ORDER BY sequence DESC LIMIT 1", self.release.id
        )[0]

    def repair_head(self):
        """Have the release name the last event there is."""
        last = self.head()
        self.set("ipai_release", self.release.id, journal_head=last[7], journal_length=last[1])

    def repair_chain(self):
        """Compute all hashes anew, as somebody who knows how could."""
        from odoo.addons.ipai_release_governance.core import journal  # noqa: PLC0415

        previous = journal.GENESIS
        for number, row in enumerate(self.events(), 1):
            body = {
                "release": self.release.name,
                "sequence": number,
                "kind": row[2],
                "actor": row[3],
                "time": row[4],
                "payload": json.loads(row[5]),
            }
            own = journal.event_hash(previous, body)
            self.set(TABLE, row[0], sequence=number, previous=previous, hash=own)
            previous = own
        self.repair_head()


# -- the journal ---------------------------------------------------------------------------------


def flip_in_an_event(scene):
    row = scene.event()
    name = scene.random.choice(COLUMNS)
    with scene.quiet():
        scene.set(TABLE, row[0], **{name: scene.altered(row[2 + COLUMNS.index(name)])})
    return f"{name} of event {row[1]}"


def delete_an_event(scene):
    row = scene.random.choice(scene.events()[:-1])
    with scene.quiet():
        scene.sql(DELETE, row[0])
        if scene.coin():
            later = [event for event in scene.events() if event[1] > row[1]]
            for event in later:
                scene.set(TABLE, event[0], sequence=event[1] - 1)
    return f"event {row[1]}"


def reorder_events(scene):
    one, other = scene.random.sample(scene.events(), 2)
    with scene.quiet():
        scene.set(TABLE, one[0], sequence=-1)
        scene.set(TABLE, other[0], sequence=one[1])
        scene.set(TABLE, one[0], sequence=other[1])
    return f"events {one[1]} and {other[1]}"


def insert_an_event(scene):
    row = scene.event()
    with scene.quiet():
        for event in reversed([event for event in scene.events() if event[1] > row[1]]):
            scene.set(TABLE, event[0], sequence=event[1] + 1)
        scene.sql(
            "INSERT INTO ipai_release_event (release_id, sequence, kind, actor, time, payload, "
            "previous, hash) SELECT release_id, sequence + 1, kind, actor, time, payload, hash, %s "
            "FROM ipai_release_event WHERE id = %s",
            scene.altered(row[7]),
            row[0],
        )
    return f"after event {row[1]}"


def cut_the_tail(scene):
    count = scene.random.randint(1, 5)
    with scene.quiet():
        for event in scene.events()[-count:]:
            scene.sql(DELETE, event[0])
    return f"{count} events"


def cut_the_tail_and_repair_the_head(scene):
    cut_the_tail(scene)
    scene.repair_head()
    return "and the release names the new last event"


def rewrite_the_chain(scene):
    """One event is changed that somebody outside knows the head of, or of a later one."""
    known = max(scene.release.anchor_ids.mapped("sequence"))
    row = scene.random.choice(scene.events()[:known])
    payload = json.loads(row[5])
    payload["note"] = "forged"
    with scene.quiet():
        scene.set(TABLE, row[0], payload=json.dumps(payload))
        scene.repair_chain()
    return f"from event {row[1]}, all hashes computed anew"


def move_an_event(scene):
    row = scene.event()
    with scene.quiet():
        scene.set(TABLE, row[0], release_id=scene.other.id, sequence=100000)
    return f"event {row[1]} to {scene.other.name}"


def change_the_head(scene):
    head = scene.release.journal_head
    if scene.coin():
        scene.set("ipai_release", scene.release.id, journal_head=scene.altered(head))
    else:
        scene.set("ipai_release", scene.release.id, journal_length=scene.random.randint(1, 9))
    return "of the release"


def drop_the_trigger_and_edit(scene):
    name = scene.random.choice(("change", "truncate"))
    scene.sql(f"DROP TRIGGER ipai_release_event_no_{name} ON {TABLE}")
    if name == "change":
        scene.set(TABLE, scene.event()[0], kind="forged")
    return name


def weaken_the_trigger(scene):
    acts = {
        "disabled": f"ALTER TABLE {TABLE} DISABLE TRIGGER ipai_release_event_no_change",
        "for replicas": f"ALTER TABLE {TABLE} ENABLE REPLICA TRIGGER ipai_release_event_no_change",
        "emptied": "CREATE OR REPLACE FUNCTION ipai_release_event_refuse() RETURNS trigger AS "
        "'BEGIN RETURN NEW; END' LANGUAGE plpgsql",
        "with a condition": "CREATE OR REPLACE TRIGGER ipai_release_event_no_change BEFORE UPDATE "
        f"OR DELETE ON {TABLE} FOR EACH ROW WHEN (old.id < 0) EXECUTE FUNCTION "
        "ipai_release_event_refuse()",
    }
    act = scene.random.choice(sorted(acts))
    scene.sql(acts[act])
    return act


# -- the record ----------------------------------------------------------------------------------


def change_an_outcome(scene):
    item = scene.random.choice(scene.rows("ipai.release.item"))
    outcomes = {"passed", "failed", "waived", "skipped", "warned", "error"} - {item.outcome}
    scene.set("ipai_release_item", item.id, outcome=scene.random.choice(sorted(outcomes)))
    return item.code


def change_a_signature(scene):
    signoff = scene.random.choice(scene.rows("ipai.release.signoff"))
    values = scene.random.choice(
        [
            {"signed_at": "2020-02-02 20:20:20"},
            {"signed_by_id": scene.env.ref("base.user_admin").id},
            {"evidence_digest": scene.altered(signoff.evidence_digest or "0" * 64)},
            {"state": "rejected" if signoff.state == "approved" else "approved"},
            {"reason": "I did not agree"},
            {"signature": b"iVBORw0KGgo="},
        ]
    )
    scene.set("ipai_release_signoff", signoff.id, **values)
    return f"{min(values)} of {signoff.display_name}"


def change_any_value(scene):
    """Any journaled field of any row of the record."""
    rows = scene.random.choice([rows for rows in scene.release._journaled_rows() if rows])
    row = scene.random.choice(rows)
    columns = {
        name: rows._fields[name].column_type[0]
        for name in sorted(rows._get_journaled_fields())
        if rows._fields[name].column_type and rows._fields[name].type != "many2one"
    }
    if not columns:
        return None
    name = scene.random.choice(sorted(columns))
    new = _other_value(scene, columns[name])
    statement = SQL("SELECT {0} IS DISTINCT FROM %s::{1} FROM {2} WHERE id = %s").format(
        Identifier(name), SQL(columns[name]), Identifier(rows._table)
    )
    if not scene.sql(statement, new, row.id)[0][0]:
        return None
    scene.set(rows._table, row.id, **{name: new})
    return f"{name} of {row._journal_key()}"


def _other_value(scene, kind):
    if kind.startswith("timestamp"):
        return f"2019-01-0{scene.random.randint(1, 9)} 10:00:00"
    if kind == "date":
        return f"2019-01-0{scene.random.randint(1, 9)}"
    if kind == "bool":
        return scene.coin()
    if kind in ("int4", "float8", "numeric"):
        return scene.random.randint(2, 9)
    return b"forged" if kind == "bytea" else "forged"


def change_a_derived_column(scene):
    item = scene.random.choice(scene.rows("ipai.release.item"))
    if scene.coin():
        stage = "rollback" if item.stage != "rollback" else "execution"
        scene.set("ipai_release_item", item.id, stage=stage)
        return f"stage of {item.code}"
    scene.set("ipai_release", scene.release.id, actual_minutes=1234.5)
    return "actual_minutes"


def delete_a_row(scene):
    model = scene.random.choice(
        ("ipai.release.measurement", "ipai.release.evidence", "ipai.release.member")
    )
    row = scene.random.choice(scene.rows(model))
    scene.sql(SQL("DELETE FROM {} WHERE id = %s").format(Identifier(row._table)), row.id)
    return row._journal_key()


def insert_a_row(scene):
    model = scene.random.choice(("ipai.release.evidence", "ipai.release.incident"))
    rows = scene.rows(model)
    if not rows:
        return None
    columns = [
        name
        for name, field in rows._fields.items()
        if field.store and field.column_type and name != "id"
    ]
    names = SQL(", ").join(map(Identifier, columns))
    scene.sql(
        SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE id = %s").format(
            Identifier(rows._table), names
        ),
        scene.random.choice(rows).id,
    )
    return model


def hide_a_hand(scene):
    """Who executed an item is taken out of those who had a hand in it."""
    items = scene.rows("ipai.release.item").filtered("executor_ids")
    item = scene.random.choice(items)
    scene.sql("DELETE FROM ipai_release_item_executor_rel WHERE ipai_release_item_id = %s", item.id)
    return item.code


def change_the_snapshot(scene):
    """The runbook as it was when the release was planned."""
    text = scene.release.runbook_snapshot
    scene.set("ipai_release", scene.release.id, runbook_snapshot=scene.altered(text))
    return "one character"


def change_an_anchor(scene):
    anchor = scene.random.choice(scene.release.anchor_ids)
    scene.set("ipai_release_anchor", anchor.id, head=scene.altered(anchor.head))
    return anchor.kind


def change_a_time_stamp(scene):
    """What an authority is said to have stamped."""
    anchor = scene.random.choice(scene.release.anchor_ids)
    token = scene.random.choice((b"x", b"xxxx", b"MAMCAQA=", b"\xff"))
    scene.set("ipai_release_anchor", anchor.id, token=token)
    return f"{token} for {anchor.kind}"


# -- files ---------------------------------------------------------------------------------------


def _evidence_file(scene, release=None):
    release = release or scene.release
    return scene.random.choice(release.item_ids.evidence_ids.attachment_id)


def change_pasted_output(scene):
    evidence = scene.random.choice(scene.rows("ipai.release.evidence").filtered("output"))
    scene.set("ipai_release_evidence", evidence.id, output=evidence.output + "!")
    return evidence.item_id.code


def change_bytes_in_the_filestore(scene):
    attachment = scene.random.choice((_evidence_file(scene), scene.release.execution_log_id.sudo()))
    path = attachment._full_path(attachment.store_fname)
    with open(path, "rb") as file:
        content = file.read()
    at = scene.random.randrange(len(content))
    changed = (
        content[:at] + bytes([content[at] ^ 1 << scene.random.randrange(8)]) + content[at + 1 :]
    )
    _put(scene, path, scene.random.choice((changed, content[:at], content + b"\n")), content)
    return attachment.name


def remove_a_file_of_the_filestore(scene):
    attachment = _evidence_file(scene)
    path = attachment._full_path(attachment.store_fname)
    with open(path, "rb") as file:
        content = file.read()
    os.remove(path)
    scene.undo.append(lambda: _write(path, content))
    return attachment.name


def _put(scene, path, changed, content):
    _write(path, changed)
    scene.undo.append(lambda: _write(path, content))


def _write(path, content):
    if os.path.exists(path):
        os.chmod(path, 0o600)
    with open(path, "wb") as file:
        file.write(content)


def swap_attachments_of_two_releases(scene):
    one, other = _evidence_file(scene), _evidence_file(scene, scene.other)
    if scene.coin():
        for attachment, source in ((one, other), (other, one)):
            scene.set(
                "ir_attachment",
                attachment.id,
                store_fname=source.store_fname,
                checksum=source.checksum,
            )
        return "their files"
    rows = scene.env["ipai.release.evidence"].search([("attachment_id", "in", (one + other).ids)])
    for row in rows:
        target = other if row.attachment_id == one else one
        scene.set("ipai_release_evidence", row.id, attachment_id=target.id)
    return "their rows"


def rename_a_file(scene):
    attachment = _evidence_file(scene)
    values = scene.random.choice(
        [{"name": "other.txt"}, {"res_id": scene.other.item_ids[0].id}, {"mimetype": "text/html"}]
    )
    scene.set("ir_attachment", attachment.id, **values)
    return min(values)


KINDS = {
    "flip in an event": flip_in_an_event,
    "delete an event": delete_an_event,
    "reorder events": reorder_events,
    "insert an event": insert_an_event,
    "cut the tail": cut_the_tail,
    "cut the tail, repair the head": cut_the_tail_and_repair_the_head,
    "rewrite the whole chain": rewrite_the_chain,
    "move an event to another release": move_an_event,
    "change the head": change_the_head,
    "drop the trigger and edit": drop_the_trigger_and_edit,
    "weaken the trigger": weaken_the_trigger,
    "change an outcome": change_an_outcome,
    "change a signature": change_a_signature,
    "change any value": change_any_value,
    "change a derived column": change_a_derived_column,
    "delete a row": delete_a_row,
    "insert a row": insert_a_row,
    "hide who had a hand": hide_a_hand,
    "change the runbook's snapshot": change_the_snapshot,
    "change an anchor": change_an_anchor,
    "change a time stamp": change_a_time_stamp,
    "change pasted output": change_pasted_output,
    "change bytes in the filestore": change_bytes_in_the_filestore,
    "remove a file of the filestore": remove_a_file_of_the_filestore,
    "swap attachments of two releases": swap_attachments_of_two_releases,
    "rename a file of evidence": rename_a_file,
}
