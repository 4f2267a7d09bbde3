package io.plinth.mqbroker.log;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * How a piece of a record stands in an excerpt: {@code length 4 | crc32c 4 | segment 4 | flags 1 | payload}, big-endian. The checksum
 * covers everything behind it, the segment too, so that stale blocks of another file never pass.
 */
final class RecordFraming {
    static final int HEADER = 13;
    static final int FIRST = 1;
    static final int LAST = 2;
    /** The excerpt that begins a segment; it carries no record. */
    static final int OPENING = 4;

    private final CRC32C crc = new CRC32C();

    /** Fills {@code out} (cleared here, flipped) with one excerpt. */
    void write(ByteBuffer out, int segment, int flags, ByteBuffer payload) {
        out.clear();
        out.putInt(payload.remaining())
                .putInt(0)
                .putInt(segment)
                .put((byte) flags)
                .put(payload);
        out.flip();
        out.putInt(4, checksum(out, out.limit()));
    }

    /** Appends one whole record to {@code out}, which has room. */
    void append(ByteBuffer out, int segment, ByteBuffer payload) {
        int at = out.position();
        int size = HEADER + payload.remaining();
        out.putInt(payload.remaining())
                .putInt(0)
                .putInt(segment)
                .put((byte) (FIRST | LAST))
                .put(payload);
        out.putInt(at + 4, checksum(out.duplicate().order(out.order()).slice(at, size), size));
    }

    /** Whether {@code in} is exactly one intact excerpt of the segment. */
    boolean intact(ByteBuffer in, int segment) {
        int size = in.remaining();
        int at = in.position();
        return size >= HEADER
                && in.getInt(at) == size - HEADER
                && in.getInt(at + 8) == segment
                && in.getInt(at + 4) == checksum(in.slice(at, size), size);
    }

    static int flags(ByteBuffer in) {
        return in.get(in.position() + 12);
    }

    static ByteBuffer payload(ByteBuffer in) {
        return in.slice(in.position() + HEADER, in.remaining() - HEADER);
    }

    private int checksum(ByteBuffer in, int size) {
        crc.reset();
        crc.update(in.slice(8, size - 8));
        return (int) crc.getValue();
    }
}
