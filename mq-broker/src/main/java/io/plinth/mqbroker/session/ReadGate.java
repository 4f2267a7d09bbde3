package io.plinth.mqbroker.session;

import io.netty.channel.Channel;

/** Owned by the connection's event loop. Why a connection may not be read from, and whether it is. */
final class ReadGate {
    private final long publishWindow;
    private long inFlight;
    private int behind;
    private boolean full;
    private boolean blocked;

    /**
     * An open gate.
     *
     * @param publishWindow octets that may be on their way to shards, or wait in channels, before reading stops
     */
    ReadGate(long publishWindow) {
        this.publishWindow = publishWindow;
    }

    /** So many octets more are on their way to a shard, or wait in a channel; less where negative. */
    void published(long bytes, Channel channel) {
        if (bytes < 0) {
            released(-bytes, channel);
            return;
        }
        inFlight += bytes;
        if (inFlight > publishWindow) {
            full = true;
            apply(channel);
        }
    }

    /** Shards are done with this much; reading goes on once half of the window is free. */
    void released(long bytes, Channel channel) {
        inFlight -= bytes;
        if (full && inFlight <= publishWindow / 2) {
            full = false;
            apply(channel);
        }
    }

    /** One more, or one less, of the channels is behind with its work. */
    void behind(int change, Channel channel) {
        behind += change;
        apply(channel);
    }

    /** An alarm stops publishers. */
    void blocked(boolean on, Channel channel) {
        blocked = on;
        apply(channel);
    }

    private void apply(Channel channel) {
        channel.config().setAutoRead(!full && !blocked && behind == 0);
    }
}
