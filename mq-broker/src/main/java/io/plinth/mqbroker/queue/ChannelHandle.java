package io.plinth.mqbroker.queue;

/**
 * A channel as shards know it; compared by identity, so a channel number used again is another handle.
 *
 * @see Outlet
 */
public final class ChannelHandle {
    private final Outlet outlet;
    private final int number;
    private final DeliveryWindow window;

    public ChannelHandle(Outlet outlet, int number, DeliveryWindow window) {
        this.outlet = outlet;
        this.number = number;
        this.window = window;
    }

    public Outlet outlet() {
        return outlet;
    }

    public int number() {
        return number;
    }

    /** Bounds unacknowledged deliveries of the whole channel. */
    public DeliveryWindow window() {
        return window;
    }
}
