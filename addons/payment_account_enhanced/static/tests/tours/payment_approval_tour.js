/** @odoo-module **/

import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Wait until the status bar shows a state. */
function stateIs(label) {
    return {
        content: `The payment is ${label}`,
        trigger: `.o_statusbar_status:has(.o_arrow_button_current:contains(${label}))`,
        run: () => {},
    };
}

function press(name, label) {
    return {
        content: `Press ${label}`,
        trigger: `.o_statusbar_buttons button[name=${name}]:contains(${label})`,
        run: "click",
    };
}

tours.add("payment_approval_submit", {
    steps: () => [press("action_submit_for_review", "Submit for Review"), stateIs("Under Review")],
});

tours.add("payment_approval_review", {
    steps: () => [press("action_review", "Review"), stateIs("For Approval")],
});

tours.add("payment_approval_approve_and_post", {
    steps: () => [
        press("action_approve", "Approve"),
        stateIs("Approved"),
        press("action_post", "Post"),
        stateIs("Posted"),
        {
            content: "The voucher can be printed",
            trigger: ".o_statusbar_buttons button[name=action_print_voucher]",
            run: () => {},
        },
    ],
});

tours.add("payment_approval_refused", {
    steps: () => [
        {
            content: "Reset the posted payment",
            trigger: ".o_statusbar_buttons button[name=action_draft]",
            run: "click",
        },
        {
            content: "It is refused in plain words",
            trigger: ".modal-body:contains(Posted payments cannot be reset)",
            run: () => {},
        },
        {
            content: "Close the message",
            trigger: ".modal-footer button.btn-primary",
            run: "click",
        },
        {
            content: "Change the memo",
            trigger: "div[name=memo] input, div[name=ref] input",
            run(helpers) {
                return helpers.edit ? helpers.edit("forged") : helpers.text("forged");
            },
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "That is refused too",
            trigger: ".modal-body:contains(Posted payments cannot be modified)",
            run: () => {},
        },
        {
            content: "Close the message",
            trigger: ".modal-footer button.btn-primary",
            run: "click",
        },
        {
            content: "Discard the change",
            trigger: ".o_form_button_cancel",
            run: "click",
        },
        {
            content: "The memo is what it was",
            trigger: ".o_form_saved, .o_form_view:not(:has(.o_form_button_save:visible))",
            run: () => {},
        },
    ],
});
