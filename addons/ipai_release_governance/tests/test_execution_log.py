import io
import json
import subprocess
import sys
import tempfile
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import file_path
from PyPDF2 import PdfReader

from ..core import journal, pdf
from ..core.result import Result
from .log_common import ExecutionLogCommon, screenshot

REPORT = "ipai_release_governance.action_report_execution_log"
#: The headings of the paper template, in its order.
SECTIONS = [
    "DEPLOYMENT EXECUTION LOG",
    "DEPLOYMENT TEAM",
    "PRE-DEPLOYMENT (T-24h)",
    "PHASE 0: PRE-DEPLOYMENT VALIDATION",
    "PHASE 1: BACKUP EXECUTION",
    "PHASE 2: CODE DEPLOYMENT",
    "PHASE 5: DATA INTEGRITY VERIFICATION",
    "PHASE 7: POST-DEPLOYMENT TESTING",
    "FINAL RESULTS",
    "Overall Deployment Status",
    "Summary",
    "Deployment Quality Score",
    "SIGN-OFF",
    "Post-Deployment Verification (24h later)",
    "INCIDENTS & RESOLUTIONS",
    "ATTACHMENTS",
    "Document Saved:",
    "ANNEX: JOURNAL",
]
#: Every other label of the paper template that a release without incidents prints.
LABELS = [
    "Module", "Deployment Date", "Deployment Time", "Duration",
    "Role", "Name", "Sign-off",
    "DevOps/System Admin", "Finance Manager", "QA/Testing",
    "Item", "Completed", "Notes", "Time:", "Size:", "Free space:",
    "Start Time:", "End Time:", "Expected:", "Actual Result:", "Status:",
    "☑ PASS", "☐ FAIL", "Baseline Count:", "File Path:", "File Size:", "Compression:",
    "Current Branch:", "Before: HEAD:", "After: HEAD:",
    "Pre-deployment count:", "Post-deployment count:", "Difference:",
    "Phase 0 Result: ☑ ALL PASS → Proceed ☐ FAIL → Abort",
    "Phase 2 Result: ☑ ALL PASS → Proceed ☐ FAIL → Roll back",
    "Manual Testing Assigned To: rel_tester", "Scheduled:", "Tester:",
    "☑ COMPLETE SUCCESS", "☐ MINOR ISSUES", "☐ CRITICAL FAILURE",
    "Total Duration:", "Phases Completed:", "Tests Passed:", "Critical Issues: 0",
    "Issues Found:", "Aspect Score Notes", "Code Deployment", "Data Integrity", "Service Health",
    "Functional Tests ☑ 5/5 ☐ 4/5 ☐ 3/5 ☐ 2/5 ☐ 1/5", "Log Analysis", "Overall ☑ 5/5",
    "Name:", "Date/Time:", "☑ APPROVE ☐ REJECT", "Signature:", "Reviewed By:",
    "☑ STABLE ☐ ISSUES FOUND", "Retention Period: 12 months until",
    "Archive Location: /srv/archive", "Version:", "Created:",
]  # fmt: skip
INCIDENT = [
    "Incident 1", "Time:", "Description:",
    "Severity: ☑ Critical ☐ High ☐ Medium ☐ Low", "Resolution: Counted by hand",
    "Status: ☑ Resolved ☐ Pending", "Approver: rel_finance",
]  # fmt: skip


def text_of(content, layout=False):
    """The text a reader can select, with runs of blanks as one; pages as poppler sees them."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(content)
        file.flush()
        command = ["pdftotext", *(["-layout"] if layout else []), file.name, "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def inside(content):
    """Name, bytes and relationship of the one file embedded in a PDF."""
    reader = PdfReader(io.BytesIO(content))
    name, file = reader.trailer["/Root"]["/Names"]["/EmbeddedFiles"]["/Names"]
    file = file.get_object()
    return name, file["/EF"]["/F"].get_object().get_data(), file["/AFRelationship"]


def flat(text):
    return " ".join(text.split())


class TestExecutionLog(ExecutionLogCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paper = cls._paper_runbook()

    def running(self):
        return self.paper_release(self.paper)

    def finished(self):
        return self.finish(self.running())

    # -- what is printed ---------------------------------------------------------------------

    def test_the_sections_of_the_template_in_its_order(self):
        text = flat(text_of(self.print_log(self.finished()), layout=True))
        places = [text.find(section) for section in SECTIONS]
        self.assertNotIn(-1, places, dict(zip(SECTIONS, places, strict=True)))
        self.assertEqual(places, sorted(places))

    def test_every_label_of_the_template(self):
        text = flat(text_of(self.print_log(self.finished()), layout=True))
        self.assertEqual([label for label in LABELS if label not in text], [])
        self.assertRegex(text, r"Phases Completed: 6 ?/ ?6 Tests Passed: 10 ?/ ?10 ")

    def test_an_incident_is_printed_with_its_end(self):
        release = self.running()
        self.settle(release, "0.1", "inconclusive", summary="No rows", records=("PAY/1",))
        self.as_("finance", self.item(release, "0.1")).action_waive("Counted by hand", "2030-01-31")
        release.incident_ids.resolution = "Counted by hand"
        self.as_("finance", release.incident_ids).action_resolve()
        text = flat(text_of(self.print_log(release), layout=True))
        self.assertEqual([label for label in INCIDENT if label not in text], [])
        self.assertIn("Accepted by rel_finance until 2030-01-31", text)
        self.assertIn("☐ PASS ☐ FAIL ☑ Waived", text)

    def test_a_signature_is_printed_with_all_that_makes_it(self):
        release = self.running()
        self.pass_all(release, "0.1", "0.3", "1.1", "2.1", "2.3", "5.1")
        self.sign(release, "finance_manager")
        self.item(release, "0.3")._settle(Result("passed", "Measured again"))
        again = self.sign(release, "finance_manager")
        again._store({"on_behalf_of_id": self.people["qa"].id, "signed_address": "192.0.2.7"})
        text = flat(text_of(self.print_log(release), layout=True))
        self.assertIn("Name: rel_finance for rel_qa", text)
        self.assertIn("Address: 192.0.2.7", text)
        self.assertIn("Meaning: Seen and agreed", text)
        self.assertIn("Void: The evidence changed after it was signed: 0.3", text)

    def test_times_are_the_targets(self):
        release = self.finished()
        release._store({"actual_start": "2026-01-15 17:00:00", "actual_end": "2026-01-15 17:42:00"})
        text = flat(text_of(self.print_log(release), layout=True))
        self.assertIn("Deployment Time 18:00 – 18:42 Time zone of all times: Europe/Berlin", text)
        self.assertIn("Duration 42 min", text)

    def test_the_target_is_that_of_the_end(self):
        release = self.finished()
        before = release._document()["target"]
        self.target.write({"name": "Elsewhere", "archive_location": "/dev/null", "tz": "UTC"})
        self.assertEqual(release._document()["target"], before)
        self.assertEqual(before["archive_location"], "/srv/archive")
        self.assertEqual(self._make_release()._document()["target"]["name"], "Elsewhere")

    def test_before_the_end_it_is_a_draft(self):
        release = self.running()
        text = flat(text_of(self.print_log(release)))
        self.assertIn("DRAFT as of", text)
        self.assertIn("DRAFT · REL/", text, "in the head of every page")
        self.assertNotIn("DRAFT", text_of(self.print_log(self.finish(release))))

    def test_rollback_phases_only_when_rolled_back(self):
        self.assertNotIn(
            "Return to the Version Before".upper(), text_of(self.print_log(self.finished()))
        )
        release = self.running()
        release.action_roll_back("Wrong totals")
        self.pass_all(release, "R.1")
        text = flat(text_of(self.print_log(release), layout=True))
        self.assertIn("PHASE R: RETURN TO THE VERSION BEFORE (ROLLBACK)", text)
        self.assertIn("☑ CRITICAL FAILURE", text)
        self.assertIn("Wrong totals", text)

    def test_pages_are_numbered_and_headed(self):
        content = self.print_log(self.finished())
        pages = text_of(content).split("\f")[:-1]
        self.assertGreater(len(pages), 3)
        for number, page in enumerate(pages, 1):
            self.assertIn(f"Page {number} of {len(pages)}", page)
            self.assertIn("REL/", page)

    def test_long_output_wraps_and_table_heads_repeat(self):
        release = self.running()
        lines = [f"line {number} " + "x" * 300 + " end" for number in range(200)]
        self.settle(release, "0.1", "warned", output="\n".join(lines))
        for number in range(120):
            release._log("note", {"name": f"event {number}"})
        text = text_of(self.print_log(release), layout=True)
        self.assertEqual(text.count("x" * 20 + " end"), 200, "no end of a line is cut off")
        journal_pages = [page for page in text.split("\f") if "SHA-256" in page and "note" in page]
        self.assertGreater(len(journal_pages), 1)
        for page in journal_pages:
            self.assertRegex(page, r"No\.\s+Time\s+User\s+Event\s+Subject\s+SHA-256")

    def test_binary_evidence_is_listed_and_pictures_are_shown(self):
        release = self.running()
        evidence = self.env["ipai.release.evidence"]
        binary = evidence._add_file(self.item(release, "0.1"), 1, "dump.bin", bytes(range(256)))
        evidence._add_file(self.item(release, "0.1"), 1, "broken.png", b"\x89PNG\r\n\x1a\nbroken")
        without = self.print_log(release)
        picture = evidence._add_file(self.item(release, "0.1"), 1, "shot.png", screenshot())
        self.assertEqual(picture.mimetype, "image/png")
        content = self.print_log(release)
        text = text_of(content, layout=True)
        self.assertIn(binary.sha256, text)
        self.assertRegex(flat(text), r"0\.1 dump\.bin 256 B")
        self.assertIn(picture.sha256, text)
        self.assertEqual((pictures(without), pictures(content)), (0, 1))

    def test_output_that_no_font_can_draw_is_spelled(self):
        release = self.running()
        self.settle(release, "0.1", "passed", output="red \x1b[31m, unknown \U000f1234, ü ☑\n")
        text = text_of(self.print_log(release))
        self.assertIn("red �[31m, unknown [U+F1234], ü ☑", text)

    def test_a_long_output_of_a_passed_check_is_cut_and_says_where_the_rest_is(self):
        release = self.running()
        lines = [f"record {number}" for number in range(200)]
        self.settle(release, "0.1", "passed", output="\n".join(lines))
        content = self.print_log(release)
        text = text_of(content)
        self.assertIn("record 11\n", text)
        self.assertNotIn("record 12\n", text)
        self.assertIn("188 more lines: see release.json", text)
        self.assertIn("record 199", inside(content)[1].decode())

    def test_markup_in_output_stays_text(self):
        release = self.running()
        nasty = "<script>alert(1)</script> & <b>not bold</b>"
        self.settle(release, "0.1", "passed", summary=nasty, output=nasty)
        self.assertEqual(flat(text_of(self.print_log(release))).count(nasty), 2)

    # -- what kind of file it is -------------------------------------------------------------

    def test_it_is_pdf_a_3_with_metadata(self):
        release = self.finished()
        reader = PdfReader(io.BytesIO(self.print_log(release)))
        xmp = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
        self.assertRegex(xmp, r"pdfaid:part[^0-9]+3")
        self.assertRegex(xmp, r"pdfaid:conformance[^A-Z]+U")
        self.assertEqual(reader.metadata.title, f"Execution Log {release.name}: Go live")
        self.assertEqual(reader.metadata.author, release.company_id.name)
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "en-US")
        self.assertEqual(unembedded_fonts(reader), [])

    def test_the_document_travels_inside(self):
        release = self.finished()
        content = self.print_log(release)
        name, data, relationship = inside(content)
        self.assertEqual(name, "release.json")
        self.assertEqual(relationship, "/Data")
        self.assertEqual(data, journal.canonical(release._document()).encode())
        self.assertEqual(json.loads(data)["reference"], release.name)

    def test_several_releases_are_one_file(self):
        first, second = self.finished(), self.finished()
        content = self.print_log(first | second)
        text = text_of(content)
        self.assertIn(first.name, text)
        self.assertIn(second.name, text)
        names = PdfReader(io.BytesIO(content)).trailer["/Root"]["/Names"]["/EmbeddedFiles"]
        self.assertEqual(
            names["/Names"][::2],
            [f"{row.name.replace('/', '-')}.json" for row in (first, second)],
        )

    def test_nothing_is_fetched(self):
        icon = file_path("ipai_release_governance/static/description/icon.png")
        urls = ("http://127.0.0.1:9/x.png", f"file://{icon}")
        page = "".join(f'<img src="{url}"/>' for url in urls) + "<p>text</p>"
        with self.assertLogs("weasyprint", "ERROR") as logs:
            content = pdf.render([page])
        self.assertEqual(len([line for line in logs.output if "disallowed protocol" in line]), 2)
        self.assertEqual(pictures(content), 0)
        self.assertIn("text", text_of(content))

    # -- what is kept ------------------------------------------------------------------------

    def test_the_end_keeps_it_with_its_hash_in_the_journal(self):
        release = self.finished()
        kept = release.execution_log_id
        self.assertEqual(kept.name, f"{release.name.replace('/', '-')} execution log.pdf")
        self.assertEqual((kept.res_model, kept.res_id), ("ipai.release", release.id))
        event = release.event_ids[-1]
        self.assertEqual(event.kind, "execution_log")
        self.assertEqual(json.loads(event.payload)["sha256"], journal.digest_bytes(kept.raw))
        self.assertIn(event.previous[:16], text_of(kept.raw), "the head it was printed with")
        for change in (lambda: kept.write({"raw": b"x"}), kept.unlink):
            with self.assertRaisesRegex(UserError, "cannot be changed or deleted"):
                change()
        with self.assertRaises(AccessError):
            release.execution_log_id = False

    def test_a_failure_does_not_undo_the_end_and_the_button_keeps_it(self):
        with (
            patch.object(pdf, "render", side_effect=pdf.PrintError("IndexError: no pages")),
            self.assertLogs("odoo.addons.ipai_release_governance", "WARNING"),
        ):
            release = self.finished()
        self.assertEqual((release.state, release.verdict), ("done", "complete_success"))
        self.assertFalse(release.execution_log_id)
        self.assertEqual(release.event_ids[-1].kind, "execution_log_failed")
        self.assertIn("IndexError: no pages", release.message_ids[0].body)
        self.assertIn("Print Execution Log", release.message_ids[0].body)
        action = self.as_("viewer", release).action_print_execution_log()
        self.assertEqual(action["report_name"], "ipai_release_governance.report_execution_log")
        self.assertTrue(release.execution_log_id)

    # -- without WeasyPrint ------------------------------------------------------------------

    def test_without_weasyprint_odoos_engine_gets_the_same_sections(self):
        release = self.finished()
        report = type(self.env["ir.actions.report"])
        # A module that is None in sys.modules cannot be imported: ImportError, for real.
        with (
            patch.dict(sys.modules, {"weasyprint": None}),
            patch.object(report, "get_wkhtmltopdf_state", return_value="ok"),
            patch.object(report, "_run_wkhtmltopdf", return_value=b"%PDF-1.4") as engine,
        ):
            with self.assertRaises(pdf.EngineMissing):
                pdf.load_engine()
            self.assertEqual(self.print_log(release), b"%PDF-1.4")
        [body] = engine.call_args.args[0]
        places = [body.find(section) for section in ("Deployment Team", "Final Results", "Annex")]
        self.assertEqual(places, sorted(places))
        self.assertNotIn(-1, places)
        self.assertIn(release.company_id.name, engine.call_args.kwargs["header"])
        self.assertIn('class="topage"', engine.call_args.kwargs["footer"])

    def test_without_any_engine_it_says_what_to_install(self):
        release = self.running()
        with (
            patch.dict(sys.modules, {"weasyprint": None}),
            patch.object(
                type(self.env["ir.actions.report"]), "get_wkhtmltopdf_state", return_value="install"
            ),
            self.assertRaisesRegex(UserError, "(?i)wkhtmltopdf"),
        ):
            self.print_log(release)

    # -- who may -----------------------------------------------------------------------------

    def test_another_company_cannot_print(self):
        release = self.running()
        other = self.env["res.company"].create({"name": "Other"})
        self.people["viewer"].write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            self.print_log(release)


def pictures(content):
    """Number of images on the pages of a PDF."""
    found = set()
    for page in PdfReader(io.BytesIO(content)).pages:
        objects = page["/Resources"].get("/XObject", {})
        found |= {name for name in objects if objects[name]["/Subtype"] == "/Image"}
    return len(found)


def unembedded_fonts(reader):
    """Names of fonts whose file is not in the PDF."""
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    described = [font["/DescendantFonts"][0].get_object() for font in fonts]
    return [
        font["/BaseFont"]
        for font in described
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"])
    ]


#: What the web client does when somebody presses Print, in its own modules.
PRESS_PRINT = """
(async () => {
    const module = (name) => odoo.loader.modules.get(name);
    const handlers = module("@web/core/registry").registry.category("ir.actions.report handlers");
    const ui = { block: () => {}, unblock: () => {} };
    const action = {
        report_name: "%(report)s", report_type: "qweb-pdf", context: { active_ids: [%(id)s] },
    };
    const handle = handlers.get("ipai_execution_log");
    if (await handle({ ...action, report_name: "other.report" }, {}, { services: { ui } })) {
        throw new Error("It took a report that is not the execution log.");
    }
    if (!(await handle(action, {}, { services: { ui } }))) {
        throw new Error("It left the execution log to wkhtmltopdf.");
    }
    console.log("test successful");
})();
"""


@tagged("post_install", "-at_install")
class TestDownload(ExecutionLogCommon, HttpCase):
    report = "ipai_release_governance.report_execution_log"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.release = cls._make_release(cls._paper_runbook())
        cls.people["viewer"].password = cls.people["viewer"].login

    def test_the_print_menu_downloads_the_pdf(self):
        self.authenticate("rel_viewer", "rel_viewer")
        url = f"/report/pdf/{self.report}/{self.release.id}"
        answer = self.url_open(
            "/report/download",
            data={
                "data": json.dumps([url, "qweb-pdf"]),
                "context": "{}",
                "csrf_token": Request.csrf_token(self),
            },
        )
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.content.startswith(b"%PDF-1.7"))
        self.assertIn(self.release._file_reference(), answer.headers["Content-Disposition"])

    def test_the_web_client_does_not_ask_for_wkhtmltopdf(self):
        code = PRESS_PRINT % {"report": self.report, "id": self.release.id}
        with patch.object(pdf, "render", wraps=pdf.render) as engine:
            self.browser_js("/web", code, ready="odoo.isReady === true", login="rel_viewer")
        engine.assert_called_once()
