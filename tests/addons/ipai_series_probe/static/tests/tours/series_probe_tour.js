/** @odoo-module **/

import { registry } from "@web/core/registry";

const check = () => {};

function view(name, content) {
    return [
        { trigger: `.o_switch_view.o_${name}`, run: "click" },
        { trigger: content, run: check },
    ];
}

const SCREENS = {
    list: [
        { trigger: ".o_list_view .o_data_row:contains('Alpha') button[name='action_done']", run: check },
        { trigger: ".o_search_panel:contains('Draft')", run: check },
    ],
    kanban: [
        ...view("kanban", ".o_kanban_view .o_column_progress, .o_kanban_view .o_kanban_counter"),
        { trigger: ".o_kanban_record:contains('Alpha') .fw-bold:contains('Alpha')", run: check },
        { trigger: ".o_kanban_record:contains('Alpha') .o_probe_added", run: "click" },
    ],
    form: [
        { trigger: ".o_form_view .o_statusbar_status", run: check },
        { trigger: ".o_form_view .o-mail-Chatter button.o-mail-Chatter-sendMessage", run: check },
        { trigger: ".o_field_x2many_list .o_data_row button[name='action_done']", run: "click" },
        {
            trigger: ".o_field_x2many_list .o_data_row:not(:has(button[name='action_done']))",
            run: check,
        },
        { trigger: ".o_control_panel .o_back_button", run: "click" },
    ],
    others: [
        ...view("calendar", ".o_calendar_view .fc-event, .o_calendar_view .o_event"),
        ...view("graph", ".o_graph_view canvas"),
        ...view("pivot", ".o_pivot_view .o_pivot_cell_value"),
        ...view("activity", ".o_activity_view"),
    ],
};

registry.category("web_tour.tours").add("ipai_series_probe", {
    steps: () => Object.values(SCREENS).flat(),
});
