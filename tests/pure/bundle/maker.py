"""A small bundle that verifies, made without Odoo."""

import hashlib
import importlib.util
import io
import sys
from pathlib import Path

ADDON = Path(__file__).resolve().parents[3] / "addons" / "ipai_release_governance"
VERIFIER = ADDON / "bundle" / "verify_bundle.py"
REFERENCE = "REL/2026/0001"
RELEASE, PHASE, ITEM = "ipai.release,1", "ipai.release.phase,1", "ipai.release.item,1"
FILE = "ipai.release.evidence,7"
CONTENT = b"12 GB free\n"


def load(name, path, **options):
    """A module of the addon without the packages around it, which import Odoo."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path, **options)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


load(
    "release_core",
    ADDON / "core" / "__init__.py",
    submodule_search_locations=[str(ADDON / "core")],
)
bundle = load("release_core.bundle", ADDON / "core" / "bundle.py")
journal = load("release_core.journal", ADDON / "core" / "journal.py")
verify_bundle = load("verify_bundle", VERIFIER)


def event(sequence, kind, payload, **values):
    return {
        "release": REFERENCE,
        "sequence": sequence,
        "kind": kind,
        "actor": "dana",
        "time": f"2026-11-20T10:00:{sequence:02}.000000Z",
        "payload": payload,
        **values,
    }


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def created(rows):
    return {key: {name: [None, value] for name, value in row.items()} for key, row in rows.items()}


class Maker:
    """Events, rows and files of a release; change them before :meth:`pack`."""

    def __init__(self):
        self.rows = {
            RELEASE: {"name": REFERENCE, "title": "Go live", "runbook_digest": sha256(b"{}")},
            PHASE: {"code": "4"},
            ITEM: {"code": "4.1", "outcome": "pending", "attempt": 0},
        }
        self.events = [event(1, "created", {"rows": created(self.rows)})]
        evidence = {
            "name": "disk.txt",
            "attachment_id": {"id": 3, "name": "disk.txt"},
            "item_id": {"id": 1, "name": "4.1"},
            "attempt": 1,
            "sha256": sha256(CONTENT),
        }
        self.rows[FILE] = evidence
        self.rows[ITEM] = {**self.rows[ITEM], "outcome": "passed", "attempt": 1}
        settled = {"outcome": ["pending", "passed"], "attempt": [0, 1]}
        self.events += [
            event(2, "evidence_added", {"rows": created({FILE: evidence})}),
            event(3, "item_settled", {"item": "4.1", "rows": {ITEM: settled}}),
            event(4, "evidence", {"item": "4.1"}),
        ]
        self.anchors = []
        self.files = {"evidence/4.1/7-disk.txt": (CONTENT, {"row": FILE})}
        self.document = None

    def chain(self):
        """Lines of the journal, and its head."""
        previous, lines = journal.GENESIS, []
        for each in self.events:
            own = journal.event_hash(previous, each)
            body = journal.canonical(each).encode()
            lines.append(verify_bundle.journal_line(body, previous, own))
            previous = own
        return lines, previous

    def said(self, head, length):
        evidence = {"name": "disk.txt", "attempt": 1, "sha256": sha256(CONTENT)}
        item = {**self.rows[ITEM], "measurements": [], "evidence": [evidence]}
        return {
            "reference": REFERENCE,
            "title": "Go live",
            "runbook": {"sha256": sha256(b"{}")},
            "phases": [{"code": "4", "items": [item]}],
            "journal": {"head": head, "length": length},
            **{name: [] for name in ("signoffs", "incidents", "scores", "modules", "team")},
        }

    def pack(self):
        lines, head = self.chain()
        document = self.document or self.said(head, len(lines))
        texts = {
            "README.txt": b"",
            "anchors.json": journal.canonical(self.anchors).encode(),
            "journal.jsonl": b"".join(line + b"\n" for line in lines),
            "record.json": journal.canonical(self.rows).encode(),
            "release.json": journal.canonical(document).encode(),
            "runbook.json": b"{}",
            "signoffs.json": journal.canonical(document["signoffs"]).encode(),
            "verify_bundle.py": b"",
        }
        members = [(name, [data], {}) for name, data in texts.items()]
        members += [(name, [data], more) for name, (data, more) in self.files.items()]
        file = io.BytesIO()
        about = {"release": REFERENCE, "head": head, "length": len(lines)}
        bundle.write(file, members, about)
        return file.getvalue()


def findings(content, heads=()):
    """What the verifier says against these bytes, one line each."""
    found = []
    verify_bundle.verify(
        io.BytesIO(content), heads, lambda where, what: found.append(f"{where}: {what}")
    )
    return found
