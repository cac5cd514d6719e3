from odoo.addons.ipai_series.compat import ALL_GROUP_USERS, GROUPS, SERIES
from odoo.tests import TransactionCase

PROBE = "ipai_series_probe"


class TestData(TransactionCase):
    """What the data files say is in the database, in the fields of the running series."""

    def ref(self, name):
        return self.env.ref(f"{PROBE}.{name}")

    def test_groups(self):
        user, manager = self.ref("group_probe_user"), self.ref("group_probe_manager")
        self.assertIn(user, manager.implied_ids)
        self.assertIn(self.env.ref("base.user_admin"), user[ALL_GROUP_USERS])
        application = "privilege_id" if SERIES >= 19 else "category_id"
        self.assertEqual(user[application], manager[application])
        self.assertEqual(user[application].name, "Series Probe")

    def test_groups_of_records(self):
        user, manager = self.ref("group_probe_user"), self.ref("group_probe_manager")
        self.assertEqual(self.ref("action_probe")[GROUPS], user)
        self.assertEqual(self.ref("action_report_probe")[GROUPS], user)
        self.assertEqual(self.ref("action_server_done")[GROUPS], manager)
        self.assertEqual(self.ref("menu_root")[GROUPS], user)
        self.assertEqual(self.ref("menu_probe_calendar")[GROUPS], manager)
        self.assertEqual(self.ref("rule_probe_company").groups, user)

    def test_menus(self):
        root, calendar = self.ref("menu_root"), self.ref("menu_probe_calendar")
        menus = self.env["ir.ui.menu"].with_context(**{"ir.ui.menu.full_list": True})
        self.assertEqual(
            sorted(menus.search([("id", "child_of", root.id)]).mapped("complete_name")),
            ["Series Probe", "Series Probe/Probe Calendar", "Series Probe/Series Probes"],
        )
        ours = set((root | root.child_id).ids)
        for group, expected in (
            ("base.group_user", set()),
            (f"{PROBE}.group_probe_user", ours - set(calendar.ids)),
            (f"{PROBE}.group_probe_manager", ours),
        ):
            with self.subTest(group=group):
                visible = menus.with_user(self._user(group))._visible_menu_ids()
                self.assertEqual(ours & set(visible), expected)

    def _user(self, group):
        return self.env["res.users"].create(
            {"name": group, "login": group, GROUPS: [(6, 0, self.env.ref(group).ids)]}
        )

    def test_cron_runs_for_ever(self):
        cron = self.ref("cron_probe")
        self.assertTrue(cron.active)
        if "numbercall" in cron._fields:
            self.assertEqual(cron.numbercall, -1)
        probe = self.env["ipai.series.probe"].create({"name": "By cron"})
        cron.ir_actions_server_id.run()
        self.assertEqual(probe.state, "done")

    def test_mail_template(self):
        template = self.ref("mail_template_probe")
        probe = self.env["ipai.series.probe"].create({"name": "Mailed", "amount": 2.5})
        mail = self.env["mail.mail"].browse(template.send_mail(probe.id))
        self.assertEqual(mail.subject, "Mailed is done")
        self.assertIn("2.5", mail.body_html)

    def test_server_action(self):
        probe = self.env["ipai.series.probe"].create({"name": "By action"})
        manager = self.env.ref("base.user_admin")
        self.ref("action_server_done").with_user(manager).with_context(
            active_model=probe._name, active_ids=probe.ids, active_id=probe.id
        ).run()
        self.assertEqual(probe.state, "done")

    def test_report(self):
        probe = self.env["ipai.series.probe"].create({"name": "On paper"})
        reports = self.env["ir.actions.report"]
        html, kind = reports._render_qweb_html(f"{PROBE}.report_probe", probe.ids)
        self.assertEqual(kind, "html")
        self.assertIn(b"On paper", html)

    def test_only_our_data_files_are_translated(self):
        values = {
            "name": "Loaded",
            "res_model": "ipai.series.probe",
            "view_mode": "list,form",
            "group_ids": [(6, 0, self.ref("group_probe_user").ids)],
        }
        actions = self.env["ir.actions.act_window"]

        def load(module):
            data = {"xml_id": f"{module}.loaded", "values": dict(values), "noupdate": False}
            return actions.with_context(install_module=module)._load_records([data])

        action = load(PROBE)
        self.assertEqual(action[GROUPS], self.ref("group_probe_user"))
        self.assertEqual(action.view_mode, "tree,form" if SERIES == 17 else "list,form")
        if SERIES < 19:
            with self.assertRaisesRegex(ValueError, "group_ids"):
                load("mail")
