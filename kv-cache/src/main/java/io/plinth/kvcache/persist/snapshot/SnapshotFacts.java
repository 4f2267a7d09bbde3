package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.store.Databases;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a snapshot says of itself.
 *
 * @param seed of the hashes its pieces are ordered by
 * @param journalFrom the first segment of the journal with changes it does not have
 * @param writtenMillis when it was begun
 * @param atStop whether it was written as the last thing of a process, with nothing after it
 * @param databases where they were when it was begun; files of version 1 do not say, and had them where they are at first
 */
public record SnapshotFacts(long seed, int journalFrom, long writtenMillis, boolean atStop, Databases.Order databases) {
    private static final int VERSION = 2;
    private static final int FIRST_LENGTH = 25;
    private static final int LENGTH = FIRST_LENGTH + Databases.COUNT;
    /** Those of each version. */
    static final List<Integer> LENGTHS = List.of(LENGTH, FIRST_LENGTH);

    byte[] bytes() {
        return ByteBuffer.allocate(LENGTH)
                .putInt(VERSION)
                .putLong(seed)
                .putInt(journalFrom)
                .putLong(writtenMillis)
                .put((byte) (atStop ? 1 : 0))
                .put(databases.bytes())
                .array();
    }

    static @org.jspecify.annotations.Nullable SnapshotFacts read(ByteBuffer body) {
        int length = body.remaining();
        if (!LENGTHS.contains(length) || body.getInt() != (length == LENGTH ? VERSION : 1)) {
            return null;
        }
        long seed = body.getLong();
        int journalFrom = body.getInt();
        long written = body.getLong();
        boolean atStop = body.get() != 0;
        byte[] stored = new byte[body.remaining()];
        body.get(stored);
        Databases.Order order = stored.length == 0 ? Databases.Order.FIRST : Databases.Order.of(stored);
        return new SnapshotFacts(seed, journalFrom, written, atStop, order);
    }
}
