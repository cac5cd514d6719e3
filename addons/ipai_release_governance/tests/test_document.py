import json

from ..core import journal
from ..core.result import Result
from .log_common import ExecutionLogCommon

KEYS = {
    "schema",
    "reference",
    "title",
    "company",
    "state",
    "verdict",
    "end_reason",
    "runbook",
    "target",
    "modules",
    "code",
    "schedule",
    "roles",
    "team",
    "phases",
    "summary",
    "scores",
    "signoffs",
    "incidents",
    "retention",
    "journal",
}


class TestDocument(ExecutionLogCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paper = cls._paper_runbook()

    def document(self, release, **context):
        return self.as_("viewer", release).with_context(**context)._document()

    def item_of(self, document, code):
        return next(
            item for phase in document["phases"] for item in phase["items"] if item["code"] == code
        )

    def test_it_is_json_with_the_keys_its_docstring_names(self):
        document = self.document(self.finish(self.paper_release(self.paper)))
        self.assertEqual(json.loads(journal.canonical(document)), document)
        self.assertEqual(set(document), KEYS)
        described = self.env["ipai.release"]._document.__doc__
        for key in KEYS:
            self.assertRegex(described, rf"\b{key}\b")

    def test_it_tells_the_whole_release(self):
        release = self.finish(self.paper_release(self.paper))
        document = self.document(release)
        self.assertEqual(document["reference"], release.name)
        self.assertEqual(document["verdict"], "complete_success")
        self.assertEqual(
            [phase["code"] for phase in document["phases"]], ["T-24h", "0", "1", "2", "5", "7", "R"]
        )
        self.assertRegex(document["schedule"]["started_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(document["schedule"]["started_by"]["login"], "rel_executor")
        self.assertEqual([row["state"] for row in document["signoffs"]], ["approved"] * 3)
        self.assertEqual(document["summary"]["tests_passed"], 10)
        self.assertEqual(document["retention"]["months"], 12)
        self.assertEqual(document["runbook"]["sha256"], release.runbook_digest)

    def test_an_item_brings_measurements_and_evidence(self):
        release = self.paper_release(self.paper)
        self.pass_all(release, "0.3")
        self.env["ipai.release.evidence"]._add_file(self.item(release, "0.1"), 1, "a.bin", b"\0\1")
        document = self.document(release)
        item = self.item_of(document, "0.3")
        self.assertEqual(
            item["measurements"],
            [
                {
                    "name": "baseline_count",
                    "label": "Baseline Count",
                    "unit": "",
                    "value": "Baseline Count of 0.3",
                }
            ],
        )
        output = "raw output of 0.3\n"
        self.assertEqual(item["evidence"][0]["output"], output)
        self.assertEqual(item["evidence"][0]["sha256"], journal.digest_bytes(output.encode()))
        self.assertEqual(item["sha256"], self.item(release, "0.3")._evidence_digest())
        binary = self.item_of(document, "0.1")["evidence"][0]
        self.assertEqual((binary["name"], binary["size"], binary["file"]), ("a.bin", 2, True))

    def test_its_journal_verifies_without_odoo_and_shows_a_change(self):
        document = self.document(self.finish(self.paper_release(self.paper)))
        events = json.loads(journal.canonical(document))["journal"]["events"]
        self.assertEqual(len(events), document["journal"]["length"])
        self.assertEqual(events[-1]["hash"], document["journal"]["head"])
        self.assertEqual(list(journal.broken_links(events)), [])
        events[3]["actor"] = "somebody.else"
        self.assertTrue(list(journal.broken_links(events)))

    def test_it_is_the_same_for_every_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.role["tester"].with_context(lang="fr_FR").name = "Testeuse"
        release = self.finish(self.paper_release(self.paper))
        here = self.document(release, lang="en_US", tz="UTC")
        there = self.document(release, lang="fr_FR", tz="Asia/Tokyo")
        self.assertEqual(journal.digest(here), journal.digest(there))

    def test_queries_do_not_grow_with_the_items(self):
        self.queries_of(1)  # fills the caches of rules and access rights
        self.assertEqual(self.queries_of(5), self.queries_of(60))

    def queries_of(self, count):
        """SQL queries of the document of a release with ``count`` items more, nothing cached."""
        runbook = self._paper_runbook(items=count, code=f"paper-{count}")
        release = self.paper_release(runbook)
        for item in release.item_ids.filtered(lambda row: row.code.startswith("0.x")):
            item._settle(Result("passed", "as expected", "output", {"figure": 1}))
        release.action_abort("counted")
        release = self.as_("viewer", release)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        release._document()
        return self.env.cr.sql_log_count - before
