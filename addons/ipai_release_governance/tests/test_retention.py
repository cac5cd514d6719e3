import io
import zipfile
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ..bundle import verify_bundle
from ..core import bundle, journal
from .common import ReleaseCommon


class TestRetention(ReleaseCommon):
    """Nothing goes before a verified bundle is in somebody's hands, and nothing goes silently."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.release = cls._make_release().with_env(cls.env)
        item = cls.release.item_ids[0]
        evidence = cls.env["ipai.release.evidence"]
        cls.evidence = evidence._add_file(item, 1, "dump.log", b"all tables")
        cls.release.with_user(cls.people["executor"]).action_abort("The bank said no")
        cls.past = fields.Date.context_today(cls.release) - timedelta(days=1)

    def _over(self):
        self.release._store({"retention_date": self.past})
        self.env["ipai.release"]._cron_retention()
        return self.release.archive_ids

    def _remove(self, who="auditor", sha256=None):
        archive = self._over()
        wizard = self.env["ipai.release.archive.wizard"].with_user(self.people[who])
        wizard.create(
            {
                "archive_id": archive.id,
                "stored_where": "vault 7",
                "sha256": sha256 or archive.sha256,
            }
        ).action_confirm()
        return archive

    def test_a_record_is_kept_as_long_as_the_company_says(self):
        self.env.company.release_retention_months = 30
        release = self._make_release()
        release.action_abort("No")
        expected = fields.Date.add(fields.Date.context_today(release), months=30)
        self.assertEqual(release.retention_date, expected)

    def test_before_its_time_nothing_is_archived(self):
        self.env["ipai.release"]._cron_retention()
        self.assertFalse(self.release.archive_ids)

    def test_afterwards_a_verified_bundle_waits_and_auditors_are_told(self):
        archive = self._over()
        data = archive.attachment_id.raw
        self.assertEqual(journal.digest_bytes(data), archive.sha256)
        found = []
        verify_bundle.verify(io.BytesIO(data), [archive.head], lambda *line: found.append(line))
        self.assertFalse(found)
        self.assertIn(b"all tables", zipfile.ZipFile(io.BytesIO(data)).read(self._member(data)))
        self.assertIn(self.people["auditor"], self.release.activity_ids.user_id)
        self.assertEqual(self.evidence.attachment_id.raw, b"all tables")

    @staticmethod
    def _member(data):
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        return next(name for name in names if name.endswith("dump.log"))

    def test_it_is_archived_once(self):
        self._over()
        self.assertEqual(len(self._over()), 1)

    def _tamper(self, release):
        """As somebody with SQL would change it: past the suite."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ipai_release_item SET summary = 'all fine' WHERE id = %s",
            [release.item_ids[0].id],
        )
        self.env.invalidate_all()

    def _another_over(self):
        release = self._make_release()
        release.action_abort("No")
        release._store({"retention_date": self.past})
        return release.with_env(self.env)

    def _told(self, release):
        return release.activity_ids.filtered(
            lambda row: (
                row.user_id == self.people["auditor"] and "could not be archived" in row.summary
            )
        )

    def test_a_bundle_that_does_not_verify_is_no_archive(self):
        self._tamper(self.release)
        self.assertFalse(self._over())
        self.assertIn("all fine", self.release.archive_obstacle)
        self.assertIn("all fine", self._told(self.release).note)

    def test_an_obstacle_is_told_once_and_tried_again(self):
        summary = self.release.item_ids[0].summary
        self._tamper(self.release)
        self._over()
        self._told(self.release).action_done()
        self.assertFalse(self._over())
        self.assertFalse(self._told(self.release))
        self.env.cr.execute(
            "UPDATE ipai_release_item SET summary = %s WHERE id = %s",
            [summary or None, self.release.item_ids[0].id],
        )
        self.env.invalidate_all()
        self.assertTrue(self._over())

    def test_what_cannot_be_archived_holds_up_nothing_behind_it(self):
        other = self._another_over()
        self._tamper(self.release)
        self.release._store({"retention_date": self.past - timedelta(days=9)})
        retention = "odoo.addons.ipai_release_governance.models.release_retention."
        with patch(retention + "TURN", 1):
            self.env["ipai.release"]._cron_retention()
            self.assertFalse(other.archive_ids)
            self.env["ipai.release"]._cron_retention()
        self.assertTrue(other.archive_ids)

    def test_a_bundle_that_is_too_large_is_told_and_stops_no_other(self):
        other = self._another_over()
        self.release._store({"retention_date": self.past - timedelta(days=9)})
        write = bundle.write

        def large(file, members, about):
            if about["release"] == self.release.name:
                raise bundle.TooLarge
            write(file, members, about)

        with patch.object(bundle, "write", large):
            self.env["ipai.release"]._cron_retention()
        self.assertTrue(other.archive_ids)
        self.assertIn("larger than the 4 GiB", self._told(self.release).note)

    def test_files_go_with_the_proof_that_the_bundle_is_kept(self):
        file = self.evidence.attachment_id
        archive = self._remove()
        self.assertFalse(file.exists())
        self.assertFalse(archive.attachment_id)
        self.assertEqual(archive.stored_where, "vault 7")
        self.assertEqual(archive.removed_by_id, self.people["auditor"])
        self.assertTrue(self.evidence.sha256)
        events = self.release.event_ids.sorted("sequence").mapped("kind")
        self.assertEqual(
            [kind for kind in events if kind in ("archived", "files_removed")],
            ["archived", "files_removed"],
        )
        self.assertFalse(self.release._verify())

    def test_without_the_proof_nothing_goes(self):
        file = self.evidence.attachment_id
        with self.assertRaisesRegex(UserError, "not that of the bundle"):
            self._remove(sha256="0" * 64)
        self.assertTrue(file.exists())

    def test_executors_and_viewers_remove_nothing(self):
        archive = self._over()
        for who in ("executor", "viewer", "finance"):
            with self.assertRaises(AccessError):
                self.as_(who, archive).action_remove()

    def test_a_legal_hold_keeps_everything(self):
        self.as_("auditor", self.release).action_hold("A claim of the customer")
        self.assertFalse(self._over())
        self.as_("auditor", self.release).action_lift_hold("The claim is settled")
        archive = self._over()
        self.as_("manager", self.release).action_hold("Another claim")
        with self.assertRaisesRegex(UserError, "legal hold"):
            self.as_("auditor", archive).action_remove()
        kinds = self.release.event_ids.mapped("kind")
        self.assertLessEqual({"hold", "lift_hold"}, set(kinds))

    def test_who_holds_is_auditor_or_manager(self):
        with self.assertRaises(AccessError):
            self.as_("executor", self.release).action_hold("Mine")
        with self.assertRaises(AccessError):
            self.as_("auditor", self.release).legal_hold = True
