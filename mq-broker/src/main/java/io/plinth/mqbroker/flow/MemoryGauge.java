package io.plinth.mqbroker.flow;

import java.util.concurrent.atomic.AtomicLong;

/** How much memory messages take, over all shards; raises the alarm past the limit and clears it at four fifths of that. */
public final class MemoryGauge {
    private final long limit;
    private final Alarms alarms;
    private final AtomicLong used = new AtomicLong();

    public MemoryGauge(long limit, Alarms alarms) {
        this.limit = limit;
        this.alarms = alarms;
    }

    public void add(long bytes) {
        long before = used.getAndAdd(bytes);
        long after = before + bytes;
        if (before <= limit && after > limit) {
            alarms.set(Alarms.Reason.MEMORY, true);
        } else if (before > limit / 5 * 4 && after <= limit / 5 * 4) {
            alarms.set(Alarms.Reason.MEMORY, false);
        }
    }

    /** Whether content that also rests in the log should leave memory. */
    public boolean tight() {
        return used.get() > limit / 2;
    }

    /** Whether so little is left that who holds much gets no more: what is handed out cannot leave memory. */
    public boolean scarce() {
        return used.get() > limit / 4 * 3;
    }

    public long used() {
        return used.get();
    }
}
