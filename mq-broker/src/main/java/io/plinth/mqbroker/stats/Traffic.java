package io.plinth.mqbroker.stats;

import java.util.concurrent.atomic.LongAdder;

/** What went through one exchange, or through several; counted by every loop. */
public final class Traffic {
    private final LongAdder in = new LongAdder();
    private final LongAdder out = new LongAdder();
    private final LongAdder unroutable = new LongAdder();

    /** A message was published to it, for so many queues. */
    public void published(int queues) {
        in.increment();
        if (queues == 0) {
            unroutable.increment();
        } else {
            out.add(queues);
        }
    }

    /** What went through another goes on here. */
    public void add(Traffic other) {
        in.add(other.in());
        out.add(other.out());
        unroutable.add(other.unroutable());
    }

    public long in() {
        return in.sum();
    }

    public long out() {
        return out.sum();
    }

    public long unroutable() {
        return unroutable.sum();
    }
}
