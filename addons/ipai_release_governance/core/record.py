"""The record of a release as it is kept outside its database, and whether it may be taken back."""

import json

from .journal import GENESIS, broken_links, digest

#: Name and version of the data. Raise it when a key changes.
SCHEMA = "ipai.release.record/1"


class RecordRefused(Exception):
    """The record is not what this database has forgotten. The text says why."""


#: The table that holds the journal.
EVENTS = "ipai_release_event"
PLAIN = ("sequence", "kind", "actor", "time", "previous", "hash")


def seal(release, tables):
    """The record of a release as JSON data.

    :param release: its reference
    :param tables: ``{table: [{column: value}]}``, journal included
    """
    last = tables[EVENTS][-1] if tables[EVENTS] else {"sequence": 0, "hash": GENESIS}
    return {
        "schema": SCHEMA,
        "release": release,
        "length": last["sequence"],
        "head": last["hash"],
        "tables": tables,
        "sha256": digest(tables),
    }


def events(record):
    """The journal in a record, as :func:`core.journal.broken_links` verifies it."""
    return [
        {name: row[name] for name in PLAIN}
        | {"release": record["release"], "payload": json.loads(row["payload"])}
        for row in record["tables"].get(EVENTS, [])
    ]


def missing_events(record, release, own):
    """Number of events that the record knows and the database does not.

    :param own: the database's own events, in the same form; they must be how the record begins
    :raises RecordRefused: the record is of something else, was changed, or tells another story
    """
    _refuse_foreign(record, release)
    _refuse_changed(record)
    for mine, kept in zip(own, events(record), strict=False):
        if mine["hash"] != kept["hash"]:
            raise RecordRefused(
                f"its event {kept['sequence']} is not the one in this database: both went on "
                "from an earlier event"
            )
    if any(broken_links(own)):
        raise RecordRefused("the journal in this database is broken itself")
    return max(0, record["length"] - len(own))


def _refuse_foreign(record, release):
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordRefused(f"it is not of the form {SCHEMA}")
    if record["release"] != release:
        raise RecordRefused(f"it is the record of {record['release']}")


def _refuse_changed(record):
    found = events(record)
    for sequence, reason in broken_links(found):
        raise RecordRefused(f"its event {sequence} {reason}")
    head = found[-1]["hash"] if found else GENESIS
    if (len(found), head) != (record["length"], record["head"]):
        raise RecordRefused("its journal does not end where it says")
    if digest(record["tables"]) != record["sha256"]:
        raise RecordRefused("its rows were changed after it was written")
