package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.queue.ready.Holder;
import io.plinth.mqbroker.stats.Counts;
import java.util.BitSet;

/**
 * A channel as shards know it; compared by identity, so a channel number used again is another handle.
 *
 * @see Outlet
 */
public final class ChannelHandle implements Holder {
    private final Outlet outlet;
    private final int number;
    private final DeliveryWindow window;
    private final BitSet shards = new BitSet();
    private final Counts counts = new Counts();

    public ChannelHandle(Outlet outlet, int number, DeliveryWindow window) {
        this.outlet = outlet;
        this.number = number;
        this.window = window;
    }

    @Override
    public ChannelHandle channel() {
        return this;
    }

    @Override
    public void settled() {
        // What it got by basic.get takes none of a consumer's room.
    }

    public Outlet outlet() {
        return outlet;
    }

    public int number() {
        return number;
    }

    /** The shards it ever consumed from. Owned by the connection's loop. */
    public BitSet shards() {
        return shards;
    }

    /** What happened on it. Owned by the connection's loop. */
    public Counts counts() {
        return counts;
    }

    /** Bounds unacknowledged deliveries of the whole channel. */
    public DeliveryWindow window() {
        return window;
    }
}
