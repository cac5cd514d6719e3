/** @odoo-module **/

import { registry } from "@web/core/registry";

const check = () => {};
const click = (trigger) => ({ trigger, run: "click" });
const see = (trigger) => ({ trigger, run: check });

registry.category("web_tour.tours").add("ipai_release_auditor", {
    steps: () => [
        see("button[name='action_verify']"),
        click(".o_notebook a[name='journal']"),
        see(".o_field_widget[name='anchor_ids'] .o_data_row:contains('Mail')"),
        click("button[name='action_verify']"),
        see(".o_field_widget[name='verified_result'] .badge:contains('Verified')"),
        click("button[name='action_download_bundle']"),
        // Who took it stands in the chatter when the page is read again.
        see(".o_form_view button[name='action_download_bundle']"),
    ],
});
