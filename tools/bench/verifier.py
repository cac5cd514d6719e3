"""How long the verifier of evidence bundles takes for a million events: no Odoo, only Python.

The bundle is one that verifies: a release with 200 items that are begun and settled again and
again, each event with the rows it changes, or none.
"""

import hashlib
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.places import ADDONS
from tools.say import Missing, say

EVENTS = 1_000_000
ITEMS = 200
ROUNDS = 3
ADDON = ADDONS / "ipai_release_governance"
VERIFIER = ADDON / "bundle" / "verify_bundle.py"
REFERENCE = "REL/2026/0001"
RELEASE = "ipai.release,1"
PHASE = "ipai.release.phase,1"
TEXTS = {
    "README.txt": b"",
    "anchors.json": b"[]",
    "runbook.json": b"{}",
    "signoffs.json": b"[]",
    "verify_bundle.py": b"",
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.zip"
        with path.open("wb") as file:
            _write(file)
        seconds, memory = zip(*(_verify(path) for _round in range(ROUNDS)), strict=True)
        say(
            f"Verifying a bundle of {EVENTS:,} events ({path.stat().st_size / 1e6:.0f} MB): "
            f"{min(seconds):.1f} s of computing, {min(seconds) / EVENTS * 1e6:.1f} µs an event, "
            f"{max(memory) / 1e6:.0f} MB of memory"
        )


def _verify(path):
    """Seconds of computing and bytes of memory that one verification takes."""
    script = (
        "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n    used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, VERIFIER, path],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Missing(f"the bundle does not verify:\n{done.stdout}{done.stderr}")
    seconds, kilobytes = done.stdout.split()[-2:]
    return float(seconds), int(kilobytes) * 1024


# -- the bundle ----------------------------------------------------------------------------------


def _write(file):
    """Write a bundle whose journal is made while it is written."""
    # The addon's own modules, without the package around them, which imports Odoo.
    sys.path.insert(0, str(ADDON))
    bundle = importlib.import_module("core.bundle")
    story = Story(importlib.import_module("bundle.verify_bundle"))
    members = [
        ("journal.jsonl", story.lines(EVENTS), {}),
        ("record.json", story.record(), {}),
        ("release.json", story.document(), {}),
        *((name, [text], {}) for name, text in TEXTS.items()),
    ]
    # Filled when the journal is written, which is before the manifest.
    bundle.write(file, members, story.about)


class Story:
    """Events of a release, and the rows that they leave."""

    def __init__(self, verifier):
        self._verifier = verifier
        self.rows = {}
        self.head, self.length = verifier.GENESIS, 0
        self.about = {"release": REFERENCE}

    def lines(self, count):
        yield self._event("created", {"rows": self._created()})
        while self.length < count:
            number = self.length % ITEMS + 1
            if self.length % 3 == 0:
                yield self._event("evidence", {"item": f"4.{number}", "digest": "5" * 64})
            else:
                outcome = "passed" if self.length % 2 else "failed"
                rows = {f"ipai.release.item,{number}": self._changes(number, outcome)}
                yield self._event("item_settled", {"item": f"4.{number}", "rows": rows})
        self.about.update(head=self.head, length=self.length)

    def record(self):
        yield self._verifier.canonical(self.rows).encode()

    def document(self):
        items = [
            {**row, "measurements": [], "evidence": []}
            for key, row in self.rows.items()
            if key not in (RELEASE, PHASE)
        ]
        yield self._verifier.canonical(
            {
                "reference": REFERENCE,
                "title": "Go live",
                "state": "running",
                "runbook": {"sha256": self.rows[RELEASE]["runbook_digest"]},
                "phases": [{"code": "4", "items": items}],
                "journal": {"head": self.head, "length": self.length},
                **{name: [] for name in ("signoffs", "incidents", "scores", "modules", "team")},
            }
        ).encode()

    def _created(self):
        """Rows of a plan that is new: the release and its items."""
        self.rows[RELEASE] = {"name": REFERENCE, "title": "Go live", "state": "running"}
        self.rows[RELEASE]["runbook_digest"] = hashlib.sha256(b"{}").hexdigest()
        self.rows[PHASE] = {"code": "4"}
        for number in range(1, ITEMS + 1):
            self.rows[f"ipai.release.item,{number}"] = {"code": f"4.{number}", "attempt": 0}
        return {
            key: {name: [None, value] for name, value in row.items()}
            for key, row in self.rows.items()
        }

    def _changes(self, number, outcome):
        row = self.rows[f"ipai.release.item,{number}"]
        new = {"outcome": outcome, "attempt": row["attempt"] + 1, "summary": "12 of 12 rows"}
        changes = {
            name: [row.get(name), value] for name, value in new.items() if row.get(name) != value
        }
        row.update(new)
        return changes

    def _event(self, kind, payload):
        self.length += 1
        seconds = self.length // 1000
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        event = {
            "release": REFERENCE,
            "sequence": self.length,
            "kind": kind,
            "actor": "dana",
            "time": f"2026-11-20T{clock}.{self.length % 1000:03}000Z",
            "payload": payload,
        }
        body = self._verifier.canonical(event).encode()
        own = hashlib.sha256(f"{self.head}\n".encode() + body).hexdigest()
        line = self._verifier.journal_line(body, self.head, own)
        self.head = own
        return line + b"\n"


if __name__ == "__main__":
    main()
