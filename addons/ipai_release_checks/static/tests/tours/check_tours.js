/** @odoo-module **/

import { registry } from "@web/core/registry";

const check = () => {};

const click = (trigger) => ({ trigger, run: "click" });
const see = (trigger) => ({ trigger, run: check });
const outcome = (code, label) => see(`.o_data_row:contains('${code}') .badge:contains('${label}')`);
/** A phase that passed folds its items and says so. */
const passed = (phase) => see(`.ipai_phase:contains('${phase}'):contains('Passed')`);
const header = (name) => `.o_statusbar_buttons button[name='${name}']`;

/** Gone as soon as the page is loaded anew. */
const SAME_PAGE = "ipaiSamePage";

registry.category("web_tour.tours").add("ipai_release_administrator_runs_checks", {
    steps: () => [
        click(".o_kanban_group:contains('Scheduled') .o_kanban_record:contains('Go live')"),
        {
            trigger: header("action_start"),
            run: () => {
                window[SAME_PAGE] = true;
            },
        },
        click(header("action_start")),
        click(".modal-footer button.btn-primary"),
        // From here on the machine works, and the page follows.
        outcome("1.1", "Passed"),
        outcome("1.2", "Failed"),
        see("div[name='banner_gate']:contains('1.2')"),
        click(header("action_run_checks")),
        passed("Phase 1"),
        outcome("2.1", "Failed"),
        click(header("action_retry_failed")),
        passed("Phase 2"),
        outcome("3.1", "Failed"),
        click(".nav-link[name='phases']"),
        click(".o_data_row:contains('Phase 3') button[name='action_run_checks']"),
        see(".o_data_row:contains('Phase 3') .badge:contains('Passed')"),
        see(".o_form_view:not(:has(button[name='action_run_checks']))"),
        {
            trigger: ".o_form_view",
            run: () => {
                if (!window[SAME_PAGE]) {
                    throw new Error("The page was loaded anew.");
                }
            },
        },
    ],
});
