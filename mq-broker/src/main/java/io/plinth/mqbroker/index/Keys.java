package io.plinth.mqbroker.index;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

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
    private static final byte FOLLOWED = 'w';
    private static final byte LATER_FOLLOWED = 'v';
    private static final byte ONCE_FOLLOWED = 'k';
    private static final byte TIME = 't';
    private static final byte GROUP = 'g';

    private Keys() {}

    static byte[] covered(int log) {
        return new byte[] {COVERED, (byte) log};
    }

    /** As {@link #covered}, of a shard's log; the index of an older release has none, and is made anew. */
    static byte[] followed(int shard) {
        return new byte[] {FOLLOWED, (byte) shard};
    }

    /** Where older releases had that, the last first. */
    static List<byte[]> olderCovered(int shard) {
        return List.of(
                new byte[] {LATER_FOLLOWED, (byte) shard}, new byte[] {ONCE_FOLLOWED, (byte) shard}, covered(shard));
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

    /** What an older release kept of messages that came back. */
    static byte[] returned(int shard) {
        return new byte[] {RETURNED, (byte) shard};
    }

    /** Messages that wait or waited for a time stand under it a second time. */
    static byte[] times(int shard) {
        return new byte[] {TIME, (byte) shard};
    }

    static byte[] times(int shard, long queueId) {
        return queue(TIME, shard, queueId);
    }

    static byte[] time(int shard, long queueId, long time, long id) {
        return ByteBuffer.allocate(26)
                .put(TIME)
                .put((byte) shard)
                .putLong(queueId)
                .putLong(time)
                .putLong(id)
                .array();
    }

    /** Messages of a group stand under it a second time. */
    static byte[] groups(int shard) {
        return new byte[] {GROUP, (byte) shard};
    }

    static byte[] groups(int shard, long queueId) {
        return queue(GROUP, shard, queueId);
    }

    /** The length stands before the name, so that none is the beginning of another. */
    static byte[] group(int shard, long queueId, String group, long id) {
        byte[] name = group.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(20 + name.length)
                .put(GROUP)
                .put((byte) shard)
                .putLong(queueId)
                .putShort((short) name.length)
                .put(name)
                .putLong(id)
                .array();
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

    static byte[] ledger(int shard, long queueId, int lane, int segment) {
        return ByteBuffer.allocate(16)
                .put(LEDGER)
                .put((byte) shard)
                .putLong(queueId)
                .putShort((short) lane)
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
