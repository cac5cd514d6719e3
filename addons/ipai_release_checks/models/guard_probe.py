import uuid

from odoo import _, api, models
from odoo.addons.ipai_series.compat import GROUPS, check_access
from odoo.exceptions import AccessError, UserError

from ..checks.base import CheckError, ParameterError
from ..checks.context import Probe

#: Groups that open everything: whoever is in one proves no guard, and may do harm on the way.
ADMINISTRATORS = ("base.group_system", "base.group_erp_manager")


class _Undo(Exception):
    """Leaves a savepoint without a trace."""


class GuardProbe(models.AbstractModel):
    """Tries forbidden acts as an ordinary user, in a savepoint that is always rolled back.

    What is tried, is either what a model offers itself (``provider``), or acts on a record that
    the parameters describe.
    """

    _name = "ipai.release.guard.probe"
    _description = "Guard Probe"

    @api.model
    def _try(self, options):
        """Try the acts and tell for each whether the guard held.

        :param options: ``{"provider": model}``, or ``{"model", "domain", "groups", "acts"}`` with
            acts ``{"code", "title", "write": {...} | "call": name | "unlink": true}``
        :return: list of Probe; ``held`` is ``None`` for what could not be tried
        :raises CheckError: for a model that is not installed
        :raises ParameterError: for groups of administrators, and for a method nobody could call
            from outside
        """
        name = options.get("provider") or options.get("model") or ""
        if name not in self.env:
            raise CheckError(
                _("The model %s is not installed here.", name or "?"),
                _("Install the addon that guards it, or correct the parameter options."),
            )
        if options.get("provider"):
            return self._ask_provider(name)
        self._refuse_methods(self.env[name], options.get("acts", []))
        groups = self._ordinary_groups(options.get("groups", ["base.group_user"]))
        return [self._try_act(options, act, groups) for act in options.get("acts", [])]

    @api.model
    def _refuse_methods(self, model, acts):
        """Only what a user could call is tried; a private method proves nothing and may do harm."""
        for place, act in enumerate(acts):
            if {"write", "unlink"} & set(act):
                continue
            name = act.get("call") or ""
            method = None if name.startswith("_") else getattr(type(model), name, None)
            if not callable(method) or getattr(method, "_api_private", False):
                raise ParameterError(
                    f"options.acts[{place}].call",
                    _("%(model)s has no public method %(name)s.", model=model._name, name=name),
                    _("Name a method that a button or RPC can call."),
                )

    @api.model
    def _ordinary_groups(self, xmlids):
        groups = self.env["res.groups"]
        for xmlid in xmlids:
            group = self.env.ref(xmlid, raise_if_not_found=False)
            if not group or group._name != "res.groups":
                raise ParameterError(
                    "options.groups",
                    _("There is no group %s here.", xmlid),
                    _("Correct its external id, or install the addon that brings it."),
                )
            self._refuse_administrators(xmlid, group)
            groups |= group
        return groups

    @api.model
    def _refuse_administrators(self, xmlid, group):
        known = group
        while implied := known.implied_ids - known:
            known |= implied
        for administrators in ADMINISTRATORS:
            if self.env.ref(administrators) in known:
                raise ParameterError(
                    "options.groups",
                    _("%(group)s gives the rights of %(all)s.", group=xmlid, all=administrators),
                    _("Name the groups of an ordinary user: the acts are tried for real."),
                )

    @api.model
    def _ask_provider(self, name):
        model = self.env[name]
        if not hasattr(model, "_guard_probe_report"):
            raise CheckError(
                _("%s offers no guards to try.", name),
                _("Update the addon that guards it, or describe the acts in options."),
            )
        return [Probe(**row) for row in model._guard_probe_report()]

    @api.model
    def _try_act(self, options, act, groups):
        record = self.env[options["model"]].search(
            options.get("domain", []), limit=1, order="id desc"
        )
        held, message = None, _("No record to try it on.")
        try:
            with self.env.cr.savepoint():
                if record:
                    held, message = self._act(self._as_ordinary_user(record, groups), act)
                raise _Undo
        except _Undo:
            self.env.invalidate_all()
        return Probe(act["code"], act.get("title", act["code"]), held, message)

    @api.model
    def _act(self, record, act):
        """Do it; refused means held. A user who has no access rights at all proves no guard."""
        try:
            check_access(record, "unlink" if act.get("unlink") else "write")
        except AccessError as refusal:
            return None, _("Not tried, the groups give no access: %s", refusal)
        try:
            self._perform(record, act)
            record.env.flush_all()
        except (UserError, AccessError) as refusal:
            return True, str(refusal)
        return False, _("%s could be done.", act.get("title", act["code"]))

    @api.model
    def _perform(self, record, act):
        if "write" in act:
            record.write(act["write"])
        elif act.get("unlink"):
            record.unlink()
        else:
            getattr(record, act["call"])()

    @api.model
    def _as_ordinary_user(self, record, groups):
        """The record in the hands of a user made for this probe, with the groups given."""
        user = (
            self.env["res.users"]
            .with_context(no_reset_password=True, tracking_disable=True)
            .create(
                {
                    "name": "Guard Probe",
                    "login": f"guard-probe-{uuid.uuid4()}",
                    "company_ids": [(6, 0, record.env.companies.ids)],
                    GROUPS: [(6, 0, groups.ids)],
                }
            )
        )
        return record.with_user(user).sudo(False)
