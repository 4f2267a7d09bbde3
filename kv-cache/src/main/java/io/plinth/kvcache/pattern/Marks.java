package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.concurrent.atomic.AtomicLong;

/** The marks of all segments, each guarded by its segment's lock. */
public final class Marks {
    private final SegmentMarks[] segments = new SegmentMarks[Keyspace.SEGMENTS];
    private final Keyspace keyspace;
    private final int most;
    private final AtomicLong size = new AtomicLong();

    /** {@code most}: how many keys may have one. */
    public Marks(Keyspace keyspace, int most) {
        this.keyspace = keyspace;
        this.most = most;
        for (int i = 0; i < segments.length; i++) {
            segments[i] = new SegmentMarks(keyspace, i, this);
        }
    }

    /** Those of the segment a key is in. */
    public SegmentMarks of(KeyRef key) {
        return at(key.slot() & Keyspace.SEGMENTS - 1);
    }

    /** Those of a segment. */
    public SegmentMarks at(int segment) {
        return segments[segment];
    }

    /** How many keys have one. */
    public long size() {
        return size.get();
    }

    void count(int delta) {
        size.addAndGet(delta);
    }

    boolean full() {
        return size.get() >= most;
    }

    /** Everything of a database was removed. */
    public void flushed(int db) {
        if (size.get() == 0) {
            return;
        }
        for (int i = 0; i < segments.length; i++) {
            SegmentMarks each = segments[i];
            if (each.size() > 0) {
                keyspace.at(i).lock();
                try {
                    each.flushed(db);
                } finally {
                    keyspace.at(i).unlock();
                }
            }
        }
    }
}
