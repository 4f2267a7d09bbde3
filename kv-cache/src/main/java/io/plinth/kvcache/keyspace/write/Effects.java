package io.plinth.kvcache.keyspace.write;

import java.nio.ByteBuffer;

/** How numbers are written into a change. */
final class Effects {
    private static final byte[] NONE = new byte[0];

    private Effects() {}

    /** Eight bytes, most significant first; nothing where nobody listens. */
    static byte[] number(boolean heard, long value) {
        return heard ? ByteBuffer.allocate(Long.BYTES).putLong(value).array() : NONE;
    }
}
