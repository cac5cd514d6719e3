/** @odoo-module **/

import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/**
 * A table whose rows open in a dialog of their own.
 *
 * Odoo's dialog of a row edits it as a part of its parent: a tester, who may write items but not
 * releases, could only read there. Here the row is opened, written and checked as itself.
 */
export class RowsField extends X2ManyField {
    async openRecord(row) {
        const parent = this.props.record;
        if ((await parent.isDirty()) && !(await parent.save())) {
            return;
        }
        await this.action.doAction(
            {
                type: "ir.actions.act_window",
                name: row.data.display_name,
                res_model: row.resModel,
                res_id: row.resId,
                views: [[false, "form"]],
                target: "new",
            },
            { onClose: () => parent.load() }
        );
    }
}

export const rowsField = { ...x2ManyField, component: RowsField };

registry.category("fields").add("ipai_rows", rowsField);
