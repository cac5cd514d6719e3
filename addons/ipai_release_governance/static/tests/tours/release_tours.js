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

tours.add("ipai_release_signer_signs_again", {
    steps: () => [
        see("div[name='banner_signoff']:contains('Finance Manager')"),
        // The tab says who may sign, and why others may not.
        click(".o_notebook a[name='who_may_sign']"),
        see(".ipai_matrix td.table-success:contains('May sign')"),
        see(".ipai_matrix td:contains('does not hold the role')"),
        click(".o_notebook a[name='signoffs']"),
        see(`${row("Item 4.2")} .badge:contains('Void')`),
        click("div[name='banner_signoff'] button[name='action_sign']"),
        see(".modal-body .alert:contains('An earlier signature is void'):contains('Item 4.2')"),
        type(".o_field_widget[name='typed_name'] input", "Fina Moreau"),
        click("button[name='action_approve']"),
        ...password("rel_finance"),
        see(`body:not(:has(.modal)) ${row("Finance Manager")} .badge:contains('Approved')`),
    ],
});

tours.add("ipai_release_verifier_finds_it_stable", {
    steps: () => [
        click("div[name='banner_signoff'] button[name='action_sign']"),
        see("button[name='action_reject']:contains('Issues Found')"),
        type(".o_field_widget[name='typed_name'] input", "Vera Lund"),
        click("button[name='action_approve']:contains('Stable')"),
        // A wrong password signs nothing.
        ...password("guessed"),
        see(".modal-body:contains('Incorrect Password')"),
        click(".modal-footer button:contains('Close'), .modal-footer button:contains('Ok')"),
        ...password("rel_verifier"),
        see("body:not(:has(.modal)) .ribbon:contains('Complete Success')"),
    ],
});

tours.add("ipai_release_signer_delegates", {
    steps: () => [
        click(".o_list_button_add"),
        type(".o_field_widget[name='delegate_id'] input", "rel_devops"),
        click(".o-autocomplete--dropdown-item:contains('rel_devops')"),
        type(".o_field_widget[name='date_to'] input", "12/31/2099"),
        type(".o_field_widget[name='reason'] input", "Annual leave"),
        click(".o_form_button_save"),
        see(".o_form_saved, .o_form_view .o_breadcrumb:contains('rel_devops')"),
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
        // What only reads is everybody's: the printed log and the bundle of evidence.
        see(
            ".o_form_view:not(:has(button[name^='action_']:not([name*='print'], [name*='download'])))"
        ),
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
