"""What people see: views, menus, filters, buttons and mails, for every role."""

from lxml import etree
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ..core.result import Result
from .common import PEOPLE, ReleaseCommon

MODULE = "ipai_release_governance"
MENU = f"{MODULE}.menu_ipai_"
X2MANY = ("one2many", "many2many")


def read_specification(model, view):
    """What the web client reads for a view, as far as the number of queries depends on it."""
    return {
        node.get("name"): _read_field(model, node)
        for node in view.iter("field")
        if _view_of(node) is view
    }


def _view_of(node):
    """The view a field is in: the form, or the list inside another field."""
    for parent in node.iterancestors():
        if parent.getparent() is None or parent.getparent().tag == "field":
            return parent
    return None


def _read_field(model, node):
    field = model._fields[node.get("name")]
    if field.type == "many2one":
        return {"fields": {"display_name": {}}}
    if field.type not in X2MANY or not len(node):
        return {}
    comodel = model.env[field.comodel_name]
    return {"fields": read_specification(comodel, node[0]), "limit": 1000}


@tagged("post_install", "-at_install")
class TestScreens(ReleaseCommon):
    # -- forms, menus and filters ------------------------------------------------------------

    def _actions(self):
        return self.env["ir.actions.act_window"].search(
            [("res_model", "=like", "ipai.release%")]
        ) | self.env["ir.actions.act_window"].search([("res_model", "=", "ipai.runbook")])

    def test_every_role_opens_every_menu(self):
        for who in PEOPLE:
            user = self.people[who]
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            menus = (
                self.env["ir.ui.menu"]
                .browse(visible)
                .filtered(lambda menu: (menu.get_external_id()[menu.id] or "").startswith(MENU))
            )
            self.assertTrue(menus, who)
            for action in [menu.action for menu in menus if menu.action]:
                views = [(False, mode) for mode in action.view_mode.split(",")]
                model = self.env[action.res_model].with_user(user)
                loaded = model.get_views([*views, (False, "search")])
                self.assertEqual(len(loaded["views"]), len(views) + 1)

    def _sees(self, who, menu):
        visible = self.env["ir.ui.menu"].with_user(self.people[who])._visible_menu_ids()
        return self.env.ref(MENU + menu).id in visible

    def test_menus_follow_the_roles(self):
        self.assertTrue(self._sees("viewer", "release"))
        self.assertFalse(self._sees("viewer", "release_configuration"))
        self.assertTrue(self._sees("manager", "release_target"))
        self.assertFalse(self._sees("executor", "release_event"))
        self.assertTrue(self._sees("auditor", "release_event"))

    def test_nobody_without_a_role_sees_the_application(self):
        stranger = self.people["viewer"].copy({"login": "rel_stranger"})
        stranger.write(
            {
                "group_ids" if "group_ids" in stranger._fields else "groups_id": [
                    (6, 0, self.env.ref("base.group_user").ids)
                ]
            }
        )
        visible = self.env["ir.ui.menu"].with_user(stranger)._visible_menu_ids()
        self.assertNotIn(self.env.ref(MENU + "release_root").id, visible)

    def test_every_filter_is_a_domain_that_works(self):
        self.start()
        count = 0
        for model in set(self._actions().mapped("res_model")):
            arch = self.env[model].get_view(view_type="search")["arch"]
            for node in etree.fromstring(arch).iter("filter"):
                names = {"uid": self.env.uid, "context_today": fields.Date.today}
                domain = safe_eval(node.get("domain") or "[]", names)
                self.env[model].search(domain)
                count += bool(domain)
        self.assertGreater(count, 20)

    def test_the_filters_find_what_their_names_say(self):
        release = self.start()
        self.deploy(release)
        self.assertIn(release, self._filtered("finance", "my_signoff"))
        self.assertNotIn(release, self._filtered("tester", "my_signoff"))
        self.assertIn(release, self._filtered("tester", "mine"))
        self.assertNotIn(release, self._filtered("manager", "mine"))
        self.assertIn(release, self._filtered("viewer", "waiting"))
        self.assertNotIn(release, self._filtered("viewer", "failures"))

    def _filtered(self, who, name):
        model = self.env["ipai.release"].with_user(self.people[who])
        arch = etree.fromstring(model.get_view(view_type="search")["arch"])
        domain = arch.find(f".//filter[@name='{name}']").get("domain")
        return model.search(safe_eval(domain, {"uid": model.env.uid}))

    def test_a_viewer_has_no_buttons(self):
        for who, expected in (("viewer", set()), ("executor", {"action_start", "action_abort"})):
            arch = (
                self.env["ipai.release"]
                .with_user(self.people[who])
                .get_view(view_type="form")["arch"]
            )
            names = {node.get("name") for node in etree.fromstring(arch).iter("button")}
            acts = {"action_schedule", "action_start", "action_abort", "action_roll_back"}
            self.assertEqual(names & acts & {"action_start", "action_abort"}, expected)

    # -- the form with many items ------------------------------------------------------------

    def test_queries_of_the_form_do_not_grow_with_the_items(self):
        few, many = (self._release_with_items(count) for count in (20, 200))
        self._queries(few)  # fills the caches that belong to nobody in particular
        counts = self._queries(few), self._queries(many)
        self.assertLessEqual(abs(counts[1] - counts[0]), 2, counts)

    def _release_with_items(self, count):
        phases = [
            self._phase(
                code,
                "execution",
                "abort",
                [
                    (f"{code}.{number}", ("tester", "executor")[number % 2])
                    for number in range(count // 4)
                ],
            )
            for code in "0471"
        ]
        runbook = self._make_runbook(code=f"many-{count}", phase_ids=phases)
        runbook.with_user(self.people["manager"]).action_publish()
        target = self.target.copy({"name": f"Shop {count}"})
        release = self._make_release(runbook, target_id=target.id)
        release.action_schedule()
        release.action_start()
        for item in release.phase_ids[0].item_ids[1:]:
            item._settle(Result("passed", "done", measurements={"rows": 3}, output="3 rows"))
        return release

    def _queries(self, release):
        user = self.people["executor"]
        self.env.flush_all()
        self.env.invalidate_all()
        release = release.with_user(user)
        arch = etree.fromstring(release.get_view(view_type="form")["arch"])
        specification = read_specification(release, arch)
        self.assertIn("item_ids", specification)
        before = self.env.cr.sql_log_count
        [data] = release.web_read(specification)
        self.assertEqual(len(data["item_ids"]), len(release.item_ids))
        self.assertIn("can_retry", data["item_ids"][0])
        return self.env.cr.sql_log_count - before

    # -- what waits for whom -----------------------------------------------------------------

    def test_a_draft_says_what_is_missing(self):
        release = self._make_release(window_start=False, window_end=False, member_ids=[])
        self.assertIn("Maintenance Window", release.plan_problem_text)
        self.assertIn("Finance Manager", release.plan_problem_text)
        self.assertFalse(self._make_release().plan_problem_text)

    def test_a_running_release_says_who_is_waited_for(self):
        release = self.start()
        self.assertIn("0 of 2 items settled", release.now_text)
        self.assertIn("rel_tester", release.now_text)
        self.assertIn("0.2", release.now_text)
        self.assertEqual(self.as_("tester", release).my_item_ids.mapped("code"), ["0.2"])
        self.assertFalse(self.as_("finance", release).my_item_ids)

    def test_long_lists_of_items_are_cut(self):
        release = self._release_with_items(80)
        self.assertIn("2 more", release._short([str(number) for number in range(10)]))
        self.assertNotIn("more", release._short(["1", "2"]))

    def test_a_sign_off_waits_for_its_signer(self):
        release = self.start()
        self.deploy(release)
        self.assertIn("rel_finance", release.now_text)
        finance = self.as_("finance", release)
        self.assertEqual(finance.my_signoff_id.role_id.code, "finance_manager")
        self.assertFalse(self.as_("executor", release).my_signoff_id)
        self.assertEqual(finance.action_sign()["res_model"], "ipai.release.signoff.wizard")

    def test_the_dialog_shows_the_evidence_before_it_is_saved(self):
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "warned", summary="Slow")
        self.do(release, "4.1")
        action = self.as_("finance", release).action_sign()
        wizard = self.env[action["res_model"]].with_user(self.people["finance"])
        form = Form(wizard.with_context(**action["context"]))
        self.assertEqual([item.code for item in form.issue_item_ids], ["0.2"])
        codes = [phase.code for phase in form.phase_ids]
        self.assertEqual(codes, ["T", "0", "4", "7"])

    def test_a_rejection_is_shown_until_it_is_asked_again(self):
        release = self.start()
        self.deploy(release)
        self.sign(release, "finance_manager", "rejected", reason="A voucher is missing.")
        self.assertEqual(release.rejected_reason, "A voucher is missing.")
        release.action_ask_again()
        self.assertFalse(release.rejected_signoff_id)
        self.assertTrue(self.as_("finance", release).my_signoff_id)

    def test_a_blocked_gate_is_shown_with_its_reason(self):
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "inconclusive", summary="No rows")
        self.assertEqual(release.blocked_phase_id.code, "0")
        self.assertIn("0.2", release.blocked_reason)
        action = release.action_decide()
        self.assertEqual(action["context"]["default_phase_id"], release.blocked_phase_id.id)

    def test_the_board_has_a_column_for_every_usual_state(self):
        states = self.env["ipai.release"]._expand_states(["running", "aborted"], [])
        self.assertEqual(states, ["draft", "scheduled", "running", "verifying", "done", "aborted"])

    # -- buttons and acts agree --------------------------------------------------------------

    def test_buttons_offer_what_the_acts_allow(self):
        release = self.start()
        self.do(release, "0.1")
        self.settle(release, "0.2", "inconclusive", summary="No rows")
        item = self.item(release, "0.2")
        acts = {
            "can_retry": lambda row: row.action_retry(),
            "can_waive": lambda row: row.action_waive("Accepted"),
            "can_skip": lambda row: row.action_skip("Not needed"),
            "is_mine": lambda row: row.action_pass(),
        }
        offered = set()
        for who in PEOPLE:
            own = self.as_(who, item)
            for button, act in acts.items():
                shown = own[button]
                self.assertEqual(shown, self._allowed(act, own), (who, button))
                offered |= {button} if shown else set()
        self.assertEqual(offered, {"can_retry", "can_waive"})

    def test_pass_is_offered_to_the_tester_alone(self):
        item = self.item(self.start(), "0.2")
        for who in PEOPLE:
            own = self.as_(who, item)
            self.assertEqual(own.is_mine, who == "tester", who)
            self.assertEqual(own.is_mine, self._allowed(lambda row: row.action_pass(), own), who)

    def _allowed(self, act, record):
        """Whether ``act`` goes through; undone afterwards."""
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                act(record)
                raise InterruptedError
        except InterruptedError:
            return True
        except (AccessError, UserError):
            return False
        finally:
            self.env.invalidate_all()

    # -- mails -------------------------------------------------------------------------------

    def test_the_signer_gets_a_mail_with_the_link(self):
        release = self.start()
        self.deploy(release)
        signoff = release.signoff_ids.filtered(lambda row: row.role_id.code == "finance_manager")
        mail = self.env["mail.mail"].search(
            [("model", "=", "ipai.release.signoff"), ("res_id", "=", signoff.id)]
        )
        self.assertEqual(mail.recipient_ids, self.people["finance"].partner_id)
        self.assertIn(f"/mail/view?model=ipai.release&amp;res_id={release.id}", mail.body_html)
        for text in (release.name, "Seen and agreed", "Finance Manager", "Phase 4", "Passed"):
            self.assertIn(text, mail.body_html)

    def test_the_execution_log_goes_to_the_team_and_says_the_head(self):
        release = self.start()
        template = self.env.ref(f"{MODULE}.mail_execution_log")
        mail = self.env["mail.mail"].browse(template.send_mail(release.id))
        self.assertEqual(mail.recipient_ids, release.member_ids.user_id.partner_id)
        self.assertIn(release.journal_head, mail.body_html)
        self.assertIn("Running", mail.subject)
