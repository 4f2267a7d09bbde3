package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.queue.ready.Holder;
import io.plinth.mqbroker.wire.FieldTable;

/** Owned by its shard's loop. A consumer of a queue. */
public final class Subscription implements Holder {
    /** What a channel may have unacknowledged while memory is scarce, unless it asked for more, and what it may ask for then. */
    public static final int SHARE = 100;

    private static final int LARGEST_SHARE = 1000;

    public final ChannelHandle channel;
    public final String tag;
    final boolean noAck;
    final boolean exclusive;
    final int priority;
    /** What the client said beside that: for management. */
    public final FieldTable arguments;
    /** How many deliveries may be unacknowledged; 0 for any number. */
    public final int prefetch;

    private int unacked;

    public Subscription(
            ChannelHandle channel,
            String tag,
            boolean noAck,
            boolean exclusive,
            int prefetch,
            int priority,
            FieldTable arguments) {
        this.channel = channel;
        this.tag = tag;
        this.noAck = noAck;
        this.exclusive = exclusive;
        this.prefetch = prefetch;
        this.priority = priority;
        this.arguments = arguments;
    }

    /** Takes room for one delivery of the size, in its own prefetch, the channel's and the connection's. */
    public boolean tryTake(int size) {
        return tryTake(size, false);
    }

    /**
     * The same.
     *
     * @param scarce whether memory is so short that a channel that holds many gets no more
     */
    boolean tryTake(int size, boolean scarce) {
        if (!noAck && prefetch > 0 && unacked >= prefetch) {
            return false;
        }
        if (!noAck && scarce && channel.window().beyond(Math.clamp(prefetch, SHARE, LARGEST_SHARE))) {
            return false;
        }
        DeliveryWindow octets = channel.outlet().window();
        if (!octets.tryTake(size)) {
            return false;
        }
        if (!noAck && !channel.window().tryTake(1)) {
            octets.give(size);
            return false;
        }
        if (!noAck) {
            unacked++;
        }
        return true;
    }

    @Override
    public ChannelHandle channel() {
        return channel;
    }

    /** One delivery is settled. */
    @Override
    public void settled() {
        unacked--;
    }
}
