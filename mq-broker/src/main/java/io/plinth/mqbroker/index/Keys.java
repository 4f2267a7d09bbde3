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

    private Keys() {}

    static byte[] covered(int log) {
        return new byte[] {COVERED, (byte) log};
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
