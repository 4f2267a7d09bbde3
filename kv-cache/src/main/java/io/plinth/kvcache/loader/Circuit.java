package io.plinth.kvcache.loader;

import java.util.function.LongSupplier;

/** Guarded by itself: whether a loader is asked. After some failures in a row it is left alone, then one question tries again. */
final class Circuit {
    private final int most;
    private final long openNanos;
    private final LongSupplier nanos;
    private int failures;
    private long openUntil;
    private boolean open;
    private boolean trying;

    Circuit(int most, long openNanos, LongSupplier nanos) {
        this.most = most;
        this.openNanos = openNanos;
        this.nanos = nanos;
    }

    /** Whether a question may be asked now; who asks says how it ended. */
    synchronized boolean admits() {
        if (!open) {
            return true;
        }
        if (trying || nanos.getAsLong() - openUntil < 0) {
            return false;
        }
        trying = true;
        return true;
    }

    /** Whether it is left alone. */
    synchronized boolean isOpen() {
        return open;
    }

    synchronized void succeeded() {
        failures = 0;
        open = false;
        trying = false;
    }

    synchronized void failed() {
        failures++;
        trying = false;
        if (open || failures >= most) {
            open = true;
            openUntil = nanos.getAsLong() + openNanos;
        }
    }
}
