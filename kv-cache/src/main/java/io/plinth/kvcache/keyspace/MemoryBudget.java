package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.store.Region;
import java.util.concurrent.atomic.AtomicLong;

/** Shared by all segments: what the keys take together, and how much they may. Segments report in batches. */
public final class MemoryBudget {
    private static final long MAX_BATCH = 4096;
    private static final long FEW_PAGES = 12 << 20;
    private static final int SLACK_BITS = 6;

    private final AtomicLong used = new AtomicLong();
    private final AtomicLong passing = new AtomicLong();
    private volatile long limit;
    private volatile long batch;
    private volatile long lost;
    /** What of the keys may lie on the heap. */
    private volatile long heap = Long.MAX_VALUE;
    /** How much keys may take before what of them lies on the heap is more than may, as far as they stay what they are. */
    private volatile long mix = Long.MAX_VALUE;

    MemoryBudget(long limit) {
        limit(limit);
    }

    /** What the keys take, but for what segments have not reported yet. */
    public long used() {
        return Math.max(0, used.get());
    }

    /** How much they may take. */
    public long limit() {
        return limit;
    }

    /** Changes the limit; 0 lifts it. */
    void limit(long bytes) {
        limit = bytes == 0 ? Long.MAX_VALUE : bytes;
        batch = Math.clamp(limit / Keyspace.SEGMENTS / 32, 1, MAX_BATCH);
    }

    /** Whether so many bytes more may be taken. */
    public boolean fits(long more) {
        return used.get() <= Math.min(most() - lost, mix) - more;
    }

    private long most() {
        return Math.min(limit, Region.MOST);
    }

    /** Says how much of them may lie on the heap: the JVM ends where that is full. */
    public void onHeap(long bytes) {
        heap = bytes;
    }

    /** How much of them may. */
    public long onHeap() {
        return heap;
    }

    /** So much of what is taken lies in native memory. What is not is over the heap's share only by what comes before the next look. */
    void inNative(long bytes) {
        long taken = used.get();
        long there = taken - bytes;
        mix = there <= 0 ? Long.MAX_VALUE : (long) Math.min(Long.MAX_VALUE, (double) heap / there * taken);
    }

    /** Whether more is taken than may be; {@code easily}: by more than a little. */
    boolean over(boolean easily) {
        return !fits(easily ? -(most() >> SLACK_BITS) : 0);
    }

    /**
     * Says what pages take beside the records in them. More than an eighth of the limit, and the few pages every size has, is taken
     * off the limit, so that what the machine gives stays near it also where pages are emptied more slowly than they become sparse.
     */
    void unused(long pages) {
        lost = Math.clamp(pages - (limit >> 3) - FEW_PAGES, 0, limit >> 1);
    }

    /** So many bytes more, or fewer, are of long strings that no key has: that come, or that went and are still being read. */
    void passing(long delta) {
        passing.addAndGet(delta);
        report(delta);
    }

    /** What such strings take; part of what is used. */
    public long passing() {
        return passing.get();
    }

    long batch() {
        return batch;
    }

    /** Adds what is taken beside keys, or takes it away where negative. */
    public void report(long delta) {
        used.addAndGet(delta);
    }
}
