import logging

from odoo import _, fields, models
from odoo.exceptions import UserError

from ..core import journal

_logger = logging.getLogger(__name__)

REPORT = "ipai_release_governance.action_report_execution_log"


class ReleaseLog(models.Model):
    """The execution log: printed on demand, and kept when the release ends."""

    _inherit = "ipai.release"

    execution_log_id = fields.Many2one(
        "ir.attachment",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The PDF that was kept when the release ended. Its SHA-256 is in the journal.",
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"execution_log_id"}

    def action_print_execution_log(self):
        """Print the execution log as it is now; keep it where the end of the release could not."""
        for release in self.filtered(lambda row: row._is_ended() and not row.execution_log_id):
            release._keep_execution_log()
        return self.env.ref(REPORT).report_action(self, config=False)

    def _file_reference(self):
        """The reference as a part of a file name."""
        self.ensure_one()
        return self.name.replace("/", "-")

    def _execution_log_name(self):
        """Name of the printed file, without its ending."""
        return _("%s execution log", self._file_reference())

    def _keep_execution_log(self):
        """Print the execution log, keep it as attachment and write its SHA-256 into the journal.

        The release has ended, whether its log can be printed or not: a failure is recorded and
        told, and the button prints again.

        :return: the attachment, empty when it could not be printed
        """
        self.ensure_one()
        # The record is in the company's language, whoever ends the release.
        release = self.with_context(lang=self.company_id.partner_id.lang or self.env.lang)
        try:
            content, _kind = release.env["ir.actions.report"]._render_qweb_pdf(REPORT, self.ids)
        except UserError as error:
            self._tell_print_failure(error)
            return self.env["ir.attachment"]
        # sudo: whoever signed last ends the release, and may not write it.
        attachment = release.sudo()._attach_execution_log(content)
        self._store({"execution_log_id": attachment.id})
        self._log(
            "execution_log",
            {
                "name": attachment.name,
                "size": len(content),
                "sha256": journal.digest_bytes(content),
            },
        )
        return attachment.sudo(False)

    def _attach_execution_log(self, content):
        return self.env["ir.attachment"].create(
            {
                "name": f"{self._execution_log_name()}.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )

    def _tell_print_failure(self, error):
        _logger.warning("The execution log of %s was not printed", self.name, exc_info=error)
        self._log("execution_log_failed", {"error": str(error)})
        # sudo: see _keep_execution_log.
        self.sudo().message_post(
            body=_(
                "The execution log could not be printed and was not kept: %(error)s Install what "
                "is missing, then press Print Execution Log: it is printed and kept then.",
                error=error,
            )
        )


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _refuse_evidence(self):
        """A kept execution log is a record like the evidence it prints."""
        # sudo: the question is whether any release keeps this file, not whether I see it.
        kept = (
            self.env["ipai.release"].sudo().search([("execution_log_id", "in", self.ids)], limit=1)
        )
        if kept:
            raise UserError(
                _(
                    "%(file)s is the log of %(release)s and cannot be changed or deleted.",
                    file=kept.execution_log_id.name,
                    release=kept.name,
                )
            )
        return super()._refuse_evidence()
