from odoo import api, models, tools

from ..core import journal
from ..core.clock import utc

#: Written by the ORM or the database alone.
AUTOMATIC = frozenset({"id", "create_uid", "create_date", "write_uid", "write_date"})


class JournaledMixin(models.AbstractModel):
    """Rows of the record, of which every change is in the journal of their release.

    ``create``, ``write`` and ``unlink`` note what they change, before and after. The next event of
    the release takes it along as ``rows``; what no event took by the end of the transaction, or by
    its next savepoint, becomes an event ``changed``. So the journal tells each value of the record,
    and a row that says something else was changed past the suite.
    """

    _name = "ipai.journaled.mixin"
    _description = "Rows whose changes are in the journal"

    #: names of fields that say nothing about the release: the journal itself, a worker's lease
    _unjournaled_fields = frozenset()

    @tools.ormcache()
    def _get_journaled_fields(self):
        """Names of the fields the journal holds: all stored ones that follow from no other."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.store
            and (field.column_type or field.type == "many2many")
            and not (field.related or (field.compute and field.readonly))
            and name not in AUTOMATIC | self._get_unjournaled_fields()
        )

    @api.model
    def _get_unjournaled_fields(self):
        """Names of stored fields the journal leaves out. Extend it for bookkeeping of machines."""
        return self._unjournaled_fields

    def _journal_release(self):
        """The release whose journal holds these rows."""
        return self["release_id"]

    # -- the ways to change a row ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        names = self._get_journaled_fields()
        for record in records:
            record._note_change({}, record._journal_values(names))
        return records

    def write(self, vals):
        names = self._journaled_by(vals)
        before = {record: record._journal_values(names) for record in self}
        releases = {record: record._journal_release() for record in self}
        result = super().write(vals)
        for record in self:
            if record._journal_release() != releases[record]:
                record._note_move(releases[record])
            else:
                record._note_change(before[record], record._journal_values(names))
        return result

    def unlink(self):
        names = self._get_journaled_fields()
        for record in self:
            record._note_change(record._journal_values(names), None)
        return super().unlink()

    def _journaled_by(self, vals):
        """Names of journaled fields that writing ``vals`` may change."""
        journaled = self._get_journaled_fields()
        return [name for name in journaled if name in vals or self._fields[name].compute]

    # -- values, as the journal writes them --------------------------------------------------

    def _journal_key(self):
        """The name of this row in the journal."""
        return f"{self._name},{self.id}"

    def _journal_values(self, names=None):
        """Values of this row as JSON, without the empty ones.

        Times are ISO 8601 in UTC; a row of another table is ``{"id", "name"}``; a file or a text
        of more than 256 characters is ``"sha256:…"``.
        """
        self.ensure_one()
        # sudo: the journal holds what was done, also by somebody who may not read all of it.
        row = self.sudo().with_context(lang=None, bin_size=False)
        names = self._get_journaled_fields() if names is None else names
        values = {name: row._journal_value(name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def _journal_value(self, name):
        value, kind = self[name], self._fields[name].type
        if kind == "many2one":
            return reference(value) if value else None
        if kind == "many2many":
            return [reference(row) for row in value.sorted("id")] or None
        if kind in ("boolean", "integer", "float"):
            return value
        if not value:
            return None
        if kind == "datetime":
            return utc(value)
        if kind == "binary":
            return f"sha256:{journal.digest_bytes(value)}"
        return journal.text_value(value.isoformat() if kind == "date" else str(value))

    def _source_value(self, related):
        """What a related field has to be, read where it comes from.

        :param related: the names of the fields on the way there, with dots between
        """
        value = self
        for name in related.split("."):
            value = value[name]
        return value

    # -- what no event holds yet -------------------------------------------------------------

    def _note_change(self, before, after):
        """Keep a change for the next event.

        :param before: values, empty for a new row
        :param after: values, ``None`` for a deleted row
        """
        release = self._journal_release()
        if before == after or not release:
            return
        key, rows = self._journal_key(), release._pending_rows()
        if after is None:
            rows[key] = None
            return
        if rows.get(key, {}) is None:
            # It left the record in this transaction and comes back: that is an event of its own.
            self.env["ipai.release"]._journal_pending(release)
            rows = release._pending_rows()
        row = rows.setdefault(key, {})
        for name in before.keys() | after.keys():
            old, new = before.get(name), after.get(name)
            if old != new:
                row[name] = [row.get(name, [old])[0], new]

    def _note_move(self, former):
        """This row is now in the record of another release.

        :param former: the release whose record it leaves
        """
        if former:
            former._pending_rows()[self._journal_key()] = None
        self._note_change({}, self._journal_values())


def reference(row):
    """A row of whatever table, for people by its login, code or name."""
    name = next((key for key in ("login", "code", "name") if key in row._fields), None)
    return {"id": row.id, "name": (name and row[name]) or ""}
