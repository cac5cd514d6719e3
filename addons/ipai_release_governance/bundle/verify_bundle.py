#!/usr/bin/env python3
"""Verify the evidence bundle of a release, without Odoo and without a network.

    python3 -I -S verify_bundle.py BUNDLE.zip [--head HASH ...]

Needs Python 3.9 or later and nothing else. Prints one line per finding and a last line with the
verdict. Exit status: 0 everything fits, 1 there are findings, 2 it cannot be read at all.

What it checks, see also README.txt in the bundle:

- the file is laid out exactly as bundles are, so that nothing hides in it;
- ``manifest.json`` names each file with its size and SHA-256, and there is no other file;
- the journal is one chain: numbers, hashes, times, and the head that release.json, the manifest,
  the printed log, time stamps and ``--head`` name;
- every value of the record is the one that the journal tells, and release.json says the same;
- signatures are in the journal, and cover the evidence as the journal had it then;
- evidence has the SHA-256 that the journal holds.

Odoo's own button Verify runs the same functions on the database.
"""

import argparse
import hashlib
import json
import re
import struct
import sys
import zlib
from collections import namedtuple
from datetime import datetime

SCHEMA = "ipai.release.bundle/1"
#: What the first event of a chain names as the hash before it.
GENESIS = "0" * 64
#: Earlier than all events, in the form of their times.
GENESIS_TIME = "1970-01-01T00:00:00.000000Z"
#: Seconds a database server's clock may be set back between two events.
TOLERANCE = 120
#: Characters of a text that the journal shows; of a longer one it holds the SHA-256.
SHOWN = 256
#: Bytes read at once, of one line of the journal, of a JSON file, and of what a PDF embeds.
CHUNK, LINE_LIMIT, JSON_LIMIT, PDF_LIMIT = 1 << 20, 1 << 26, 1 << 28, 1 << 26
#: Characters of a head that are enough to recognise it: printed on the foot of each page.
HEAD_DIGITS = 16
REQUIRED = (
    "README.txt",
    "anchors.json",
    "journal.jsonl",
    "record.json",
    "release.json",
    "runbook.json",
    "signoffs.json",
    "verify_bundle.py",
)


class Unreadable(Exception):
    """The file is no bundle, or too damaged to say more."""


def canonical(value):
    """The one text of a JSON value: keys sorted, no spaces, UTF-8 kept as it is."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(data):
    return hashlib.sha256(data).hexdigest()


def text_value(text):
    """A text as the journal writes it."""
    text = text or None
    if text and len(text) > SHOWN:
        return f"sha256:{digest(text.encode())}"
    return text


# -- the file ------------------------------------------------------------------------------------

#: Local header, central header and end of a ZIP (APPNOTE 4.3.7, 4.3.12, 4.3.16).
LOCAL, CENTRAL, END = (
    struct.Struct("<4s5H3L2H"),
    struct.Struct("<4s6H3L5H2L"),
    struct.Struct("<4s4H2LH"),
)
#: Every file of a bundle: version 2.0, made on Unix, stored, of 1980-01-01, a plain file.
MADE, NEEDED, DAY, MODE = 3 << 8 | 20, 20, 1 << 5 | 1, 0o100644 << 16
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
Member = namedtuple("Member", "name size crc start")


def local_header(name, size, crc):
    return LOCAL.pack(b"PK\3\4", NEEDED, 0, 0, 0, DAY, crc, size, size, len(name), 0) + name


def central_header(name, size, crc, start):
    stored = (0, 0, 0, DAY, crc, size, size, len(name))
    return CENTRAL.pack(b"PK\1\2", MADE, NEEDED, *stored, 0, 0, 0, 0, MODE, start) + name


def end_record(count, size, start):
    return END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)


class Archive:
    """A ZIP that is laid out in the one way in which bundles are written.

    Nothing is unpacked: each file is stored, so that it cannot be larger than the archive, and is
    read where it stands. Whatever else a ZIP may hold (folders, links, other names or times,
    compression, comments, bytes between files) is refused.
    """

    def __init__(self, file):
        self._file = file
        self.length = file.seek(0, 2)
        self.members = {}
        self._read_directory()

    def _read_directory(self):
        if self.length < END.size:
            raise Unreadable("it is too short to be a ZIP file")
        end = self._at(self.length - END.size, END.size)
        count, size, start = END.unpack(end)[4:7]
        if end != end_record(count, size, start) or start + size + END.size != self.length:
            raise Unreadable("its end is not that of a bundle: it is cut, longer, or no ZIP file")
        rest, offset = self._at(start, size), 0
        for _number in range(count):
            rest, offset = self._read_member(rest, offset)
        if rest or offset != start:
            raise Unreadable("there are bytes in it that belong to no file")

    def _read_member(self, rest, offset):
        """Read the first entry of the directory; return the rest, and where the next file is."""
        if len(rest) < CENTRAL.size:
            raise Unreadable("its directory is cut")
        fields = CENTRAL.unpack(rest[: CENTRAL.size])
        crc, size, length = fields[7], fields[8], fields[10]
        raw = rest[CENTRAL.size : CENTRAL.size + length]
        name = raw.decode("ascii", "replace")
        if len(name) > 240 or not NAME.fullmatch(name):
            raise Unreadable(f"the file name {name[:80]!r} is not one that bundles have")
        if name in self.members:
            raise Unreadable(f"two files have the name {name}")
        header = local_header(raw, size, crc)
        known = central_header(raw, size, crc, offset)
        if rest[: len(known)] != known or self._at(offset, len(header)) != header:
            raise Unreadable(f"{name} is not stored the way bundles store files")
        self.members[name] = Member(name, size, crc, offset + len(header))
        return rest[len(known) :], offset + len(header) + size

    def _at(self, start, size):
        self._file.seek(start)
        return self._file.read(size)

    def chunks(self, name):
        member = self.members[name]
        self._file.seek(member.start)
        left = member.size
        while left:
            data = self._file.read(min(CHUNK, left))
            if not data:
                raise Unreadable(f"{name} is cut")
            left -= len(data)
            yield data

    def read(self, name, limit):  # pylint: disable=method-required-super # no model of Odoo
        if self.members[name].size > limit:
            raise Unreadable(f"{name} is larger than {limit >> 20} MiB")
        return b"".join(self.chunks(name))

    def json(self, name):
        try:
            return json.loads(self.read(name, JSON_LIMIT))
        except (ValueError, RecursionError) as problem:
            raise Unreadable(f"{name} is no JSON: {problem}") from problem


class Hashed:
    """Passes chunks on, and knows in the end their SHA-256 and whether the CRC is right."""

    def __init__(self, archive, name):
        self._chunks = archive.chunks(name)
        self._member = archive.members[name]
        self._sha256, self._crc = hashlib.sha256(), 0

    def __iter__(self):
        for data in self._chunks:
            self._sha256.update(data)
            self._crc = zlib.crc32(data, self._crc)
            yield data

    def finish(self):
        for _data in self:
            pass
        return self._sha256.hexdigest(), self._crc == self._member.crc


# -- the journal ---------------------------------------------------------------------------------

#: A line is {"event":…,"hash":"…","previous":"…"}, so that an event is hashed as it stands.
OPENING, CLOSING = b'{"event":', struct.Struct("9s64s14s64s2s")
FIXED = (b',"hash":"', b'","previous":"', b'"}')
#: Events that say more than their rows.
TOLD = frozenset({"execution_log", "signoff_approved", "signoff_rejected"})


def journal_line(body, previous, own):
    """A line of journal.jsonl, without its end.

    :param body: the event as canonical JSON, bytes
    """
    return b'{"event":%b,"hash":"%b","previous":"%b"}' % (body, own.encode(), previous.encode())


def split_lines(chunks):
    """Lines of a file that is never in memory as a whole."""
    rest = b""
    for data in chunks:
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
        if len(rest) > LINE_LIMIT:
            raise Unreadable(f"a line of the journal is longer than {LINE_LIMIT >> 20} MiB")
    if rest:
        yield rest


class Journal:
    """Reads the chain once, and keeps what the record must be according to it.

    :param note: called with ``(where, what)`` for each finding
    :param heads: heads that the chain must contain, ``{head or its start: who names it}``
    """

    def __init__(self, note, heads=None):
        self.length, self.head = 0, GENESIS
        self.rows, self.decisions, self.printed = {}, {}, set()
        self._note, self._latest = note, GENESIS_TIME
        self._wanted = {}
        for head, source in (heads or {}).items():
            self._wanted.setdefault(head[:HEAD_DIGITS].encode(), []).append((head, source))

    def read(self, lines, release):  # pylint: disable=method-required-super # no model of Odoo
        """Follow the chain. Written for a million events: what it does for each is in one place.

        :param lines: of journal.jsonl, in their order
        :param release: its reference, which each event names
        """
        previous, number, wanted = GENESIS.encode(), 0, self._wanted
        decode, sha256, unpack = json.JSONDecoder().raw_decode, hashlib.sha256, CLOSING.unpack
        for line in lines:
            number += 1
            body = line[len(OPENING) : -CLOSING.size]
            try:
                one, own, two, before, three = unpack(line[-CLOSING.size :])
                text = body.decode()
                event, end = decode(text)
                sequence, time, payload = event["sequence"], event["time"], event["payload"]
                late = time < self._latest or len(time) != len(GENESIS_TIME)
                if (one, two, three) != FIXED or end != len(text) or not line.startswith(OPENING):
                    raise ValueError("is no line of a journal")
                if payload.get("rows") or event["kind"] in TOLD or event["release"] != release:
                    self._take(event, payload, number, release)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
                self._note(f"event {number}", "cannot be read")
                continue
            if sequence != number:
                self._note(
                    f"event {sequence}", f"expected event {number}: events are missing or added"
                )
                number = sequence if isinstance(sequence, int) else number
            elif before != previous:
                self._note(f"event {number}", "does not follow the event before it")
            elif sha256(before + b"\n" + body).hexdigest().encode() != own:
                self._note(f"event {number}", "was changed after it was written")
            if late:
                self._check_time(number, time)
            self._latest, previous = time, own
            if wanted and own[:HEAD_DIGITS] in wanted:
                self._seen(own)
        self.length, self.head = number, previous.decode("ascii", "replace")

    def _take(self, event, payload, number, release):
        """What an event says beside being a link of the chain."""
        if event["release"] != release:
            self._note(f"event {number}", f"is of {event['release']}, not of {release}")
        if "rows" in payload:
            self._apply(payload["rows"], number)
        kind = event["kind"]
        if kind == "execution_log":
            self.printed.add(payload["sha256"])
        elif kind in TOLD:
            self._decide(event, payload)

    def _apply(self, rows, number):
        """Change the rows as an event tells. What it says was before must be what is known."""
        for key, changes in rows.items():
            if changes is None:
                self.rows.pop(key, None)
                continue
            row = self.rows.setdefault(key, {})
            for name, (before, after) in changes.items():
                if not same(row.get(name), before):
                    self._note(
                        f"event {number}",
                        f"{name} of {key} was {show(before)} before it, and "
                        f"{show(row.get(name))} according to the journal",
                    )
                if after is None:
                    row.pop(name, None)
                else:
                    row[name] = after

    def _decide(self, event, payload):
        """Somebody signed: keep what the signature must cover."""
        for key in payload.get("rows") or {}:
            if key.startswith("ipai.release.signoff,") and "state" in payload["rows"][key]:
                seen = evidence_digest(self.rows, self.rows[key].get("stage"))
                self.decisions[key] = (event, seen)

    def _check_time(self, number, time):
        """Times do not go back, but for what a clock is set back."""
        try:
            back = (moment(self._latest) - moment(time)).total_seconds()
        except ValueError:
            self._note(f"event {number}", f"has no time: {time[:40]!r}")
            return
        if back > TOLERANCE:
            self._note(f"event {number}", f"is {back:.0f} s older than the event before it")

    def _seen(self, own):
        """A head that somebody knows is in the chain."""
        known = own.decode()
        left = [
            pair for pair in self._wanted.pop(own[:HEAD_DIGITS]) if not known.startswith(pair[0])
        ]
        if left:
            self._wanted[own[:HEAD_DIGITS]] = left

    def check_heads(self):
        """Heads that others know, and that the chain does not contain."""
        for heads in self._wanted.values():
            for head, source in heads:
                self._note(
                    source, f"the head {head} is not in the journal: it was cut or written anew"
                )

    def check_end(self, head, length, source):
        """That the chain ends where ``source`` says."""
        if (self.head, self.length) != (head or GENESIS, length or 0):
            self._note(
                source,
                f"the journal ends with event {self.length} ({self.head[:HEAD_DIGITS]}), not with "
                f"event {length} ({(head or GENESIS)[:HEAD_DIGITS]})",
            )


def moment(time):
    """An event's time, such as ``2026-11-20T07:18:02.123456Z``."""
    return datetime.fromisoformat(time.rstrip("Z"))


# -- the record ----------------------------------------------------------------------------------


def same(one, other):
    """Whether two values are equal; a row of another table is the same whatever its name is."""
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.get("id") == other.get("id")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(same, one, other))
    return False


def show(value):
    if isinstance(value, dict):
        value = value.get("name") or value.get("id")
    return "empty" if value is None else repr(value)


def label(key, row):
    """A row for people."""
    model, number = key.rsplit(",", 1)
    name = row.get("code") or row.get("name") or (row.get("role_id") or {}).get("name") or number
    return f"{model.rsplit('.', 1)[-1]} {name}"


def compare(told, found, note):
    """Note each value of the record that is not the one the journal tells.

    :param told: rows according to the journal, ``{key: {field: value}}``
    :param found: rows as they are
    """
    for key in sorted(told.keys() | found.keys()):
        if key not in found:
            note(label(key, told[key]), "is in the journal, and not in the record: it was deleted")
        elif key not in told:
            note(label(key, found[key]), "is in the record, and not in the journal: it was added")
        else:
            compare_row(key, told[key], found[key], note)


def compare_row(key, told, found, note):
    for name in sorted(told.keys() | found.keys()):
        if not same(told.get(name), found.get(name)):
            note(
                label(key, told),
                f"{name} is {show(found.get(name))}, and {show(told.get(name))} according to the "
                "journal",
            )


def of_model(rows, model):
    """Rows of one table as ``(id, row)``, by id."""
    keys = [key for key in rows if key.startswith(f"{model},")]
    return sorted(
        ((int(key.rsplit(",", 1)[1]), rows[key]) for key in keys), key=lambda pair: pair[0]
    )


def reference(row, name):
    return (row.get(name) or {}).get("id")


#: Stages whose items a signature of a stage covers.
STAGES_SEEN = {
    "freeze": ("preparation",),
    "execution": ("preparation", "execution"),
    "verification": ("preparation", "execution", "verification"),
}


def evidence_digest(rows, stage):
    """SHA-256 over what a signer of ``stage`` sees, computed from the journal's rows."""
    phases = dict(of_model(rows, "ipai.release.phase"))
    places = {}
    for number, item in of_model(rows, "ipai.release.item"):
        phase = phases.get(reference(item, "phase_id"), {})
        if phase.get("stage") in STAGES_SEEN.get(stage, ()):
            places[phase.get("sequence", 0), item.get("sequence", 0), number] = item
    digests = [item_digest(rows, place[-1], places[place]) for place in sorted(places)]
    return digest(canonical(digests).encode())


def children(rows, model, field, number):
    """Rows of a table that belong to a row of another one."""
    return [row for _id, row in of_model(rows, model) if reference(row, field) == number]


def item_digest(rows, number, item):
    """SHA-256 over outcome, measurements and evidence of an item."""
    measurements = children(rows, "ipai.release.measurement", "item_id", number)
    evidence = children(rows, "ipai.release.evidence", "item_id", number)
    waived_by = (item.get("waived_by_id") or {}).get("name")
    return digest(
        canonical(
            {
                "code": item.get("code"),
                "outcome": item.get("outcome"),
                "attempt": item.get("attempt", 0),
                "measurements": {line.get("name"): line.get("value", "") for line in measurements},
                "evidence": sorted(row.get("sha256", "") for row in evidence),
                "actual": item.get("actual", ""),
                "notes": item.get("notes", ""),
                "waived": [waived_by or "", item.get("waived_reason", "")],
            }
        ).encode()
    )


def check_signoffs(journal, found, note):
    """Each signature is an event of the journal by its signer, over the evidence there was.

    :param found: rows of the record as they are
    """
    for number, row in of_model(found, "ipai.release.signoff"):
        key = f"ipai.release.signoff,{number}"
        if row.get("state") not in ("approved", "rejected"):
            continue
        if key not in journal.decisions:
            note(label(key, row), f"is {row['state']}, and no event of the journal says so")
            continue
        check_signature(key, row, *journal.decisions[key], note)


def check_signature(key, row, event, seen, note):
    name = f"{label(key, row)} (event {event['sequence']})"
    payload = event["payload"]
    if event["kind"] != f"signoff_{row['state']}":
        note(name, f"is {row['state']}, and was {event['kind'][8:]} according to the journal")
    if payload.get("evidence") != row.get("evidence_digest"):
        note(name, "does not cover the evidence that the journal says it covers")
    elif seen != row.get("evidence_digest"):
        note(name, "covers other evidence than there was when it was given")
    signer = (row.get("signed_by_id") or {}).get("name")
    if signer != event["actor"]:
        note(name, f"is of {signer}, and was given by {event['actor']}")


def check_runbook(text, rows, note):
    """The snapshot of the runbook is the one the release was planned with."""
    for _number, row in of_model(rows, "ipai.release"):
        if digest(text) != row.get("runbook_digest"):
            note("runbook", "is not the one the release was planned with")


# -- release.json --------------------------------------------------------------------------------

#: What release.json says of each row, and the field that holds it: ``{path: field}``.
SAID = {
    "ipai.release": {
        "reference": "name",
        "title": "title",
        "state": "state",
        "verdict": "verdict",
        "end_reason": "end_reason",
        "runbook.sha256": "runbook_digest",
        "code.branch_before": "branch_before",
        "code.branch_after": "branch_after",
        "code.commit_before": "commit_before",
        "code.commit_after": "commit_after",
        "schedule.window_start": "window_start",
        "schedule.window_end": "window_end",
        "schedule.planned_start": "planned_start",
        "schedule.planned_end": "planned_end",
        "schedule.started_at": "actual_start",
        "schedule.started_by.login": "started_by_id",
        "schedule.ended_at": "actual_end",
        "schedule.closed_at": "closed_at",
        "retention.until": "retention_date",
    },
    "ipai.release.phase": {
        "code": "code",
        "name": "name",
        "stage": "stage",
        "state": "state",
        "policy": "gate_policy",
        "started_at": "date_start",
        "ended_at": "date_end",
        "gate.decision": "gate_decision",
        "gate.reason": "gate_reason",
        "gate.by.login": "gate_by_id",
    },
    "ipai.release.item": {
        "code": "code",
        "name": "name",
        "mode": "mode",
        "role": "role_id",
        "severity": "severity",
        "aspect": "aspect",
        "instructions": "instructions",
        "expected": "expected",
        "outcome": "outcome",
        "attempt": "attempt",
        "summary": "summary",
        "actual": "actual",
        "notes": "notes",
        "hint": "hint",
        "tester.login": "executed_by_id",
        "scheduled_at": "scheduled_at",
        "started_at": "date_start",
        "ended_at": "date_end",
        "waiver.by.login": "waived_by_id",
        "waiver.reason": "waived_reason",
        "waiver.until": "waived_until",
    },
    "ipai.release.measurement": {
        "name": "name",
        "label": "label",
        "unit": "unit",
        "value": "value",
    },
    "ipai.release.evidence": {
        "name": "name",
        "attempt": "attempt",
        "mimetype": "mimetype",
        "size": "size",
        "sha256": "sha256",
        "output": "output",
        "added_by.login": "added_by_id",
    },
    "ipai.release.signoff": {
        "role": "role_id",
        "stage": "stage",
        "meaning": "meaning",
        "state": "state",
        "signer.login": "user_id",
        "signed_by.login": "signed_by_id",
        "requested_at": "requested_at",
        "signed_at": "signed_at",
        "notes": "reason",
        "typed_name": "typed_name",
        "evidence_sha256": "evidence_digest",
    },
    "ipai.release.incident": {
        "item": "item_id",
        "time": "time",
        "severity": "severity",
        "status": "status",
        "description": "description",
        "resolution": "resolution",
        "approver.login": "approver_id",
        "resolved_at": "resolved_at",
    },
    "ipai.release.score": {
        "aspect": "aspect",
        "proposed": "proposed",
        "score": "score",
        "reason": "reason",
    },
    "ipai.release.module": {
        "name": "name",
        "version_expected": "version_expected",
        "version_before": "version_before",
        "version_after": "version_after",
    },
    "ipai.release.member": {"role": "role_id", "person.login": "user_id"},
}


def said_lists(document):
    """All that release.json says, by table: ``{model: [(place, data)]}``."""
    phases = document["phases"]
    items = [(f"item {item['code']}", item) for phase in phases for item in phase["items"]]
    return {
        "ipai.release": [("release", document)],
        "ipai.release.phase": [(f"phase {phase['code']}", phase) for phase in phases],
        "ipai.release.item": items,
        "ipai.release.measurement": inside(items, "measurements"),
        "ipai.release.evidence": inside(items, "evidence"),
        "ipai.release.signoff": [("sign-off", row) for row in document["signoffs"]],
        "ipai.release.incident": [("incident", row) for row in document["incidents"]],
        "ipai.release.score": [("score", row) for row in document["scores"]],
        "ipai.release.module": [("module", row) for row in document["modules"]],
        "ipai.release.member": [("team", row) for row in document["team"]],
    }


def inside(items, name):
    return [(place, row) for place, item in items for row in item[name]]


def at(data, path):
    for key in path.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return text_value(data) if isinstance(data, str) else data


def plain(value):
    """A value of the record as release.json writes it: a row by its name."""
    if isinstance(value, dict):
        value = value.get("name")
    return None if value in ("", None) else value


def check_document(document, rows, note):
    """release.json says nothing but what the record holds.

    Rows have no numbers there, so that lists are compared as wholes, without their order.
    """
    for model, said in said_lists(document).items():
        fields = SAID[model]
        left = [
            [plain(row.get(field)) for field in fields.values()]
            for _id, row in of_model(rows, model)
        ]
        for place, data in said:
            values = [plain(at(data, path)) for path in fields]
            if values in left:
                left.remove(values)
            else:
                note("release.json", f"{place}: {unlike(values, left, fields)}")
        if left:
            note("release.json", f"{len(left)} rows of {model} are missing or different")


def unlike(values, left, fields):
    """Which values of a row differ from those of the row most like it."""
    if not left:
        return "is not in the record"
    near = max(left, key=lambda row: sum(map(same, row, values)))
    wrong = [
        f"{path} is {show(value)}, and {show(kept)} in the record"
        for path, value, kept in zip(fields, values, near)  # noqa: B905 - Python 3.9 has no strict
        if value != kept
    ]
    return "; ".join(wrong)


# -- the printed log and time stamps -------------------------------------------------------------

STREAM = re.compile(rb"stream\r?\n")


def printed_head(pdf):
    """Head and length of the journal that a printed log carries, ``None`` if it carries none."""
    for found in STREAM.finditer(pdf):
        data = inflate(pdf[found.end() :])
        if data and data.startswith(b"{") and b'"schema":"ipai.release/' in data:
            try:
                journal = json.loads(data)["journal"]
                return journal["head"], journal["length"]
            except (ValueError, KeyError, TypeError):
                return None
    return None


def inflate(data):
    try:
        return zlib.decompressobj().decompress(data, PDF_LIMIT)
    except zlib.error:
        return None


#: The object identifier 1.2.840.113549.1.9.16.1.4, id-ct-TSTInfo (RFC 3161, 2.4.2), in DER.
TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")


def der(data, start):
    """Where the content of a DER value begins, and where the value ends (X.690, 8.1)."""
    length, at_ = data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        length, at_ = int.from_bytes(data[at_ : at_ + size], "big"), at_ + size
    if at_ + length > len(data):
        raise ValueError("a value is longer than the file")
    return at_, at_ + length


def imprint(token):
    """What a time stamp stamps: the SHA-256 inside an RFC 3161 response.

    :raises ValueError: when it is no time stamp
    """
    try:
        explicit, _end = der(token, token.index(TST_INFO) + len(TST_INFO))
        octets, _end = der(token, explicit)
        info, _end = der(token, octets)
        _version, version_end = der(token, info)
        _policy, policy_end = der(token, version_end)
        stamped, stamped_end = der(token, policy_end)
        _algorithm, algorithm_end = der(token, stamped)
        start, end = der(token, algorithm_end)
    except IndexError as problem:
        raise ValueError("it is cut") from problem
    if end != stamped_end:
        raise ValueError("it has no imprint")
    return token[start:end].hex()


def check_stamp(token, head, name, note):
    """A time stamp is one of this head. Whether the authority signed it, OpenSSL checks."""
    try:
        stamped = imprint(token)
    except ValueError as problem:
        note(name, f"is no time stamp: {problem}")
        return
    if stamped != digest(head.encode()):
        note(name, "stamps something else than the head of the journal")


# -- the bundle ----------------------------------------------------------------------------------


class Bundle:
    """Everything that is checked of a bundle.

    :param note: called with ``(where, what)`` for each finding
    """

    def __init__(self, file, note):
        self._archive, self._note = Archive(file), note
        for name in ("manifest.json", *REQUIRED):
            if name not in self._archive.members:
                raise Unreadable(f"{name} is missing")
        self._manifest = self._archive.json("manifest.json")
        if not isinstance(self._manifest, dict) or self._manifest.get("schema") != SCHEMA:
            raise Unreadable(f"manifest.json is not of {SCHEMA}")

    def verify(self, heads=()):
        """Check all; return a line on what was read."""
        files = self._check_files()
        document = self._archive.json("release.json")
        record = self._archive.json("record.json")
        journal = Journal(self._note, self._heads(heads))
        hashed = Hashed(self._archive, "journal.jsonl")
        journal.read(split_lines(hashed), document["reference"])
        self._check_hash("journal.jsonl", hashed, files)
        journal.check_end(
            document["journal"]["head"], document["journal"]["length"], "release.json"
        )
        journal.check_end(self._manifest.get("head"), self._manifest.get("length"), "manifest.json")
        journal.check_heads()
        self._check_record(journal, record, document)
        self._check_evidence(record, files)
        self._check_log(journal, record, files)
        if self._manifest.get("release") != document["reference"]:
            self._note("manifest.json", "is of another release than release.json")
        return f"{document['reference']}: {len(files)} files, {journal.length} events"

    # -- files ---------------------------------------------------------------------------------

    def _check_files(self):
        """Sizes, hashes and names are those of the manifest. Return it as ``{name: entry}``."""
        files = {entry["name"]: entry for entry in self._manifest["files"]}
        if self._archive.read("manifest.json", JSON_LIMIT) != canonical(self._manifest).encode():
            self._note("manifest.json", "is not written the way bundles write it")
        hashed = Hashed(self._archive, "manifest.json")
        if not hashed.finish()[1]:
            self._note("manifest.json", "has another CRC than the ZIP says")
        for name in self._archive.members:
            if name not in files and name != "manifest.json":
                self._note(name, "is not in the manifest: it was added")
        for name in files:
            if name not in self._archive.members:
                self._note(name, "is in the manifest, and missing")
            elif name != "journal.jsonl":
                self._check_hash(name, Hashed(self._archive, name), files)
        if list(self._archive.members) != [*files, "manifest.json"]:
            self._note("manifest.json", "does not name the files in their order")
        return files

    def _check_hash(self, name, hashed, files):
        own, crc = hashed.finish()
        entry = files.get(name, {})
        if own != entry.get("sha256") or self._archive.members[name].size != entry.get("size"):
            self._note(name, "is not the file the manifest names: it was changed")
        elif not crc:
            self._note(name, "has another CRC than the ZIP says")

    # -- heads that others know ------------------------------------------------------------------

    def _heads(self, heads):
        """Heads the chain must contain: ``{head: who names it}``."""
        wanted = {head.lower(): f"--head {head}" for head in heads}
        for anchor in self._archive.json("anchors.json"):
            wanted.setdefault(anchor["head"], f"anchor {anchor['kind']} {anchor['time']}")
            if anchor.get("file"):
                self._check_stamp(anchor)
        if "execution-log.pdf" in self._archive.members:
            known = printed_head(self._archive.read("execution-log.pdf", JSON_LIMIT))
            if known is None:
                self._note("execution-log.pdf", "carries no journal that could be compared")
            else:
                wanted.setdefault(known[0], "execution-log.pdf")
        return wanted

    def _check_stamp(self, anchor):
        name = anchor["file"]
        if name not in self._archive.members:
            self._note(name, "is named in anchors.json, and missing")
            return
        check_stamp(self._archive.read(name, JSON_LIMIT), anchor["head"], name, self._note)

    # -- the record ------------------------------------------------------------------------------

    def _check_record(self, journal, record, document):
        compare(journal.rows, record, self._note)
        check_signoffs(journal, record, self._note)
        check_document(document, record, self._note)
        check_runbook(self._archive.read("runbook.json", JSON_LIMIT), record, self._note)
        if self._archive.json("signoffs.json") != document["signoffs"]:
            self._note("signoffs.json", "does not say what release.json says")
        if not of_model(record, "ipai.release"):
            self._note("record.json", "holds no release")

    def _check_evidence(self, record, files):
        """Each file of evidence is there, and is the one whose hash the journal holds."""
        named = {entry["row"]: entry for entry in files.values() if "row" in entry}
        evidence = set()
        for number, row in of_model(record, "ipai.release.evidence"):
            if not row.get("attachment_id"):
                continue
            key = f"ipai.release.evidence,{number}"
            evidence.add(key)
            entry = named.get(key)
            name = (row.get("item_id") or {}).get("name")
            if entry is None:
                self._note(f"evidence {row.get('name')}", f"of item {name} has no file")
            elif entry["sha256"] != row.get("sha256"):
                self._note(entry["name"], "is not the evidence that the journal names")
        stamps = {anchor.get("file") for anchor in self._archive.json("anchors.json")}
        known = {*REQUIRED, *stamps, "execution-log.pdf"}
        for name, entry in files.items():
            if name not in known and entry.get("row") not in evidence:
                self._note(name, "is no evidence that the journal names")

    def _check_log(self, journal, record, files):
        """The printed log is the one that was kept when the release ended."""
        entry = files.get("execution-log.pdf")
        kept = any(row.get("execution_log_id") for _id, row in of_model(record, "ipai.release"))
        if kept and not entry:
            self._note("execution-log.pdf", "was kept when the release ended, and is missing")
        elif entry and entry["sha256"] not in journal.printed:
            self._note("execution-log.pdf", "is not the log whose SHA-256 is in the journal")


def verify(file, heads=(), note=None):
    """Verify an open bundle.

    :param file: seekable, of bytes
    :param heads: heads known from elsewhere, whole or their first 16 or more digits
    :param note: called with ``(where, what)`` for each finding
    :return: a line on what was read
    :raises Unreadable: when it is no bundle
    """
    try:
        return Bundle(file, note).verify(heads)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as problem:
        # Only files that nobody's suite wrote get here: say so instead of a traceback.
        raise Unreadable(f"something in it has another form: {problem!r}") from problem


def head(text):
    if not re.fullmatch(r"[0-9a-fA-F]{16,64}", text):
        raise argparse.ArgumentTypeError("give 16 to 64 hexadecimal digits, as printed in the log")
    return text


def say(line):
    """Print a line, whatever a forger may have put into it, on any terminal."""
    printable = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
    sys.stdout.write(printable.encode("ascii", "backslashreplace").decode() + "\n")


def main(argv=None):
    parser = argparse.ArgumentParser(description="Verify the evidence bundle of a release.")
    parser.add_argument("bundle", help="the ZIP file")
    parser.add_argument(
        "--head",
        action="append",
        default=[],
        type=head,
        help="a journal head known from a mail or a printed log; may be given several times",
    )
    options = parser.parse_args(argv)
    findings = []

    def note(where, what):
        findings.append(where)
        say(f"FINDING {where}: {what}")

    try:
        with open(options.bundle, "rb") as file:
            read = verify(file, options.head, note)
    except (OSError, Unreadable) as problem:
        say(f"UNREADABLE {options.bundle}: {problem}")
        return 2
    say(f"{'NOT VERIFIED' if findings else 'VERIFIED'} {read}, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
