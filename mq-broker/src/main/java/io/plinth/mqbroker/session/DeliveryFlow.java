package io.plinth.mqbroker.session;

import io.plinth.mqbroker.flow.DeliveryWindow;

/** Owned by the connection's event loop. Returns to the shards what deliveries took, as fast as the client reads. */
final class DeliveryFlow {
    private final DeliveryWindow window;
    private long unreleased;

    DeliveryFlow(DeliveryWindow window) {
        this.window = window;
    }

    DeliveryWindow window() {
        return window;
    }

    /**
     * Octets reached the socket's buffer; they are given back at once while that is writable, else with a later call.
     *
     * @return whether a shard had stopped for want of them and is to be asked to go on
     */
    boolean give(long bytes, boolean writable) {
        unreleased += bytes;
        if (!writable) {
            return false;
        }
        window.give(unreleased);
        unreleased = 0;
        return window.wakeStarved();
    }
}
