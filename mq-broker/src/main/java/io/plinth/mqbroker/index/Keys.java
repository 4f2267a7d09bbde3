package io.plinth.mqbroker.index;

import java.nio.ByteBuffer;

/** Keys of the index: a letter for the kind, then big-endian numbers, so that a prefix scan comes in order. */
final class Keys {
    private static final byte COVERED = 'c';
    private static final byte MESSAGE = 'm';
    private static final byte DELIVERED = 'r';
    private static final byte DEFINITION = 'd';

    private Keys() {}

    static byte[] covered(int log) {
        return new byte[] {COVERED, (byte) log};
    }

    static byte[] messages(int shard) {
        return new byte[] {MESSAGE, (byte) shard};
    }

    static byte[] messages(int shard, long queueId) {
        return ByteBuffer.allocate(10)
                .put(MESSAGE)
                .put((byte) shard)
                .putLong(queueId)
                .array();
    }

    static byte[] message(int shard, long queueId, long id) {
        return ByteBuffer.allocate(18)
                .put(MESSAGE)
                .put((byte) shard)
                .putLong(queueId)
                .putLong(id)
                .array();
    }

    static byte[] delivered(int shard) {
        return new byte[] {DELIVERED, (byte) shard};
    }

    static byte[] delivered(int shard, long queueId) {
        return ByteBuffer.allocate(10)
                .put(DELIVERED)
                .put((byte) shard)
                .putLong(queueId)
                .array();
    }

    static byte[] definitions() {
        return new byte[] {DEFINITION};
    }
}
