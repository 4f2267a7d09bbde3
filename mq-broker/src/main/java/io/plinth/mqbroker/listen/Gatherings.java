package io.plinth.mqbroker.listen;

import io.plinth.mqbroker.flow.Gathering;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** One for each event loop, whichever listeners its connections came by: a loop that rested for one need not for another. */
public final class Gatherings {
    private final LongSupplier interval;
    private final LongSupplier nanoTime;
    private final Map<Executor, Gathering> all = new ConcurrentHashMap<>();

    /**
     * For all loops.
     *
     * @param interval nanoseconds between two looks at the sockets, 0 to look at once
     */
    public Gatherings(LongSupplier interval, LongSupplier nanoTime) {
        this.interval = interval;
        this.nanoTime = nanoTime;
    }

    Gathering of(Executor loop) {
        return all.computeIfAbsent(
                loop, each -> new Gathering(interval.getAsLong(), each, nanoTime, LockSupport::parkNanos));
    }
}
