package io.plinth.mqbroker.index;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a message of a queue stands, and what the queue goes by.
 *
 * @param size octets of its content
 */
record Place(
        long position,
        long expiresAt,
        int size,
        int priority,
        @Nullable String group) {
    byte[] bytes() {
        byte[] text = group == null ? new byte[0] : group.getBytes(StandardCharsets.UTF_8);
        boolean marked = priority > 0 || group != null;
        ByteBuffer out = ByteBuffer.allocate(20 + (marked ? 2 + text.length : 0))
                .putLong(position)
                .putLong(expiresAt)
                .putInt(size);
        if (marked) {
            out.put((byte) priority).put((byte) (group == null ? 0 : 1)).put(text);
        }
        return out.array();
    }

    static Place of(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        long position = in.getLong();
        long expiresAt = in.getLong();
        int size = in.getInt();
        int priority = in.hasRemaining() ? in.get() & 0xFF : 0;
        boolean grouped = in.hasRemaining() && in.get() == 1;
        return new Place(
                position,
                expiresAt,
                size,
                priority,
                grouped ? new String(value, in.position(), in.remaining(), StandardCharsets.UTF_8) : null);
    }
}
