/** @odoo-module **/

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { useEffect } from "@odoo/owl";

/** A run settles several items within a second: they become one reload. */
const RELOAD_DELAY = 300;

/** The form of a release follows a run without a reload of the page. */
export class ReleaseFormController extends FormController {
    setup() {
        super.setup();
        const progress = useService("ipai_release_progress");
        const reload = useDebounced(() => this.reloadUnlessEdited(), RELOAD_DELAY);
        useEffect(
            (resId) => (resId ? progress.follow(resId, reload) : undefined),
            () => [this.model.root.resId]
        );
    }

    /** What somebody typed is never thrown away: saving it reads the record anyway. */
    async reloadUnlessEdited() {
        if (!(await this.model.root.isDirty())) {
            await this.model.root.load();
        }
    }
}

registry.category("views").add("ipai_release_form", {
    ...formView,
    Controller: ReleaseFormController,
});
