from unittest.mock import patch

from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon

from ..core import revision

OLD, NEW = "a" * 40, "b" * 40


class TestRevision(ReleaseCommon):
    """Which code a release found, and which it left."""

    def _recorded(self, release, when, branch, commit):
        with patch.object(revision, "read", return_value=(branch, commit)):
            release._record_revision(when)
        return release[f"branch_{when}"], release[f"commit_{when}"]

    def test_a_tree_on_no_branch_came_from_the_planned_one(self):
        release = self._make_release()
        self.assertEqual(self._recorded(release, "before", "main", OLD), ("main", OLD))
        release.write({"branch_to": "stable", "commit_to": NEW})
        self.assertEqual(self._recorded(release, "after", "", NEW), ("stable", NEW))
        following = self._make_release()
        self.assertEqual(self._recorded(following, "before", "", NEW), ("stable", NEW))

    def test_what_nobody_released_is_on_no_branch(self):
        release = self._make_release()
        self.assertEqual(self._recorded(release, "before", "", OLD), ("", OLD))
        self.assertEqual(self._recorded(release, "after", "", ""), ("", ""))
