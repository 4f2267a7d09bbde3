package io.plinth.mqbroker.stats;

import java.util.concurrent.atomic.LongAdder;

/** How much came and went since the start; counted by every loop. */
public final class Churn {
    private final LongAdder channels = new LongAdder();
    private final LongAdder created = new LongAdder();
    private final LongAdder declared = new LongAdder();
    private final LongAdder deleted = new LongAdder();

    public void channelOpened() {
        channels.increment();
    }

    /** A queue was asked for that is made now, or is there. */
    public void queueDeclared(boolean made) {
        declared.increment();
        if (made) {
            created.increment();
        }
    }

    public void queuesDeleted(int count) {
        deleted.add(count);
    }

    public long channels() {
        return channels.sum();
    }

    public long queuesCreated() {
        return created.sum();
    }

    public long queuesDeclared() {
        return declared.sum();
    }

    public long queuesDeleted() {
        return deleted.sum();
    }
}
