package io.plinth.mqbroker.stats;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** How many queues may have a histogram of their own, over all shards: one takes some kilobytes. */
public final class HistogramBudget {
    private final AtomicInteger left;

    public HistogramBudget(int most) {
        this.left = new AtomicInteger(most);
    }

    /** One more, or null where there is none left. */
    @Nullable
    Latency take() {
        if (left.getAndDecrement() > 0) {
            return new Latency();
        }
        left.incrementAndGet();
        return null;
    }

    /** One less is used. */
    void give() {
        left.incrementAndGet();
    }
}
