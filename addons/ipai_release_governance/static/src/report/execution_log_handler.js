/** @odoo-module **/

import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";
import { getReportUrl } from "@web/webclient/actions/reports/utils";

const REPORT = "ipai_release_governance.report_execution_log";

/**
 * Download the execution log without asking whether wkhtmltopdf is there: another engine prints it,
 * and without wkhtmltopdf the web client would show a page instead of the PDF.
 */
async function printExecutionLog(action, options, env) {
    if (action.report_name !== REPORT || action.report_type !== "qweb-pdf") {
        return false;
    }
    env.services.ui.block();
    try {
        await download({
            url: "/report/download",
            data: {
                data: JSON.stringify([getReportUrl(action, "pdf"), action.report_type]),
                context: JSON.stringify(action.context || {}),
            },
        });
    } finally {
        env.services.ui.unblock();
    }
    return true;
}

registry.category("ir.actions.report handlers").add("ipai_execution_log", printExecutionLog);
