package io.plinth.mqbroker.index;

import java.nio.ByteBuffer;

/** Keys of the index: a letter for the kind, then big-endian numbers, so that a prefix scan comes in order. */
final class Keys {
    private static final byte COVERED = 'c';
    private static final byte MESSAGE = 'm';
    private static final byte DELIVERED = 'r';
    private static final byte DEFINITION = 'd';
    private static final byte RETURNED = 'e';
    private static final byte DEDUP = 'u';
    private static final byte LANE = 'o';
    private static final byte LEDGER = 'l';
    private static final byte FOLLOWED = 'k';

    private Keys() {}

    static byte[] covered(int log) {
        return new byte[] {COVERED, (byte) log};
    }

    /** As {@link #covered}, of a shard's log; the index of an older release has none, and is made anew. */
    static byte[] followed(int shard) {
        return new byte[] {FOLLOWED, (byte) shard};
    }

    static byte[] messages(int shard) {
        return new byte[] {MESSAGE, (byte) shard};
    }

    static byte[] messages(int shard, long queueId) {
        return queue(MESSAGE, shard, queueId);
    }

    static byte[] message(int shard, long queueId, long id) {
        return message(MESSAGE, shard, queueId, id);
    }

    static byte[] delivered(int shard) {
        return new byte[] {DELIVERED, (byte) shard};
    }

    static byte[] delivered(int shard, long queueId) {
        return queue(DELIVERED, shard, queueId);
    }

    static byte[] returned(int shard) {
        return new byte[] {RETURNED, (byte) shard};
    }

    static byte[] returned(int shard, long queueId) {
        return queue(RETURNED, shard, queueId);
    }

    static byte[] returned(int shard, long queueId, long id) {
        return message(RETURNED, shard, queueId, id);
    }

    static byte[] dedup(int shard) {
        return new byte[] {DEDUP, (byte) shard};
    }

    static byte[] dedup(int shard, long queueId) {
        return queue(DEDUP, shard, queueId);
    }

    static byte[] dedup(int shard, long queueId, long id) {
        return message(DEDUP, shard, queueId, id);
    }

    /** Messages with a priority stand under it a second time. */
    static byte[] lanes(int shard) {
        return new byte[] {LANE, (byte) shard};
    }

    static byte[] lanes(int shard, long queueId) {
        return queue(LANE, shard, queueId);
    }

    static byte[] lane(int shard, long queueId, int priority, long id) {
        return ByteBuffer.allocate(19)
                .put(LANE)
                .put((byte) shard)
                .putLong(queueId)
                .put((byte) priority)
                .putLong(id)
                .array();
    }

    static byte[] ledger(int shard) {
        return new byte[] {LEDGER, (byte) shard};
    }

    static byte[] ledger(int shard, long queueId) {
        return queue(LEDGER, shard, queueId);
    }

    static byte[] ledger(int shard, long queueId, int priority, int segment) {
        return ByteBuffer.allocate(15)
                .put(LEDGER)
                .put((byte) shard)
                .putLong(queueId)
                .put((byte) priority)
                .putInt(segment)
                .array();
    }

    private static byte[] queue(byte kind, int shard, long queueId) {
        return ByteBuffer.allocate(10)
                .put(kind)
                .put((byte) shard)
                .putLong(queueId)
                .array();
    }

    private static byte[] message(byte kind, int shard, long queueId, long id) {
        return ByteBuffer.allocate(18)
                .put(kind)
                .put((byte) shard)
                .putLong(queueId)
                .putLong(id)
                .array();
    }

    static byte[] definitions() {
        return new byte[] {DEFINITION};
    }
}
