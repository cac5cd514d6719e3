/** @odoo-module **/

import { registry } from "@web/core/registry";

const check = () => {};
const tours = registry.category("web_tour.tours");

const click = (trigger) => ({ trigger, run: "click" });
const see = (trigger) => ({ trigger, run: check });
const type = (trigger, text) => ({
    trigger,
    run: (helpers) => (helpers.edit ? helpers.edit(text) : helpers.text(text)),
});
const input = (name) =>
    `.o_field_widget[name='${name}'] textarea, .o_field_widget[name='${name}'] input`;
const row = (code) => `.o_data_row:contains('${code}')`;
// What Odoo asks for before it records a signature.
const password = (text) => [
    type(".o_field_widget[name='password'] input", text),
    click("button[name='run_check']"),
];
const outcome = (code, label) => see(`${row(code)} .badge:contains('${label}')`);

tours.add("ipai_release_finance_approves", {
    steps: () => [
        click(".o_menu_systray i[aria-label='Activities']"),
        click(".o-mail-ActivityGroup[data-model_name='ipai.release']"),
        // A list on 19.0, cards before.
        click(".o_data_row:contains('Go live') td[name='title'], .o_kanban_record:contains('Go live')"),
        see("div[name='banner_signoff']:contains('Finance Manager')"),
        click("div[name='banner_signoff'] button[name='action_sign']"),
        see(".o_field_widget[name='phase_ids'] .o_data_row:contains('Phase 4')"),
        // Refused without a signature, and the dialog stays open.
        click("button[name='action_approve']"),
        see(".modal-body:contains('Signature:')"),
        click(".modal-footer button:contains('Close'), .modal-footer button:contains('Ok')"),
        type(".o_field_widget[name='typed_name'] input", "Fina Moreau"),
        click("button[name='action_approve']"),
        ...password("rel_finance"),
        see(".o_form_view:not(:has(div[name='banner_signoff']))"),
        click(".o_notebook a[name='signoffs']"),
        see(`${row("Finance Manager")} .badge:contains('Approved')`),
    ],
});

tours.add("ipai_release_tester_works", {
    steps: () => [
        // Pass one from the list of what is mine.
        click(`${row("4.1")} button[name='action_pass']`),
        see(`.o_list_view:not(:has(${row("4.1")}))`),
        // Fail another in its form, with a word on it; begin again; pass.
        click(`${row("4.2")} td[name='name']`),
        type(input("actual"), "The amount could be changed."),
        click("button[name='action_fail']"),
        see(".o_field_widget[name='outcome']:contains('Failed')"),
        click("button[name='action_retry']"),
        see(".o_field_widget[name='outcome']:contains('Pending')"),
        type(input("actual"), "Refused, as expected."),
        click("button[name='action_pass']"),
        see(".o_field_widget[name='outcome']:contains('Passed')"),
    ],
});

tours.add("ipai_release_tester_in_the_form", {
    steps: () => [
        // What is mine comes first.
        see(".o_notebook a.active[name='mine']"),
        click(`${row("4.3")} button[name='action_fail']`),
        type(input("reason"), "The voucher is empty."),
        click("button[name='action_confirm']:contains('Record Failure')"),
        see("div[name='banner_gate']:contains('4.3')"),
        outcome("4.3", "Failed"),
        click(`${row("4.3")} button[name='action_retry']`),
        outcome("4.3", "Pending"),
        // Evidence is added in the dialog of the item.
        click(`${row("4.3")} td[name='name']`),
        click("button:contains('Add Evidence')"),
        type(input("output"), "voucher.pdf: 2 pages"),
        click("button[name='action_confirm']:contains('Add Evidence')"),
        see(".ipai_evidence .ipai_output:contains('2 pages')"),
        type(input("actual"), "Two pages."),
        click(".o_statusbar_buttons button[name='action_pass']"),
        see(".o_form_view:not(:has(div[name='banner_gate']))"),
        // An incident is reported by who may not write the release.
        click(".o_notebook a[name='incidents']"),
        click("button:contains('Report Incident')"),
        type(input("description"), "The printer was out of paper."),
        click(".o_form_button_save, .o_form_buttons_edit .o_form_button_save"),
        see(row("out of paper")),
    ],
});

tours.add("ipai_release_viewer_looks", {
    steps: () => [
        see(".o_kanban_group:contains('Verifying')"),
        click(".o_kanban_record:contains('Go live')"),
        see(".o_form_view .o_statusbar_status"),
        see(".o_form_view:not(:has(button[name^='action_']:not([name*='print'])))"),
        see(`.o_form_view ${row("4.1")} .badge:contains('Pending')`),
        see(".ipai_phase:contains('Phase 4'):contains('0 of 3 settled')"),
        // A heading folds the items of its phase.
        click(".ipai_phase:contains('Phase 4') button"),
        see(`.o_form_view:not(:has(${row("4.1")}))`),
        click(".ipai_phase:contains('Phase 4') button"),
        click(`${row("4.1")} td[name='name']`),
        see(".modal-body .o_form_view:contains('Item 4.1'):not(:has(button[name^='action_']:not([name*='print'])))"),
    ],
});
