package io.plinth.kvcache.persist.snapshot;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A snapshot is blocks, one behind the other: {@code magic 4 | type 1 | 0 | segment 2 | length 4 | from 8 | upto 8 | sequence 8 |
 * crc32c of the head 4 | crc32c of the body 4}, then the body. An intact head says which keys a damaged body had.
 *
 * @param type what the body is
 * @param segment whose keys
 * @param length of the body
 * @param from the first hash of a piece of a segment
 * @param upto the first hash behind it
 * @param sequence the segment's last change when the piece was written
 */
record Block(int type, int segment, int length, long from, long upto, long sequence) {
    static final int HEAD = 44;

    /** What the file is: version 4, seed of the hashes 8, journal segment to go on with 4, time 8, written at a stop 1, databases 16. */
    static final int FILE = 1;
    /** Keys of one segment. */
    static final int KEYS = 2;
    /** Changes made while the keys were written: each a length and a record. */
    static final int EFFECTS = 3;
    /** Elements of a collection that is too large for one piece. */
    static final int PART = 5;
    /** The libraries of functions, as a change has them. */
    static final int FUNCTIONS = 6;
    /** The same as {@link #FILE}, at the end. */
    static final int END = 4;

    static final int MAGIC = 0x506c4b53;

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** The head and the body as they stand in the file. */
    void write(ByteBuffer into, byte[] body, int offset) {
        head(into, body, offset);
        into.put(body, offset, length);
    }

    /** The head of this body alone. */
    void head(ByteBuffer into, byte[] body, int offset) {
        int at = into.position();
        into.putInt(MAGIC)
                .put((byte) type)
                .put((byte) 0)
                .putShort((short) segment)
                .putInt(length);
        into.putLong(from).putLong(upto).putLong(sequence);
        into.putInt(crc(into.slice(at, HEAD - 8)));
        into.putInt(crc(ByteBuffer.wrap(body, offset, length)));
    }

    /** Whether a body is what was written behind this head. */
    static boolean intact(ByteBuffer head, ByteBuffer body) {
        return head.getInt(HEAD - 4) == crc(body.duplicate());
    }

    /** The head in these bytes, or null where it is none or damaged. */
    static @org.jspecify.annotations.Nullable Block read(ByteBuffer head) {
        if (head.remaining() < HEAD
                || head.getInt(0) != MAGIC
                || head.getInt(HEAD - 8) != crc(head.slice(0, HEAD - 8))) {
            return null;
        }
        return new Block(
                head.get(4),
                head.getShort(6) & 0xffff,
                head.getInt(8),
                head.getLong(12),
                head.getLong(20),
                head.getLong(28));
    }
}
