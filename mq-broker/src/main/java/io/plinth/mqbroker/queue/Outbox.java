package io.plinth.mqbroker.queue;

import java.util.ArrayList;
import java.util.List;

/** Owned by a shard's loop. What one turn of the shard has for one connection. */
public final class Outbox {
    private final Outlet outlet;
    private List<ShardEvent> events = new ArrayList<>();
    private long releasedBytes;
    private boolean listed;

    public Outbox(Outlet outlet) {
        this.outlet = outlet;
    }

    void add(ShardEvent event) {
        events.add(event);
    }

    /** Publishes of this size are done with. */
    void released(long bytes) {
        releasedBytes += bytes;
    }

    /** True the first time in a turn. */
    boolean list() {
        boolean first = !listed;
        listed = true;
        return first;
    }

    void flush() {
        listed = false;
        List<ShardEvent> sent = events;
        long bytes = releasedBytes;
        events = new ArrayList<>();
        releasedBytes = 0;
        outlet.accept(sent, bytes);
    }
}
