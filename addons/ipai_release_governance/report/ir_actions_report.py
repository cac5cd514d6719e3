import io

from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import file_open

from ..core import journal, pdf
from .execution_log import ExecutionLog

REPORT = "ipai_release_governance.report_execution_log"
FONTS = (
    ("Lato-Reg", "normal", "normal"),
    ("Lato-Bol", "bold", "normal"),
    ("Lato-RegIta", "normal", "italic"),
)


class IrActionsReport(models.Model):
    """The execution log is laid out by WeasyPrint; all other reports stay on Odoo's engine."""

    _inherit = "ir.actions.report"

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        if self._is_execution_log(report_ref):
            # Odoo prints nothing while tests run, for want of workers. WeasyPrint needs none.
            return super(
                IrActionsReport, self.with_context(force_report_rendering=True)
            )._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        return super()._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        if not (res_ids and self._is_execution_log(report_ref)):
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        releases = self.env["ipai.release"].browse(res_ids)
        try:
            content = self._print_execution_logs([ExecutionLog(release) for release in releases])
        except pdf.EngineMissing:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        except pdf.PrintError as error:
            raise UserError(
                _("The execution log could not be laid out. WeasyPrint says: %s", error)
            ) from error
        # Several logs are one stream: merging PDFs would lose what makes them PDF/A.
        key = releases.id if len(releases) == 1 else False
        return {key: {"stream": io.BytesIO(content), "attachment": None}}

    def _is_execution_log(self, report_ref):
        return self._get_report(report_ref).report_name == REPORT

    def _print_execution_logs(self, logs):
        """Lay out execution logs as one PDF/A-3 with the data of each embedded.

        :param logs: list of :class:`ExecutionLog`
        :raises pdf.EngineMissing: WeasyPrint is not installed
        :raises pdf.PrintError: WeasyPrint failed
        """
        pdf.load_engine()
        pages = [self._render_template(REPORT, {"logs": [log]}).decode() for log in logs]
        return pdf.render(pages, self._embedded_files(logs), self._fonts())

    def _embedded_files(self, logs):
        alone = len(logs) == 1
        return [
            pdf.EmbeddedFile(
                "release.json" if alone else f"{log.release._file_reference()}.json",
                journal.canonical(log.document).encode(),
                description="The release as data",
            )
            for log in logs
        ]

    def _fonts(self):
        """The font Odoo prints its documents in; what it has no glyphs for, DejaVu draws."""
        fonts = []
        for name, weight, style in FONTS:
            with file_open(f"web/static/fonts/lato/{name}-webfont.woff", "rb") as file:
                fonts.append(pdf.Font("Lato", file.read(), weight, style))
        return fonts
