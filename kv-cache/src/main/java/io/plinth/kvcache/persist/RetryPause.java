package io.plinth.kvcache.persist;

import java.util.concurrent.TimeUnit;

/** Owned by the thread that saves: how long a snapshot that failed is not tried again by itself; twice as long each time. */
final class RetryPause {
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int MOST_DOUBLINGS = 6;

    private int failures;
    private long until;

    void failed(long nanos) {
        until = nanos + (FIRST_NANOS << Math.min(failures, MOST_DOUBLINGS));
        failures++;
    }

    void succeeded() {
        failures = 0;
    }

    boolean over(long nanos) {
        return failures == 0 || nanos - until >= 0;
    }
}
