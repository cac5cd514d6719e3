"""Nobody approves what they had another part in, whatever groups they hold."""

from itertools import combinations, permutations

from odoo.addons.ipai_series.compat import GROUPS
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import GROUP, TEAM, ReleaseCommon

ALL = (
    ",".join(GROUP + name for name in ("executor", "tester", "approver", "manager", "auditor"))
    + ",base.group_system"
)
#: The acts on a release that are kept apart, and which one rules out which other, in which order.
ACTS = ("author", "execute", "start", "waive", "approve")
RULED_OUT = {
    ("author", "approve"),
    ("execute", "approve"),
    ("start", "approve"),
    ("waive", "approve"),
    ("approve", "execute"),
    ("approve", "start"),
    ("approve", "waive"),
    ("execute", "waive"),
    ("start", "waive"),
}


class TestDuties(ReleaseCommon):
    """Each ordered pair of acts by one administrator who holds every group and every role."""

    def setUp(self):
        super().setUp()
        self.outcome = "passed"
        self.people["boss"] = new_test_user(self.env, login="rel_boss", groups=ALL)

    # -- one act each, by the boss, on a release of its own ----------------------------------

    def _release(self, acts):
        """A running release in which the boss plays every role, and phase 0 waits for a waiver."""
        runbook = self._make_runbook(
            code="-".join(acts),
            phase_ids=[
                self._phase("T", "preparation", "abort", [("T.1", "executor")]),
                self._phase("0", "execution", "investigate", [("0.1", "executor")]),
                self._phase("4", "execution", "investigate", [("4.1", "tester")]),
                self._phase("7", "verification", "investigate", [("7.1", "tester")]),
            ],
        )
        author = "boss" if "author" in acts else "manager"
        runbook.with_user(self.people[author]).action_publish()
        target = self.env["ipai.release.target"].create({"name": runbook.code, "tz": "UTC"})
        release = self._make_release(runbook, target_id=target.id)
        played = [role for role in TEAM if self.role[role]._is_played_by(self.people["boss"])]
        release.write({"member_ids": [self.member(role, "boss") for role in played]})
        release.action_schedule()
        self.do(release, "T.1", who="executor")
        return release

    def _act(self, release, act, who):
        getattr(self, f"_{act}")(release, who)

    def _author(self, release, who):
        self.assertIn(self.people[who], release._authors())

    def _start(self, release, who):
        self.as_(who, release).action_start()

    def _execute(self, release, who):
        item = release.item_ids.filtered(
            lambda row: row.phase_id.state in ("running", "blocked") and row.outcome == "pending"
        )[:1]
        self.do(release, item.code, self.outcome, who=who)

    def _waive(self, release, who):
        item = release.item_ids.filtered(lambda row: row.outcome == "failed")[:1]
        self.as_(who, item).action_waive("Accepted")

    def _approve(self, release, who):
        self.sign(release, "finance_manager", who=who)

    # -- getting there, by other people ------------------------------------------------------

    def _until(self, release, act):
        """Bring the release, by others, to where ``act`` can be done."""
        if act in ("author", "start"):
            return
        if release.state == "scheduled":
            release.action_start()
        if act == "execute":
            self._open_item(release)
        elif act == "waive":
            self._failed_item(release)
        elif act == "approve" and release.state == "running":
            self._all_done(release)

    def _open_item(self, release):
        if self._asked(release):
            self._sign_all(release)

    def _failed_item(self, release):
        self._open_item(release)
        if not release.item_ids._blocking():
            pending = release.item_ids.filtered(
                lambda row: row.phase_id.state == "running" and row.outcome == "pending"
            )[:1]
            self.do(release, pending.code, "failed", who=self._worker(pending))

    def _all_done(self, release):
        for item in release.item_ids.filtered(lambda row: row.stage == "execution"):
            if item.outcome == "failed":
                self.as_("qa", item).action_waive("Accepted")
            elif item.outcome == "pending":
                self.do(release, item.code, who=self._worker(item))

    def _worker(self, item):
        return {"executor": "executor", "tester": "tester"}[item.role_id.code]

    def _asked(self, release):
        return release.signoff_ids.filtered(lambda row: row.state == "requested")

    def _sign_all(self, release):
        for signoff in self._asked(release):
            self.sign(release, signoff.role_id.code)

    def test_who_schedules_has_a_hand_in_what_the_machine_prepares(self):
        phases = [
            self._phase("T", "preparation", "abort", [("T.1", "executor")]),
            self._phase("0", "execution", "abort", [("0.1", "tester")]),
        ]
        phases[0][2]["item_ids"][0][2]["mode"] = "automated"
        release = self._make_release(self.published(phase_ids=phases))
        release.action_schedule()
        self.settle(release, "T.1", "passed")
        self.assertEqual(release._executors(), self.people["executor"])

    # -- all pairs ---------------------------------------------------------------------------

    def test_every_pair_of_acts_by_one_person(self):
        for first, second in permutations(ACTS, 2):
            if second == "author" or (first == "approve" and second == "start"):
                continue  # published before it is executed; started before it is approved
            if second == "start" and first in ("execute", "waive"):
                continue  # nothing is executed before the start but the preparation
            with self.subTest(f"{first}, then {second}"):
                self._try_pair(first, second)

    def _try_pair(self, first, second):
        # What is waived afterwards is what was executed.
        self.outcome = "failed" if second == "waive" else "passed"
        release = self._release((first, second))
        self._until(release, first)
        self._act(release, first, "boss")
        self._until(release, second)
        if (first, second) in RULED_OUT:
            with self.assertRaises(AccessError, msg=(first, second)):
                self._act(release, second, "boss")
            offered = self.as_("boss", release.item_ids).filtered("can_waive")
            self.assertFalse(second == "waive" and offered, (first, second))
        else:
            self._act(release, second, "boss")

    def test_every_pair_of_groups(self):
        """Whatever two groups a person holds, what one of them lets them do rules out the other."""
        names = ("executor", "tester", "approver", "manager")
        for groups in combinations(names, 2):
            self._hold(groups)
            for first, second in (("author", "approve"), ("execute", "approve")):
                for pair in ((first, second), (second, first)):
                    if pair[1] == "author":
                        continue
                    with self.subTest(groups=groups, acts=pair):
                        self.assertFalse(self._does_both(groups, *pair))

    def _hold(self, groups):
        wanted = [self.env.ref(GROUP + name).id for name in groups]
        self.people["boss"].write({GROUPS: [(6, 0, [self.env.ref("base.group_user").id, *wanted])]})

    def _does_both(self, groups, first, second):
        """Whether somebody of these groups did one act and then the other."""
        if first == "author" and "manager" not in groups:
            return False
        release = self._release((*groups, first, second))
        for act in (first, second):
            self._until(release, act)
            try:
                with self.env.cr.savepoint():
                    self._act(release, act, "boss")
            except AccessError:
                return False
        return True

    def test_the_system_is_no_obstacle_and_signs_nothing(self):
        runbook = self._make_runbook(code="shipped")
        runbook._publish()
        self.assertFalse(runbook.author_ids)
        release = self.start(runbook=runbook)
        self.deploy(release)
        root = self.env.ref("base.user_root")
        root.write({GROUPS: [(4, self.env.ref(GROUP + "approver").id)]})
        signoff = self._asked(release)[:1]
        with self.assertRaisesRegex(AccessError, "system, not a person"):
            signoff.with_user(root)._sign("approved", typed_name="Root")

    def test_sudo_is_no_way_round(self):
        release = self.start()
        self.deploy(release)
        signoff = self._asked(release)[:1].with_user(self.people["executor"]).sudo()
        with self.assertRaises(AccessError):
            signoff._sign("approved", typed_name="Executor")

    # -- who is an author --------------------------------------------------------------------

    def test_authors_are_who_created_changed_or_published(self):
        names = ("writer", "changer", "publisher", "archiver")
        for name in names:
            self.person(name, "manager")
        runbook = self.as_("writer", self.env["ipai.runbook"]).create(
            {"name": "By hand", "code": "by-hand"}
        )
        self.as_("changer", self.env["ipai.runbook.phase"]).create(
            {
                "runbook_id": runbook.id,
                "code": "1",
                "name": "One",
                "stage": "execution",
                "item_ids": [(0, 0, self._item("1.1", "executor"))],
            }
        )
        runbook.sudo().write({"signoff_ids": [self._signoff("devops")]})
        with self.assertRaises(AccessError):
            self.as_("archiver", runbook).author_ids = False
        self.as_("publisher", runbook).action_publish()
        self.as_("archiver", runbook).action_archive_runbook()
        expected = self.people["writer"] | self.people["changer"] | self.people["publisher"]
        self.assertEqual(runbook.author_ids, expected)

    def test_another_version_has_its_own_authors(self):
        other = self.person("other", "manager")
        action = self.as_("other", self.runbook).action_new_version()
        draft = self.env["ipai.runbook"].browse(action["res_id"])
        self.assertEqual(draft.author_ids, other)
        self.assertEqual(self.runbook.author_ids, self.people["manager"])

    def test_authors_are_in_the_journal(self):
        release = self._make_release()
        self.assertEqual(self.events(release, "snapshot")[0]["authors"], ["rel_manager"])

    def test_an_author_who_is_to_sign_is_a_plan_problem(self):
        manager = self.people["manager"]
        manager.write({GROUPS: [(4, self.env.ref(GROUP + "approver").id)]})
        release = self._make_release()
        self.as_("executor", release.member_ids).filtered(
            lambda member: member.role_id.code == "finance_manager"
        ).user_id = manager
        with self.assertRaisesRegex(UserError, "Finance Manager signs, and rel_manager"):
            release.action_schedule()

    # -- what the screen says ----------------------------------------------------------------

    def test_the_matrix_says_who_may_and_why_others_may_not(self):
        release = self.start()
        self.deploy(release)
        self.sign(release, "devops")
        matrix = release._signing_matrix()
        self.assertEqual(len(matrix["columns"]), 3)
        cells = {
            (row["user"], column): (cell["kind"], cell["text"])
            for row in matrix["rows"]
            for column, cell in zip(matrix["columns"], row["cells"], strict=True)
        }
        devops, finance = (self.people[name].name for name in ("devops", "finance"))
        executor = self.people["executor"].name
        column = {name.split(" (")[0]: name for name in matrix["columns"]}
        self.assertEqual(cells[devops, column["DevOps/System Admin"]][0], "done")
        self.assertEqual(cells[finance, column["Finance Manager"]], ("may", "May sign"))
        kind, text = cells[executor, column["Finance Manager"]]
        self.assertEqual(kind, "may_not")
        self.assertIn("does not hold the role", text)
        self.assertIn("May sign", release.signing_matrix)

    def test_the_matrix_escapes_what_people_write(self):
        self.people["finance"].name = "<script>alert(1)</script>"
        release = self._make_release()
        self.assertNotIn("<script>", release.signing_matrix)

    def test_whoever_could_do_everything_is_named(self):
        release = self._make_release()
        self.assertIn("rel_boss", release.duty_warning)
        self.assertNotIn("rel_manager", release.duty_warning)
        role = self.role["finance_manager"]
        self.assertIn("rel_boss", role.duty_warning)
        approver = self.env.ref(GROUP + "approver")
        self.people["boss"].write({GROUPS: [(3, approver.id)]})
        (release | release).invalidate_recordset(["duty_warning"])
        self.assertNotIn("rel_boss", release.duty_warning or "")
