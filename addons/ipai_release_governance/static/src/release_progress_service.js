/** @odoo-module **/

import { registry } from "@web/core/registry";

const PROGRESS = "ipai_release/progress";

/**
 * Tells open screens that a release changed. One subscription serves all of them, since the bus of
 * 17.0 has no way to end one.
 */
export const releaseProgressService = {
    dependencies: ["bus_service"],

    start(env, { bus_service: bus }) {
        const followers = new Map();

        bus.subscribe(PROGRESS, ({ id }) => {
            for (const callback of followers.get(id) || []) {
                callback();
            }
        });

        return {
            /**
             * Call `callback` whenever release `id` changes; returns the function that ends this.
             */
            follow(id, callback) {
                const channel = `ipai_release_${id}`;
                if (!followers.has(id)) {
                    followers.set(id, new Set());
                    bus.addChannel(channel);
                }
                followers.get(id).add(callback);
                return () => {
                    followers.get(id).delete(callback);
                    if (!followers.get(id).size) {
                        followers.delete(id);
                        bus.deleteChannel(channel);
                    }
                };
            },
        };
    },
};

registry.category("services").add("ipai_release_progress", releaseProgressService);
