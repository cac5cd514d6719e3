from odoo import _, api, models, tools
from odoo.exceptions import AccessError

from ..guard import SETTER, SETTER_KEY, is_setter


class GuardedMixin(models.AbstractModel):
    """Fields and rows that only setters write, whatever way the request came in.

    The form, an import, a mass edit, RPC and server actions all end in ``create``, ``write`` and
    ``unlink``; the guard sits there and asks for the setter's proof (see ``guard.py``).
    """

    _name = "ipai.guarded.mixin"
    _description = "Fields written by setters only"

    #: names of fields that only a setter writes, beside stored computed ones
    _guarded_fields = frozenset()
    #: whether rows are created and deleted by setters only; then all their fields are guarded
    _guarded_rows = False
    #: names of fields of guarded rows that people write
    _open_fields = frozenset()

    @tools.ormcache()
    def _get_guarded_fields(self):
        """Names of the guarded fields. Extend it where an addon adds fields of this kind."""
        stored = [field for field in self._fields.values() if field.store]
        if self._guarded_rows:
            return frozenset(field.name for field in stored) - self._open_fields
        computed = {field.name for field in stored if field.compute and field.readonly}
        return self._guarded_fields | computed

    def _as_setter(self):
        """These records in the hands of a setter, without the defaults a caller may have sent."""
        context = {
            key: value for key, value in self.env.context.items() if not key.startswith("default_")
        }
        return self.with_context({**context, SETTER_KEY: SETTER})  # pylint: disable=context-overridden

    def _store(self, values):
        """Write guarded fields. Only setters call this, after they checked who asks."""
        # sudo: setters act for people who may not write the record: testers settle items, signers
        # move releases. The user stays the one who asked, in the journal too.
        self.sudo()._as_setter().write(values)

    @api.model
    def _insert(self, vals_list):
        """Create guarded rows. Only setters call this; the records come back without the proof."""
        # sudo: see _store; rows of the record are made by the release itself.
        return self.sudo()._as_setter().create(vals_list).with_env(self.env)

    @api.model_create_multi
    def create(self, vals_list):
        if is_setter(self.env):
            return super().create(vals_list)
        if self._guarded_rows:
            raise AccessError(_("%s is written by the release itself.", self._description))
        records = self._without_guarded_defaults()
        for vals in vals_list:
            records._refuse_guarded(records._guarded_beyond_default(vals))
        return super(GuardedMixin, records).create(vals_list).with_env(self.env)

    def _without_guarded_defaults(self):
        """Drop ``default_…`` of guarded fields: over RPC they would fill what setters write."""
        forged = {f"default_{name}" for name in self._get_guarded_fields()}
        context = {key: value for key, value in self.env.context.items() if key not in forged}
        return self.with_context(context)  # pylint: disable=context-overridden

    def write(self, vals):
        if not is_setter(self.env):
            self._refuse_guarded(self._get_guarded_fields().intersection(vals))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_setter(self):
        if self._guarded_rows and not is_setter(self.env):
            raise AccessError(
                _("%s cannot be deleted: it is part of the record.", self._description)
            )

    def _guarded_beyond_default(self, vals):
        """Guarded names in ``vals`` whose value is not what the field starts with anyway."""
        named = self._get_guarded_fields().intersection(vals)
        if not named:
            return named
        defaults = self.default_get(list(named))
        return {name for name in named if vals[name] and vals[name] != defaults.get(name)}

    def _refuse_guarded(self, names):
        if names:
            labels = ", ".join(sorted(self._fields[name].string for name in names))
            raise AccessError(
                _(
                    "%(fields)s of %(model)s cannot be written directly. Use the buttons of the "
                    "form: each checks who may do it and records it.",
                    fields=labels,
                    model=self._description,
                )
            )
