from odoo import _, fields, models


class ReleaseNotify(models.Model):
    """Who is told what: live progress on the screen, activities, mails."""

    _inherit = "ipai.release"

    def _notify_progress(self):
        """Tell open forms that something changed; they read the rest themselves."""
        for release in self:
            self.env["bus.bus"]._sendone(release, "ipai_release/progress", {"id": release.id})

    def _schedule_activity(self, user, summary, note=""):
        # sudo: a gate may ask somebody in the name of a tester, who may not write releases.
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=fields.Date.context_today(self),
            user_id=user.id,
            summary=summary,
            note=note,
        )

    def _ask_for_decision(self, phase):
        """A phase is held: ask the person who started the release."""
        for user in self.started_by_id or self.create_uid:
            summary = self.with_context(lang=user.lang)._decision_summary(phase)
            self._schedule_activity(user, summary, phase._blocking_text())

    def _close_decision(self, phase):
        """The gate was passed, whoever decided: nobody is asked any more."""
        self._close_reminders(lambda seen: seen._decision_summary(phase))

    def _decision_summary(self, phase):
        """In the reader's language; the activity is found again by it."""
        return _("Decide at the gate of phase %s", phase.display_name)

    def _signoff_summary(self):
        """In the reader's language; the activity is found again by it."""
        return _("Sign off %s", self.display_name)

    def _close_reminders(self, summary, keep=()):
        """Mark activities of one summary as done.

        :param summary: takes the release as a reader sees it and returns the text
        :param keep: users whose activities stay
        """
        # sudo: they are those of others.
        for activity in self.sudo().activity_ids.filtered(lambda row: row.user_id not in keep):
            if activity.summary == summary(self.with_context(lang=activity.user_id.lang)):
                activity.action_done()

    def _tell_rejection(self, signoff):
        user = self.started_by_id or self.create_uid
        self._schedule_activity(user, _("%s rejected", signoff.display_name), signoff.reason or "")

    def _close_activities(self, users=None):
        """Mark activities as done, of ``users`` or of everybody."""
        for release in self:
            # sudo: activities of others are closed when the release moves on.
            activities = release.sudo().activity_ids
            if users is not None:
                activities = activities.filtered(lambda row: row.user_id in users)
            activities.action_done()

    def _send_execution_log(self):
        """Print the execution log, keep it and mail it to the team."""
        template = self.env.ref(
            "ipai_release_governance.mail_execution_log", raise_if_not_found=False
        )
        for release in self:
            attachment = release._keep_execution_log()
            if template and attachment:
                release._mail_execution_log(template, attachment)

    def _mail_execution_log(self, template, attachment):
        # sudo: the template reads the whole team, whoever ended the release.
        template.sudo().send_mail(self.id, email_values={"attachment_ids": [(4, attachment.id)]})
