package io.plinth.mqbroker.index;

import java.nio.ByteBuffer;

/**
 * How far the index follows a log.
 *
 * @param position of the last record that is in it
 * @param epoch of that record
 * @param sequence of that record
 */
record Covered(long position, long epoch, long sequence) {
    static final Covered NOTHING = new Covered(0, 0, 0);

    byte[] bytes() {
        return ByteBuffer.allocate(24)
                .putLong(position)
                .putLong(epoch)
                .putLong(sequence)
                .array();
    }

    static Covered of(byte @org.jspecify.annotations.Nullable [] bytes) {
        if (bytes == null || bytes.length != 24) {
            return NOTHING;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return new Covered(in.getLong(), in.getLong(), in.getLong());
    }
}
