from odoo import _, api, fields, models

from .. import checks


class RunbookItem(models.Model):
    _inherit = "ipai.runbook.item"

    check_id = fields.Many2one("ipai.release.check", ondelete="restrict", copy=False)
    host_check_id = fields.Many2one(
        "ipai.release.check",
        string="Check on the Host",
        ondelete="restrict",
        copy=False,
        help="Does this item where Odoo reaches the target's host. On other targets it is done as "
        "its mode says.",
    )

    @api.onchange("check_id")
    def _onchange_check_id(self):
        """Start with the severity that a failure of this kind mostly has."""
        if self.check_id:
            self.severity = checks.get(self.check_id.kind).severity

    def copy_data(self, default=None):
        """A new version of a runbook gets checks of its own: the old ones are frozen."""
        values = super().copy_data(default)
        for item, vals in zip(self, values if isinstance(values, list) else [values], strict=True):
            for name in ("check_id", "host_check_id"):
                if item[name]:
                    # A context of its own: within one copy Odoo copies no record twice, and
                    # several items may share a check.
                    vals[name] = item[name].with_env(self.env(context={})).copy().id
        return values

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items._note_check_authors()
        return items

    def write(self, vals):
        result = super().write(vals)
        if {"check_id", "host_check_id"}.intersection(vals):
            self._note_check_authors()
        return result

    def _note_check_authors(self):
        """Who wrote a check that is used here wrote a part of the runbook."""
        # sudo: whoever they are, whether or not who uses the check may read users.
        for item in self.sudo():
            authors = (item.check_id | item.host_check_id).author_ids - item.runbook_id.author_ids
            if authors:
                item.runbook_id._store({"author_ids": [(4, author.id) for author in authors]})

    def _publish_errors(self):
        errors = super()._publish_errors()
        if self.mode == "automated" and not self.check_id:
            errors.append(
                _(
                    "Item %s is automated, but has no check: choose one or make it manual.",
                    self.display_name,
                )
            )
        return errors

    def _snapshot(self):
        snapshot = super()._snapshot()
        if self.mode == "automated":
            snapshot["check"] = self.check_id._snapshot()
        if self.host_check_id:
            snapshot["host_check"] = self.host_check_id._snapshot()
        return snapshot
