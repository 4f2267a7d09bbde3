package io.plinth.kvcache.keyspace.store;

/**
 * What a look at each record of a segment comes to. Immutable.
 *
 * @param keys how many there are
 * @param bytes what they take
 * @param expiring how many of them expire
 * @param queued what those take that are queued for eviction
 */
public record Census(long keys, long bytes, long expiring, long queued) {
    /** Looks at each, with the segment locked. */
    public static Census of(Records records) {
        long[] sums = new long[4];
        records.forEach(place -> {
            int handle = Records.handle(place);
            long own = records.bytes(handle);
            sums[0]++;
            sums[1] += own;
            sums[2] += records.expireAt(handle) == Records.NEVER ? 0 : 1;
            sums[3] += records.uses().isQueued(handle) ? own : 0;
        });
        return new Census(sums[0], sums[1], sums[2], sums[3]);
    }

    /** Says how many keys there are, and how many of them expire. */
    @FunctionalInterface
    public interface Counts {
        boolean are(long keys, long expiring);
    }

    /** Whether what was counted is what was seen. */
    public void verify(Records records, Counts counts, long bytesCounted, long queuedCounted) {
        boolean right = keys == records.size() && counts.are(keys, expiring);
        if (!right || bytes != bytesCounted || queued != queuedCounted) {
            throw new IllegalStateException("segment - table=" + records.size() + " bytes=" + bytesCounted + " queued="
                    + queuedCounted + " seen=" + this);
        }
    }
}
