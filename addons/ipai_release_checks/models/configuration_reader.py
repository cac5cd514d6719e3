# Everything is read, whatever there is: that is the point.
# pylint: disable=no-search-all
from odoo import api, models
from odoo.addons.ipai_series.compat import GROUPS
from odoo.modules import get_module_path

from ..core import configuration

#: Parameters that Odoo itself writes while people work: the address an administrator logs in by,
#: and what the publisher's service answers.
WRITTEN_BY_ODOO = frozenset(
    {
        "web.base.url",
        "database.expiration_date",
        "database.expiration_reason",
        "database.already_linked_subscription_url",
        "database.already_linked_email",
        "database.already_linked_send_mail_url",
    }
)

#: Server actions that administrators make. Addons with usages of their own have people make some.
USAGES = ("ir_actions_server", "base_automation")
#: What a server action does; series and addons have some of these fields each.
ACTS = (
    "model_id",
    "state",
    "sequence",
    "code",
    "child_ids",
    "crud_model_id",
    "link_field_id",
    "update_path",
    "update_m2m_operation",
    "update_boolean_value",
    "evaluation_type",
    "value",
    "html_value",
    "sequence_id",
    "webhook_url",
    "webhook_field_ids",
    "template_id",
    "mail_post_method",
    "partner_ids",
    "sms_template_id",
    "activity_type_id",
    "activity_user_type",
    "activity_user_id",
)


class ConfigurationReader(models.AbstractModel):
    """Reads what a release may change and everyday work does not: code, screens, rules, jobs.

    Every reader returns ``{name: digest}``. Names are external ids where there is one, so that
    they tell an administrator where to look.
    """

    _name = "ipai.release.configuration.reader"
    _description = "Configuration Reader"

    @api.model
    def _readers(self):
        """Categories and what reads them. Extend it."""
        return {
            "module": self._modules,
            "code": self._code,
            "view": self._views,
            "server action": self._server_actions,
            "scheduled action": self._crons,
            "group": self._groups,
            "access right": self._access_rights,
            "record rule": self._record_rules,
            "system parameter": self._parameters,
        }

    @api.model
    def _read_configuration(self):
        """The configuration as it is now, as ``core/configuration.py`` knows it."""
        # sudo: it is read for the record, whoever's act set it off; archived records count.
        reader = self.sudo().with_context(active_test=False, lang=None)
        return {category: read() for category, read in reader._readers().items()}

    def _installed(self):
        states = ("uninstalled", "uninstallable")
        return self.env["ir.module.module"].search([("state", "not in", states)])

    def _modules(self):
        return {
            module.name: f"{module.state} {module.latest_version or ''}"
            for module in self._installed()
        }

    def _code(self):
        paths = {
            name: get_module_path(name, display_warning=False)
            for name in self._installed().mapped("name")
        }
        return {name: configuration.folder_digest(path) for name, path in paths.items() if path}

    def _views(self):
        # Pages of a website are content, and people edit them every day.
        domain = [("website_id", "=", False)] if "website_id" in self._view_fields() else []
        views = self.env["ir.ui.view"].search(domain)
        return self._digests(
            views, lambda view: [view.arch_db, view.active, view.mode, view.priority]
        )

    def _view_fields(self):
        return self.env["ir.ui.view"]._fields

    def _server_actions(self):
        actions = self.env["ir.actions.server"].search([("usage", "in", USAGES)])
        names = self._names(actions[GROUPS])
        return self._digests(
            actions,
            lambda action: [
                self._act(action),
                sorted(names[group.id] for group in action[GROUPS]),
            ],
        )

    def _act(self, action):
        """What an action does, whatever calls it."""
        [values] = action.read([name for name in ACTS if name in action._fields], load=None)
        return {
            name: sorted(value) if isinstance(value, list | tuple) else value
            for name, value in values.items()
        }

    def _crons(self):
        return self._digests(
            self.env["ir.cron"].search([]),
            lambda cron: [
                cron.active,
                cron.interval_number,
                cron.interval_type,
                cron.user_id.login,
                self._act(cron.ir_actions_server_id),
            ],
        )

    def _groups(self):
        groups = self.env["res.groups"].search([])
        names = self._names(groups)
        return self._digests(
            groups, lambda group: sorted(names[implied.id] for implied in group.implied_ids)
        )

    def _access_rights(self):
        rights = self.env["ir.model.access"].search([])
        names = self._names(rights.group_id)
        return self._digests(
            rights,
            lambda right: [
                right.active,
                right.model_id.model,
                names.get(right.group_id.id),
                right.perm_read,
                right.perm_write,
                right.perm_create,
                right.perm_unlink,
            ],
        )

    def _record_rules(self):
        rules = self.env["ir.rule"].search([])
        names = self._names(rules.groups)
        return self._digests(
            rules,
            lambda rule: [
                rule.active,
                rule.model_id.model,
                rule.domain_force,
                sorted(names[group.id] for group in rule.groups),
                rule.perm_read,
                rule.perm_write,
                rule.perm_create,
                rule.perm_unlink,
            ],
        )

    def _parameters(self):
        parameters = self.env["ir.config_parameter"].search([])
        return {
            row.key: configuration.digest(row.value)
            for row in parameters
            if row.key not in WRITTEN_BY_ODOO
        }

    # -- names -------------------------------------------------------------------------------

    def _digests(self, records, facts):
        """``{name: digest of facts(record)}``."""
        names = self._names(records)
        return {names[record.id]: configuration.digest(facts(record)) for record in records}

    def _names(self, records):
        """External ids by id; where there is none, the record's name with its number."""
        found = records.get_external_id()
        return {
            record.id: found.get(record.id) or f"{record.display_name} (#{record.id})"
            for record in records
        }
