import base64
import io
import re

import lxml.html
from markupsafe import Markup
from odoo import _, api, fields, models
from odoo.tools import file_open
from PIL import Image, UnidentifiedImageError

from ..core import vocabulary

#: Kinds of pictures that are shown; everything else is listed by name, size and SHA-256.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Pixels of the longer side of a printed picture: 120 mm at 200 dpi.
PICTURE_SIZE = 950
#: Characters no font has a glyph for; they come in with raw output.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Lines of output printed of a check that passed, and of everything else.
LINES_OF_PASSED, LINES_OF_OTHERS = 12, 250
#: Columns of the journal, for a font whose characters have one width.
JOURNAL_LINE = "{:>6}  {:<19}  {:<24.24}  {:<20}  {:<42.42}  {}"
JOURNAL_BLOCK = 5
SECONDS = "%Y-%m-%d %H:%M:%S"
STYLE = "ipai_release_governance/report/execution_log.css"


class ExecutionLog:
    """A release as its QWeb templates see it: the document, and words and pictures for it.

    :param release: one ``ipai.release``
    """

    def __init__(self, release):
        self.env = release.env
        self.release = release
        self.document = release._document()
        self.draft = not release._is_ended()
        self.printed_at = fields.Datetime.now()
        # As long as none is kept, the print of an ended release is the document that is saved.
        kept = release.execution_log_id.create_date
        self.saved_at = kept or (None if self.draft else self.printed_at)
        self.zone = release.target_id.tz
        self._labels = {}
        self._roles = {role.code: role.name for role in release._roles_named()}
        self._evidence = {row.sha256: row for row in release.item_ids.evidence_ids}

    @property
    def style(self):
        with file_open(STYLE) as file:
            return Markup(file.read())  # noqa: S704 our own file: its quotes are CSS, not text

    @property
    def paper(self):
        """Paper size of the company, as CSS names it."""
        chosen = self.release.company_id.paperformat_id.format
        return "letter" if chosen == "Letter" else "A4"

    # -- times and numbers -------------------------------------------------------------------

    def when(self, value, form="%Y-%m-%d %H:%M"):
        """A time of the document, or a datetime in UTC, in the target's time zone."""
        if not value:
            return ""
        value = (
            fields.Datetime.from_string(value[:19].replace("T", " "))
            if isinstance(value, str)
            else value
        )
        record = self.release.with_context(tz=self.zone)
        return fields.Datetime.context_timestamp(record, value).strftime(form)

    def span(self, start, end, form="%Y-%m-%d %H:%M"):
        return f"{self.when(start, form)} – {self.when(end, form)}" if start or end else ""

    def duration(self, minutes):
        """Minutes as people say them: seconds below one, hours from sixty."""
        if minutes < 1:
            return _("%s seconds", round(minutes * 60))
        hours, rest = divmod(round(minutes), 60)
        if hours:
            return _("%(hours)s h %(minutes)02d min", hours=hours, minutes=rest)
        return _("%s min", rest)

    def seconds(self, count):
        """Seconds with a tenth, as they were measured."""
        return _("%s seconds", f"{count:.1f}")

    def steps(self, item):
        """What a machine did one after the other, one line each, in the target's time zone."""
        return [self._step(step) for step in item["steps"]]

    def _step(self, step):
        times = self.span(step.get("start"), step.get("end"), SECONDS)
        result = _("failed") if step.get("ok") is False else _("ok")
        note = f" ({step['note']})" if step.get("note") else ""
        return f"{times} {step['name']}: {result}{note}"

    def size(self, count):
        """Bytes as people say them (1 kB is 1000 bytes)."""
        if count < 1000:
            return f"{count} B"
        if count < 1000_000:
            return f"{count / 1000:.1f} kB"
        return f"{count / 1000_000:.1f} MB"

    # -- words -------------------------------------------------------------------------------

    def tick(self, checked):
        return "\N{BALLOT BOX WITH CHECK}" if checked else "\N{BALLOT BOX}"

    def label(self, model, field, value):
        """The word of a selection in the reader's language."""
        if (model, field) not in self._labels:
            found = self.env[model]._fields[field]._description_selection(self.env)
            self._labels[model, field] = dict(found)
        return self._labels[model, field].get(value, "")

    def outcome(self, value):
        return self.label("ipai.release.item", "outcome", value)

    def role(self, code):
        return self._roles.get(code, "")

    def gate(self, value):
        return self.label("ipai.release.phase", "gate_decision", value)

    def name(self, person):
        return person["name"] if person else ""

    def clean(self, text):
        """Text without the characters that cannot be printed."""
        return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text or "")

    def join(self, *texts):
        return self.clean(", ".join(filter(None, texts)))

    def output(self, item, row):
        """Output as it is printed: long ones are cut, the whole is in the document inside."""
        lines = self.clean(row["output"]).splitlines()
        plain = item["mode"] == "automated" and item["outcome"] == "passed"
        limit = LINES_OF_PASSED if plain else LINES_OF_OTHERS
        if len(lines) <= limit + 1:
            return "\n".join(lines)
        rest = _("… %s more lines: see release.json inside this file", len(lines) - limit)
        return "\n".join([*lines[:limit], rest])

    def lines(self, texts):
        return self.clean("\n".join(texts))

    def rich(self, html):
        """Formatted text without its pictures: they are links, and nothing is fetched."""
        root = lxml.html.fragment_fromstring(self.clean(html), create_parent="div")
        for picture in root.findall(".//img"):
            picture.drop_tree()
        # The field was sanitized when it was written.
        return Markup(lxml.html.tostring(root, encoding="unicode"))  # noqa: S704

    # -- parts of the document ---------------------------------------------------------------

    def phases(self, *stages):
        """Phases that belong to this run: a rollback only when there was one."""
        return [
            phase
            for phase in self.document["phases"]
            if phase["stage"] in stages
            and (phase["stage"] != "rollback" or self.release.rolling_back)
        ]

    def team(self):
        """The people of the team table."""
        printed = self.release.member_ids.role_id.filtered("in_team").mapped("code")
        return [member for member in self.document["team"] if member["role"] in printed]

    def team_signature(self, role):
        """Whether a role signed: ``True``, ``False``, or ``None`` when it signs nothing."""
        states = [row["state"] for row in self.document["signoffs"] if row["role"] == role]
        return "approved" in states if states else None

    def testers(self, phase):
        """Names of who was to test a phase."""
        people = [self.name(item["assigned"]) for item in phase["items"] if item["assigned"]]
        return ", ".join(dict.fromkeys(people))

    def fail_decision(self, phase):
        """Where a failed phase led, or would have led."""
        decision = phase["gate"]["decision"]
        if decision in ("abort", "roll_back"):
            return decision
        if phase["state"] == "failed":
            return "roll_back" if self.release.rolling_back else "abort"
        return phase["policy"]

    def incident_boxes(self, incident):
        """The two ends of an incident, and where it is when that is neither."""
        return list(dict.fromkeys(["resolved", "pending", incident["status"]]))

    def all_passed(self, phase):
        return all(item["outcome"] == "passed" for item in phase["items"])

    def counts(self, phase):
        """How many items ended how, for example ``5 Passed, 1 Waived``."""
        outcomes = [item["outcome"] for item in phase["items"]]
        return ", ".join(
            f"{outcomes.count(value)} {self.outcome(value)}"
            for value, _label in vocabulary.OUTCOMES
            if value in outcomes
        )

    def scores(self):
        """All aspects in their order, scored or not yet."""
        known = {line["aspect"]: line for line in self.document["scores"]}
        empty = {"score": 0, "proposed": 0, "reason": ""}
        return [
            {
                "label": self.label("ipai.release.score", "aspect", aspect),
                **known.get(aspect, empty),
                "aspect": aspect,
            }
            for aspect, _label in [*vocabulary.ASPECTS, vocabulary.OVERALL]
        ]

    def attachments(self):
        """All evidence with the item it belongs to."""
        return [
            {"item": item["code"], **row}
            for phase in self.document["phases"]
            for item in phase["items"]
            for row in item["evidence"]
        ]

    def executed(self, item):
        """By whom, when and how long, for example ``Tessa Tester, 2026-11-20 18:05, 3 minutes``."""
        automated = item["mode"] == "automated"
        parts = [_("Automated check") if automated else self.name(item["tester"]) or "–"]
        if item["ended_at"]:
            parts += [self.when(item["ended_at"], SECONDS), self.duration(item["minutes"])]
        if item["attempt"] > 1:
            parts.append(_("attempt %s", item["attempt"]))
        return ", ".join(parts)

    def actual(self, item):
        """What came out: the summary line, and what a person wrote beside it."""
        summary = "" if item["summary"] in item["actual"] else item["summary"]
        return self.lines(filter(None, [summary, item["actual"]]))

    def journal_blocks(self):
        """The journal's lines, some to a block: laying out a block costs as much as a line."""
        lines = [self.journal_line(*self.journal_values(event)) for event in self._events()]
        for start in range(0, len(lines), JOURNAL_BLOCK):
            yield "\n".join(lines[start : start + JOURNAL_BLOCK])

    def _events(self):
        return self.document["journal"]["events"]

    def journal_values(self, event):
        return (
            event["sequence"],
            self.when(event["time"], SECONDS),
            event["actor"],
            event["kind"],
            self.clean(self.subject(event)),
            event["hash"][:16],
        )

    def journal_line(self, *values):
        return JOURNAL_LINE.format(*values)

    def subject(self, event):
        """What an event of the journal is about."""
        payload = event["payload"]
        keys = ("phase", "item", "role", "outcome", "state", "to", "aspect", "name")
        return " ".join(str(payload[key]) for key in keys if payload.get(key))

    # -- pictures ----------------------------------------------------------------------------

    def picture(self, row):
        """Evidence as a ``data:`` URL, or ``None`` when it is no picture that can be shown."""
        if not row["file"] or row["mimetype"] not in PICTURES:
            return None
        return data_url(self._evidence[row["sha256"]].attachment_id.raw)

    def signature(self, index):
        """The drawn signature of a sign-off, by its place in the document."""
        drawn = self.release.signoff_ids[index].signature
        return data_url(base64.b64decode(drawn)) if drawn else None


def data_url(raw):
    """A picture, made smaller and without transparency, as a ``data:`` URL; ``None`` if broken."""
    try:
        picture = Image.open(io.BytesIO(raw))
        picture.thumbnail((PICTURE_SIZE, PICTURE_SIZE))
        flat = Image.new("RGB", picture.size, "white")
        rgba = picture.convert("RGBA")
        flat.paste(rgba, mask=rgba)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    out = io.BytesIO()
    flat.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


class ReportExecutionLog(models.AbstractModel):
    """Values of the QWeb report, whichever engine prints it."""

    _name = "report.ipai_release_governance.report_execution_log"
    _description = "Execution Log"

    @api.model
    def _get_report_values(self, docids, data=None):
        releases = self.env["ipai.release"].browse(docids)
        return {
            "doc_ids": docids,
            "doc_model": releases._name,
            "docs": releases,
            "logs": [ExecutionLog(release) for release in releases],
        }
