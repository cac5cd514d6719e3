import logging
import os
import shlex
from contextlib import contextmanager

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint, check_access
from odoo.exceptions import UserError
from odoo.tools import config

from ..checks.base import CheckError
from ..transport import (
    Address,
    HostClient,
    HostNotConfigured,
    LocalTransport,
    SshTransport,
    fingerprint,
    scan,
)

_logger = logging.getLogger(__name__)

#: A pinned host key belongs to this address.
ADDRESS_FIELDS = ("ssh_host", "ssh_port")
#: What a connection is made of; who changes it is in the chatter.
CONNECTION_FIELDS = ("host_kind", *ADDRESS_FIELDS, "ssh_user")
#: Written by the buttons only, each of which checks who asks.
PINNED_FIELDS = ("ssh_host_key", "ssh_host_key_pinned_by_id", "ssh_host_key_pinned_at")


class ReleaseTarget(models.Model):
    """How Odoo reaches the host of a target.

    The private key and the local command come from Odoo's configuration file or its environment,
    never from the database: who may write a target must not gain a program or a key by it.
    """

    _name = "ipai.release.target"
    _inherit = ["ipai.release.target", "ipai.guarded.mixin"]

    host_kind = fields.Selection(
        [
            ("none", "Not reached by Odoo"),
            ("local", "This machine"),
            ("ssh", "Another machine, over SSH"),
        ],
        string="Host",
        default="none",
        required=True,
        tracking=True,
        help="How Odoo reaches the helper that acts on the host: backup, code, upgrade, restart.",
    )
    ssh_host = fields.Char(
        string="SSH Host", tracking=True, help="Name or IP address, for example erp.example.com."
    )
    ssh_port = fields.Integer(string="SSH Port", default=22, tracking=True)
    ssh_user = fields.Char(
        string="SSH User",
        tracking=True,
        help="The user of the host in whose authorized_keys the key line stands.",
    )
    ssh_host_key = fields.Char(
        string="Pinned Host Key",
        readonly=True,
        copy=False,
        help="Public key that the host must show. Another one ends the connection.",
    )
    ssh_host_key_fingerprint = fields.Char(
        string="Host Key Fingerprint", compute="_compute_ssh_host_key_fingerprint"
    )
    ssh_host_key_pinned_by_id = fields.Many2one(
        "res.users", string="Pinned by", readonly=True, copy=False
    )
    ssh_host_key_pinned_at = fields.Datetime(string="Pinned on", readonly=True, copy=False)

    _ssh_port_range = Constraint(
        "check(ssh_port between 1 and 65535)", "The SSH port lies between 1 and 65535."
    )

    @api.depends("ssh_host_key")
    def _compute_ssh_host_key_fingerprint(self):
        for target in self:
            key = target.ssh_host_key
            target.ssh_host_key_fingerprint = fingerprint(key) if key else False

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | frozenset(PINNED_FIELDS)

    # -- the connection ----------------------------------------------------------------------

    @contextmanager
    def _host_client(self, timeout=None):
        """A client of this target's host helper, closed at the end of the block.

        It connects at its first call and keeps the connection. Private, so that RPC cannot reach
        it: whoever calls it has checked what may be done in whose name.

        :param timeout: seconds within which each verb answers; by default the client's own
        :raises HostNotConfigured: something the connection needs is missing
        """
        options = {"timeout": timeout} if timeout else {}
        with HostClient(self._host_transport(), **options) as client:
            yield client

    def _host_transport(self):
        """The way to the helper. Extend it where another kind of host is added."""
        self.ensure_one()
        if self.host_kind == "local":
            return LocalTransport(self._host_command())
        if self.host_kind == "ssh":
            return SshTransport(self._ssh_address(), self._ssh_key_path())
        raise HostNotConfigured(
            _("Odoo does not reach the host of %s.", self.name),
            _("A runbook manager chooses how, on the target's page Host."),
        )

    def _ssh_address(self):
        missing = [
            self._fields[name]._description_string(self.env)
            for name in ("ssh_host", "ssh_port", "ssh_user")
            if not self[name]
        ]
        if missing:
            raise HostNotConfigured(
                _("%(target)s has no %(fields)s.", target=self.name, fields=", ".join(missing)),
                _("A runbook manager fills it in on the target's page Host."),
            )
        if not self.ssh_host_key:
            raise HostNotConfigured(
                _("No host key is pinned for %s.", self.name),
                _("Press Read Host Key on the target, compare the fingerprint and pin it."),
            )
        return Address(self.ssh_host, self.ssh_port, self.ssh_user, self.ssh_host_key)

    @api.model
    def _ssh_key_path(self):
        return self._host_setting(
            "ssh_key", _("The file of the private key that Odoo shows to hosts is not known.")
        )

    @api.model
    def _host_command(self):
        command = self._host_setting(
            "host_command", _("The command that runs the host helper on this machine is not known.")
        )
        try:
            return shlex.split(command)
        except ValueError as problem:
            raise HostNotConfigured(
                _("ipai_release_host_command cannot be read: %s.", problem),
                _("Correct its quotation marks in odoo.conf."),
            ) from problem

    @api.model
    def _host_setting(self, name, missing):
        """A setting of the machine: of the environment, or else of odoo.conf."""
        option = f"ipai_release_{name}"
        value = os.environ.get(option.upper()) or config.get(option)
        if not value:
            raise HostNotConfigured(
                missing,
                _(
                    "Set %(option)s in odoo.conf, or %(variable)s in Odoo's environment, and "
                    "start Odoo again.",
                    option=option,
                    variable=option.upper(),
                ),
            )
        return value

    @contextmanager
    def _host_problems_shown(self):
        """Show a problem on the way to the host to the person at the screen."""
        try:
            yield
        except CheckError as problem:
            raise UserError("\n\n".join(filter(None, (problem.message, problem.hint)))) from problem

    # -- the host key ------------------------------------------------------------------------

    def action_read_host_key(self):
        """Show the host key that the server shows now, for a person to compare and pin."""
        self.ensure_one()
        check_access(self, "write")
        if not (self.ssh_host and self.ssh_port):
            raise UserError(_("Fill in the SSH host and port first."))
        with self._host_problems_shown():
            key = scan(self.ssh_host, self.ssh_port)
        return self.env["ipai.release.host.key.wizard"]._open(self, key)

    def _pin_host_key(self, key, place):
        """Trust this host key from now on, in the name of the user who asks.

        :param key: such as ``ssh-ed25519 AAAA…``
        :param place: the address that showed it, as ``_ssh_place`` tells it
        """
        self.ensure_one()
        check_access(self, "write")
        if place != self._ssh_place():
            raise UserError(_("The address was changed meanwhile. Read the host key again."))
        before, after = self.ssh_host_key_fingerprint, fingerprint(key)
        self._store(
            {
                "ssh_host_key": key,
                "ssh_host_key_pinned_by_id": self.env.uid,
                "ssh_host_key_pinned_at": fields.Datetime.now(),
            }
        )
        self.message_post(body=self._pinned_text(before, after))
        _logger.info("%s pinned %s for %s (%s)", self.env.user.login, after, self.name, self.id)

    def _ssh_place(self):
        return f"{self.ssh_host}:{self.ssh_port}"

    def _pinned_text(self, before, after):
        place = self._ssh_place()
        if before and before != after:
            return _(
                "Host key of %(place)s pinned: %(after)s, before %(before)s",
                place=place,
                after=after,
                before=before,
            )
        return _("Host key of %(place)s pinned: %(after)s", place=place, after=after)

    # -- another connection ------------------------------------------------------------------

    def write(self, vals):
        before = {target: target._connection() for target in self}
        done = super().write(vals)
        for target, connection in before.items():
            if target._connection() != connection:
                target._on_connection_change(connection)
        return done

    def _connection(self):
        return {name: self[name] for name in CONNECTION_FIELDS}

    def _on_connection_change(self, before):
        """What was known of the host belonged to the connection ``before``. Extend it."""
        self.ensure_one()
        moved = any(self[name] != before[name] for name in ADDRESS_FIELDS)
        if moved and self.ssh_host_key:
            forgotten = self.ssh_host_key_fingerprint
            self._store(dict.fromkeys(PINNED_FIELDS, False))
            self.message_post(
                body=_("Host key %s is no longer pinned: the address changed", forgotten)
            )
