package io.plinth.lbproxy.listen;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How many client connections there may be, over all listeners and loops. Thread-safe. */
public final class ConnectionLimit {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong refused = new AtomicLong();
    private volatile int limit;

    public ConnectionLimit(int limit) {
        this.limit = limit;
    }

    /** Sets another limit; connections above it live on. */
    public void change(int next) {
        limit = next;
    }

    /** Connections turned away so far. */
    public long refused() {
        return refused.get();
    }

    /** Counts one in, or refuses it. */
    boolean enter() {
        if (open.incrementAndGet() <= limit) {
            return true;
        }
        open.decrementAndGet();
        refused.incrementAndGet();
        return false;
    }

    /** Counts one out that had entered. */
    void leave() {
        open.decrementAndGet();
    }
}
