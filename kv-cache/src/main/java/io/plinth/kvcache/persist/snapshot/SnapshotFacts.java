package io.plinth.kvcache.persist.snapshot;

import java.nio.ByteBuffer;

/**
 * What a snapshot says of itself.
 *
 * @param seed of the hashes its pieces are ordered by
 * @param journalFrom the first segment of the journal with changes it does not have
 * @param writtenMillis when it was begun
 * @param atStop whether it was written as the last thing of a process, with nothing after it
 */
public record SnapshotFacts(long seed, int journalFrom, long writtenMillis, boolean atStop) {
    private static final int VERSION = 1;
    private static final int LENGTH = 25;

    byte[] bytes() {
        return ByteBuffer.allocate(LENGTH)
                .putInt(VERSION)
                .putLong(seed)
                .putInt(journalFrom)
                .putLong(writtenMillis)
                .put((byte) (atStop ? 1 : 0))
                .array();
    }

    static @org.jspecify.annotations.Nullable SnapshotFacts read(ByteBuffer body) {
        if (body.remaining() != LENGTH || body.getInt() != VERSION) {
            return null;
        }
        return new SnapshotFacts(body.getLong(), body.getInt(), body.getLong(), body.get() != 0);
    }
}
