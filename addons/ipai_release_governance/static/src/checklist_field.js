/** @odoo-module **/

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { sprintf } from "@web/core/utils/strings";
import { ListRenderer } from "@web/views/list/list_renderer";
import { useState } from "@odoo/owl";

import { RowsField, rowsField } from "./rows_field";

const OPEN = ["pending", "running"];
const UNFOLDED = ["running", "blocked", "failed"];
const BADGES = {
    running: "text-bg-info",
    blocked: "text-bg-danger",
    failed: "text-bg-danger",
    passed: "text-bg-success",
};

/** Items under a heading for each phase; open to begin with is what needs somebody. */
export class ChecklistRenderer extends ListRenderer {
    static recordRowTemplate = "ipai_release_governance.ChecklistRow";

    setup() {
        super.setup();
        /** Phases that the user folded (true) or opened (false). */
        this.folded = useState({});
    }

    startsPhase(row) {
        const rows = this.props.list.records;
        const before = rows[rows.indexOf(row) - 1];
        return !before || before.data.phase_name !== row.data.phase_name;
    }

    isFolded(row) {
        return this.folded[row.data.phase_name] ?? !UNFOLDED.includes(row.data.phase_state);
    }

    toggle(row) {
        this.folded[row.data.phase_name] = !this.isFolded(row);
    }

    /** What the heading of the row's phase says. */
    heading(row) {
        const name = row.data.phase_name;
        const rows = this.props.list.records.filter((other) => other.data.phase_name === name);
        const settled = rows.filter((other) => !OPEN.includes(other.data.outcome)).length;
        const state = row.data.phase_state;
        const states = Object.fromEntries(row.fields.phase_state.selection);
        return {
            name,
            label: states[state],
            badge: BADGES[state] || "text-bg-secondary",
            counts: sprintf(_t("%s of %s settled"), settled, rows.length),
            failed: rows.filter((other) => other.data.is_blocking).length,
        };
    }
}

export class ChecklistField extends RowsField {
    static components = { ...RowsField.components, ListRenderer: ChecklistRenderer };
}

export const checklistField = { ...rowsField, component: ChecklistField };

registry.category("fields").add("ipai_checklist", checklistField);
