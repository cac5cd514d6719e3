/** @odoo-module **/

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { sprintf } from "@web/core/utils/strings";
import { ListRenderer } from "@web/views/list/list_renderer";
import { useState } from "@odoo/owl";

import { RowsField, rowsField } from "./rows_field";

const OPEN = ["pending", "running"];
const BADGES = {
    running: "text-bg-info",
    blocked: "text-bg-danger",
    failed: "text-bg-danger",
    passed: "text-bg-success",
};

/** A many2one is a pair up to 18.0 and an object from 19.0 on. */
function many2one(value) {
    return Array.isArray(value) ? { id: value[0], name: value[1] } : { id: value.id, name: value.display_name };
}

/** Items under a heading for each phase, which folds them. */
export class ChecklistRenderer extends ListRenderer {
    static recordRowTemplate = "ipai_release_governance.ChecklistRow";

    setup() {
        super.setup();
        this.folded = useState(new Set());
    }

    phaseId(row) {
        return many2one(row.data.phase_id).id;
    }

    startsPhase(row) {
        const rows = this.props.list.records;
        const before = rows[rows.indexOf(row) - 1];
        return !before || this.phaseId(before) !== this.phaseId(row);
    }

    isFolded(row) {
        return this.folded.has(this.phaseId(row));
    }

    toggle(row) {
        const id = this.phaseId(row);
        if (!this.folded.delete(id)) {
            this.folded.add(id);
        }
    }

    /** What the heading of the row's phase says. */
    heading(row) {
        const { id, name } = many2one(row.data.phase_id);
        const rows = this.props.list.records.filter((other) => this.phaseId(other) === id);
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
