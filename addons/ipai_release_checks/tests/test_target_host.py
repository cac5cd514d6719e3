"""A target's host: who may set it up, what is kept, and what the buttons say.

The helper that answers is the shipped one, over a real SSH server of this machine or as a local
process.
"""

import os
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from lxml import etree
from odoo.addons.ipai_release_checks.core import helper_version
from odoo.addons.ipai_release_checks.host import release_host
from odoo.addons.ipai_release_checks.transport import (
    HostKeyMismatch,
    HostNotConfigured,
    fingerprint,
)
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from tests.pure.transport.sshd import Sshd

GROUP = "ipai_release_governance.group_release_"
CONFIGURATION = """\
[host]
state = {folder}/state
[odoo]
database = {database}
[service]
manager = command
start = /bin/true
stop = /bin/true
status = /bin/true
[backup]
folder = {folder}
"""


class TargetHostCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.manager = new_test_user(cls.env, login="host_manager", groups=GROUP + "manager")
        cls.executor = new_test_user(cls.env, login="host_executor", groups=GROUP + "executor")
        cls.viewer = new_test_user(cls.env, login="host_viewer", groups=GROUP + "viewer")
        cls.configuration = cls.folder / "host.ini"
        cls.configuration.write_text(
            CONFIGURATION.format(folder=cls.folder, database=cls.env.cr.dbname)
        )
        cls.configuration.chmod(0o600)
        cls.command = f"{sys.executable} {release_host.__file__} --config {cls.configuration} serve"

    def make_target(self, **values):
        target = self.env["ipai.release.target"].create({"name": "Shop", "tz": "UTC", **values})
        return target.with_user(self.manager)

    def setting(self, **variables):
        names = {f"IPAI_RELEASE_{name.upper()}": value for name, value in variables.items()}
        self.enterContext(patch.dict(os.environ, names))


class TestLocalHost(TargetHostCase):
    def setUp(self):
        super().setUp()
        self.setting(host_command=self.command)
        self.target = self.make_target(host_kind="local")

    def test_the_client_calls_the_helper(self):
        with self.target._host_client() as host:
            self.assertEqual(host.call("hello").result["version"], release_host.VERSION)

    def test_the_report_names_what_is_missing_and_the_remedy(self):
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "incomplete")
        found = {line.name: line for line in self.target.capability_ids}
        self.assertTrue(found["service"].ok)
        self.assertFalse(found["probe login"].ok)
        self.assertIn("probe_login", found["probe login"].remedy)
        self.assertIn("probe login", self.target.host_message)
        self.assertEqual(self.target.host_tested_by_id, self.manager)
        self.assertTrue(self.target.host_tested_at)
        self.assertEqual(self.target.host_helper_state, helper_version.SAME)

    def test_the_report_is_replaced(self):
        self.target.action_test_host()
        before = len(self.target.capability_ids)
        self.target.action_test_host()
        self.assertEqual(len(self.target.capability_ids), before)
        self.setting(host_command="/nowhere/helper serve")
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "failed")
        self.assertIn("/nowhere/helper cannot be run", self.target.host_message)
        self.assertTrue(self.target.host_hint)
        self.assertFalse(self.target.capability_ids)
        self.assertFalse(self.target.host_helper)

    def test_another_helper_than_the_shipped_one_is_told(self):
        for content, state in (
            ('VERSION = "0.9"', helper_version.OLDER),
            ('VERSION = "99.10"', helper_version.NEWER),
            (f'VERSION = "{release_host.VERSION}"  # by hand', helper_version.CHANGED),
        ):
            with self.subTest(state=state):
                self._replace_helper(content)
                self.target.action_test_host()
                self.assertEqual(self.target.host_helper_state, state)

    def _replace_helper(self, version):
        shipped = Path(release_host.__file__).read_text()
        helper = self.folder / "release_host.py"
        helper.write_text(shipped.replace(f'VERSION = "{release_host.VERSION}"', version))
        self.setting(host_command=self.command.replace(release_host.__file__, str(helper)))

    def test_a_helper_that_refuses_its_configuration_is_a_failed_test(self):
        self.configuration.chmod(0o666)
        self.addCleanup(self.configuration.chmod, 0o600)
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "failed")
        self.assertIn("may be written by others", self.target.host_message)

    def test_who_answers_but_is_no_helper_is_a_failed_test(self):
        self.setting(host_command="/bin/echo Welcome")
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "failed")
        self.assertIn("“Welcome", self.target.host_message)

    def test_a_command_with_open_quotes_is_named(self):
        self.setting(host_command="'/usr/local/sbin/release_host.py serve")
        with self.assertRaisesRegex(HostNotConfigured, "No closing quotation"):
            self.target._host_transport()

    def test_without_a_command_the_option_is_named(self):
        self.setting(host_command="")
        self.target.action_test_host()
        self.assertIn("IPAI_RELEASE_HOST_COMMAND", self.target.host_hint)

    def test_no_helper_is_reached_until_somebody_chooses_how(self):
        self.target.host_kind = "none"
        told = self.assertRaisesRegex(HostNotConfigured, "does not reach the host of Shop")
        with told, self.target._host_client():
            self.fail("there is nothing to reach")

    def test_an_executor_tests_and_a_viewer_does_not(self):
        self.target.with_user(self.executor).action_test_host()
        self.assertEqual(self.target.host_tested_by_id, self.executor)
        with self.assertRaises(AccessError):
            self.target.with_user(self.viewer).action_test_host()

    def test_the_set_up_of_this_machine(self):
        wizard = self._wizard(self.target.action_install_helper())
        self.assertEqual(wizard.step, "local")
        self.assertTrue(wizard.install_line.endswith("/host/release_host.py install"))
        self.assertEqual(
            wizard.option_line,
            "ipai_release_host_command = sudo -n /usr/local/sbin/release_host.py serve",
        )
        wizard.through_sudo = False
        self.assertNotIn("sudo", wizard.option_line)

    def _wizard(self, action):
        return self.env[action["res_model"]].with_user(self.manager).browse(action["res_id"])


class TestSshHost(TargetHostCase):
    def setUp(self):
        super().setUp()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.sshd = Sshd(folder)
        self.sshd.start()
        self.addCleanup(self.sshd.stop)
        self.setting(ssh_key=str(self.sshd.key))
        self.target = self.make_target(
            host_kind="ssh",
            ssh_host=self.sshd.host,
            ssh_port=self.sshd.port,
            ssh_user=self.sshd.user,
        )

    def _wizard(self, action, user=None):
        model = self.env[action["res_model"]].with_user(user or self.manager)
        return model.browse(action["res_id"])

    def _pin(self):
        self._wizard(self.target.action_read_host_key()).action_pin()

    # -- the host key ------------------------------------------------------------------------

    def test_a_person_sees_the_fingerprint_and_pins_it(self):
        wizard = self._wizard(self.target.action_read_host_key())
        shown = fingerprint(self.sshd.host_key)
        self.assertEqual((wizard.fingerprint, wizard.state), (shown, "new"))
        self.assertFalse(self.target.ssh_host_key, "reading pins nothing")
        wizard.action_pin()
        self.assertEqual(self.target.ssh_host_key, self.sshd.host_key)
        self.assertEqual(self.target.ssh_host_key_pinned_by_id, self.manager)
        self.assertTrue(self.target.ssh_host_key_pinned_at)
        message = self.target.message_ids[0]
        self.assertIn(shown, message.body)
        self.assertEqual(message.author_id, self.manager.partner_id)

    def test_the_form_shows_and_pins_it(self):
        wizard = Form(self._wizard(self.target.action_read_host_key()))
        self.assertEqual(wizard.fingerprint, fingerprint(self.sshd.host_key))
        wizard.save().action_pin()
        self.assertEqual(Form(self.target).ssh_host_key_fingerprint, wizard.fingerprint)

    def test_a_changed_key_names_both_and_is_a_failed_test(self):
        self._pin()
        before = self.target.ssh_host_key_fingerprint
        self.sshd.stop()
        self.sshd.new_host_key()
        self.sshd.start()
        after = fingerprint(self.sshd.host_key)
        with self.assertRaises(HostKeyMismatch), self.target._host_client() as host:
            host.call("hello")
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "failed")
        self.assertIn(before, self.target.host_message)
        self.assertIn(after, self.target.host_message)
        wizard = self._wizard(self.target.action_read_host_key())
        self.assertEqual(
            (wizard.state, wizard.fingerprint, wizard.pinned_fingerprint),
            ("changed", after, before),
        )
        wizard.action_pin()
        self.assertIn(f"{after}, before {before}", self.target.message_ids[0].body)

    def test_the_same_key_is_recognized(self):
        self._pin()
        self.assertEqual(self._wizard(self.target.action_read_host_key()).state, "same")

    def test_another_address_forgets_the_key(self):
        self._pin()
        self.target.ssh_user = "somebody"
        self.assertTrue(self.target.ssh_host_key, "the machine is the same")
        self.target.ssh_host = "erp.example.com"
        self.assertFalse(self.target.ssh_host_key)
        self.assertFalse(self.target.ssh_host_key_pinned_by_id)
        self.assertIn("no longer pinned", "".join(self.target.message_ids.mapped("body")))

    def test_a_key_read_from_an_older_address_is_not_pinned(self):
        wizard = self._wizard(self.target.action_read_host_key())
        self.target.ssh_host = "erp.example.com"
        with self.assertRaisesRegex(UserError, "Read the host key again"):
            wizard.action_pin()

    def test_nothing_runs_before_a_key_is_pinned(self):
        self.target.action_test_host()
        self.assertIn("No host key is pinned", self.target.host_message)
        self.assertNotIn("publickey", self.sshd.log.read_text())

    def test_what_is_missing_is_named(self):
        self.target.ssh_user = False
        self._pin()
        self.target.action_test_host()
        self.assertEqual(self.target.host_message, "Shop has no SSH User.")

    def test_nobody_listening_is_shown(self):
        self.sshd.stop()
        with self.assertRaisesRegex(UserError, "shows no host key: connection refused"):
            self.target.action_read_host_key()

    # -- who may -----------------------------------------------------------------------------

    def test_only_managers_change_the_connection(self):
        action = self.target.action_read_host_key()
        for user in (self.executor, self.viewer):
            target = self.target.with_user(user)
            for act in (
                lambda target=target: target.write({"ssh_host": "evil.example.com"}),
                lambda target=target: target.write({"host_kind": "local"}),
                target.action_read_host_key,
                target.action_install_helper,
                target.action_key_line,
                lambda target=target: target._pin_host_key(self.sshd.host_key, "x"),
                self._wizard(action, user).action_pin,
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    act()
        self.assertFalse(self.target.ssh_host_key)

    def test_the_pin_and_the_report_are_written_by_buttons_only(self):
        for values in (
            {"ssh_host_key": "ssh-ed25519 AAAA"},
            {"ssh_host_key_pinned_by_id": self.viewer.id},
            {"ssh_host_key_pinned_at": "2020-01-01 00:00:00"},
            {"host_state": "ready"},
            {"host_message": "All is well."},
            {"host_tested_at": "2020-01-01 00:00:00"},
            {"capability_ids": [(0, 0, {"name": "everything", "ok": True})]},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                self.target.write(values)
            with self.subTest(values=values), self.assertRaises(AccessError):
                self.env["ipai.release.target"].create({"name": "Forged", **values})

    def test_what_the_dialog_pins_cannot_be_sent(self):
        wizard = self._wizard(self.target.action_read_host_key())
        for values in ({"host_key": "ssh-ed25519 AAAA"}, {"place": "x"}, {"target_id": 1}):
            with self.subTest(values=values), self.assertRaises(AccessError):
                wizard.write(values)
        with self.assertRaises(AccessError):
            self.env["ipai.release.host.key.wizard"].with_user(self.manager).create(
                {"target_id": self.target.id, "host_key": self.sshd.host_key}
            )

    def test_a_copy_has_no_pin_and_no_report(self):
        self._pin()
        self.target.action_test_host()
        copied = self.target.copy()
        self.assertEqual((copied.ssh_host, copied.host_state), (self.sshd.host, "untested"))
        self.assertFalse(copied.ssh_host_key)

    def test_other_companies_do_not_see_the_report(self):
        self.setting(host_command=self.command)
        self.target.host_kind = "local"
        self.target.action_test_host()
        self.target.sudo().company_id = self.env["res.company"].create({"name": "Elsewhere"})
        lines = self.env["ipai.release.target.capability"].with_user(self.viewer)
        self.assertFalse(lines.search([("target_id", "=", self.target.id)]))

    def test_nothing_secret_is_in_the_database(self):
        secret = self.sshd.key.read_text().split()[5]
        self._pin()
        self.target.action_key_line()
        self.target.action_test_host()
        self.env.flush_all()
        for model in ("ipai.release.target", "ipai.release.host.setup.wizard"):
            rows = self.env[model].search([]).read()
            self.assertNotIn(secret, str(rows))
            self.assertNotIn(str(self.sshd.key), str(rows))

    def test_the_port_is_one(self):
        for port in (0, 65536, -1):
            with (
                self.subTest(port=port),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
            ):
                self.target.ssh_port = port
                self.env.flush_all()

    # -- setting up --------------------------------------------------------------------------

    def test_install_copies_the_shipped_helper_and_says_what_remains(self):
        self._pin()
        wizard = self._wizard(self.target.action_install_helper())
        copied = self.sshd.folder / "home" / "release_host.py"
        self.assertEqual(copied.read_bytes(), Path(release_host.__file__).read_bytes())
        self.assertTrue(copied.with_name("release_host.ini.example").exists())
        self.assertEqual((wizard.step, wizard.helper_path), ("copied", str(copied)))
        self.assertEqual(wizard.install_line, f"python3 {copied} install")
        self.assertIn(str(copied), self.target.message_ids[0].body)

    def test_the_whole_way(self):
        """Pin, copy, paste the key line, test: as an administrator does it."""
        self._pin()
        self.target.action_install_helper()
        wizard = self._wizard(self.target.action_key_line())
        wizard.through_sudo = False
        self.assertTrue(
            wizard.key_line.startswith(
                'restrict,command="/usr/local/sbin/release_host.py serve" ssh-ed25519 '
            )
        )
        self.sshd.authorize_line(
            wizard.key_line.replace("/usr/local/sbin/release_host.py serve", self.command)
        )
        self.target.action_test_host()
        self.assertEqual(self.target.host_state, "incomplete", self.target.host_message)
        self.assertEqual(self.target.host_helper_state, helper_version.SAME)
        again = self._wizard(self.target.action_install_helper())
        self.assertEqual(again.step, "by_hand")
        self.assertEqual(again.helper_path, release_host.__file__)

    def test_sudo_is_for_one_program_of_one_user(self):
        self.target.ssh_user = "release"
        wizard = self._wizard(self.target.action_key_line())
        self.assertTrue(wizard.through_sudo)
        self.assertIn('command="sudo -n /usr/local/sbin/release_host.py serve"', wizard.key_line)
        self.assertEqual(
            wizard.sudoers_line,
            "release ALL=(root) NOPASSWD: /usr/local/sbin/release_host.py serve",
        )

    def test_an_open_key_file_is_refused_with_the_remedy(self):
        self.sshd.key.chmod(0o644)
        with self.assertRaisesRegex(UserError, "chmod 600"):
            self.target.action_key_line()

    def test_without_a_key_file_the_option_is_named(self):
        self.setting(ssh_key="")
        with self.assertRaisesRegex(UserError, "Set ipai_release_ssh_key in odoo.conf"):
            self.target.action_key_line()

    # -- the screens -------------------------------------------------------------------------

    def test_buttons_are_shown_to_who_may_press_them(self):
        for user, seen in (
            (
                self.manager,
                {"read_host_key", "install_helper", "key_line", "test_host"},
            ),
            (self.executor, {"test_host"}),
            (self.viewer, set()),
        ):
            arch = self.target.with_user(user).get_view(view_type="form")["arch"]
            names = set(etree.fromstring(arch).xpath("//page[@name='host']//button/@name"))
            self.assertEqual(names, {f"action_{name}" for name in seen}, user.login)
