from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError
from psycopg2.sql import SQL, Identifier

from ..core import record as core
from .release_record_table import ATTACHMENT, EVENT, RecordTable


class ReleaseRecord(models.Model):
    """The whole record of a release as data that outlives its database, and the way back.

    A restored database has forgotten what happened since its backup, the release that restores it
    included. The record is kept outside before anything changes there, and taken back afterwards:
    same rows, same ids, same events, same head.
    """

    _inherit = "ipai.release"

    # -- out ---------------------------------------------------------------------------------

    def _export_record(self):
        """This release as JSON data: all rows of it in all tables, files by their reference.

        The files themselves stay in the filestore, where their content is their name.
        """
        self.ensure_one()
        self._journal_pending(self)
        self.env.flush_all()
        # sudo: the record is whole, whoever is at it.
        release = self.sudo()
        tables = {table.name: table.rows(release.id) for table in release._record_tables()}
        return core.seal(self.name, tables)

    def _record_tables(self):
        """The tables that hold rows of a release, those first that others refer to."""
        tables = [RecordTable(self.env.cr, ATTACHMENT, self._attachment_condition())]
        for model in self._record_models():
            column = "id" if model._name == self._name else "release_id"
            own = SQL("{} = %(release)s").format(Identifier(column))
            tables.append(RecordTable(self.env.cr, model._table, own))
            tables += self._relation_tables(model, own)
        return _by_reference(tables)

    def _record_models(self):
        """Models whose rows belong to one release."""
        return [self] + [
            model
            for model in map(self.env.__getitem__, sorted(self.env.registry))
            if model._auto
            and not model._transient
            and not model._abstract
            and self._is_of_release(model._fields.get("release_id"))
        ]

    def _is_of_release(self, field):
        return bool(field and field.store and field.comodel_name == self._name)

    def _relation_tables(self, model, own):
        """The tables of a model's many2many fields."""
        for field in model._fields.values():
            if field.type == "many2many" and field.store and field.relation:
                condition = SQL("{} IN (SELECT id FROM {} WHERE {})").format(
                    Identifier(field.column1), Identifier(model._table), own
                )
                yield RecordTable(self.env.cr, field.relation, condition)

    def _attachment_condition(self):
        """Files of the release and of what belongs to it."""
        places = [
            SQL("(res_model = {} AND res_id IN (SELECT id FROM {} WHERE {} = %(release)s))").format(
                _literal(model._name),
                Identifier(model._table),
                Identifier("id" if model._name == self._name else "release_id"),
            )
            for model in self._record_models()
        ]
        return SQL(" OR ").join(places)

    # -- back --------------------------------------------------------------------------------

    def _replay(self, record, source):
        """Take the record back and say so: by an event, and by an incident for a person to read.

        :param source: what the database was restored from, for people
        :return: number of events that came back
        :raises UserError: see :meth:`_import_record`
        """
        count = self._import_record(record)
        if count:
            text = _(
                "The database was restored from %(backup)s and had forgotten %(count)s events of "
                "this release. They were replayed from the host's journal: same events, same head.",
                backup=source,
                count=count,
            )
            self._note_reseated()
            self._log("replayed", {"events": count, "head": record["head"], "source": source})
            self._report_trouble(text, "high")
            self._notify_progress()
        return count

    def _report_trouble(self, text, severity):
        """Propose an incident about the release as a whole, once as long as it is open."""
        known = self.incident_ids.filtered(
            lambda row: row.description == text and row.status in ("proposed", "pending")
        )
        if not known:
            values = {"release_id": self.id, "description": text, "severity": severity}
            self.env["ipai.release.incident"]._insert([{**values, "status": "proposed"}])

    def _import_record(self, record):
        """Take back what this database has forgotten of this release. Goes forward only.

        :param record: what :meth:`_export_record` returned
        :return: number of events that came back, 0 when nothing was missing
        :raises UserError: when the record is another release's, was changed, or went another way
            than this database; nothing is written then
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute("SELECT FROM ipai_release WHERE id = %s FOR UPDATE", [self.id])
        missing = self._missing_events(record)
        if missing:
            self._write_rows(record["tables"])
            self.env.invalidate_all()
            if self.sudo()._document_journal()["events"] != core.events(record):
                raise UserError(_("The record of %s did not come back whole.", self.name))
        return missing

    def _missing_events(self, record):
        # sudo: see _export_record.
        own = self.sudo()._document_journal()["events"]
        try:
            return core.missing_events(record, self.name, own)
        except core.RecordRefused as problem:
            raise UserError(
                _(
                    "The record that the host keeps of %(release)s was not taken back: %(why)s. "
                    "Compare it with the host's journal before anything else is done.",
                    release=self.name,
                    why=problem,
                )
            ) from problem

    def _write_rows(self, kept):
        tables = self._record_tables()
        rows = {table.name: kept.get(table.name, []) for table in tables}
        _renumber(tables, rows, self.id)
        # Before the release's own row is written, which has the length of the record.
        known = self.journal_length
        for table in tables:
            if table.name == EVENT:
                table.append(rows[table.name], known)
            else:
                table.put(rows[table.name])
            table.move_sequence()


def _literal(text):
    """A text as SQL: models' names are ours and hold nothing to escape."""
    return SQL("'{}'".format(text.replace("'", "''")))


def _by_reference(tables):
    """Tables in an order in which each comes after those it refers to."""
    waiting = {table.name: table for table in tables}
    ordered = []
    while waiting:
        free = [
            name
            for name, table in waiting.items()
            if not (set(table.references.values()) - {name}) & set(waiting)
        ]
        # Tables that refer to each other: their empty references are filled by nobody here.
        for name in free or list(waiting):
            ordered.append(waiting.pop(name))
    return ordered


def _renumber(tables, rows, release):
    """Give rows a new id whose own was given to somebody else's row meanwhile."""
    moved = defaultdict(dict)
    for table in tables:
        for row_id in table.taken(rows[table.name], release):
            moved[table.name][row_id] = table.next_id()
    if not moved:
        return
    for table in tables:
        for row in rows[table.name]:
            if "id" in row:
                row["id"] = moved[table.name].get(row["id"], row["id"])
            for column, target in table.references.items():
                row[column] = moved[target].get(row.get(column), row.get(column))
