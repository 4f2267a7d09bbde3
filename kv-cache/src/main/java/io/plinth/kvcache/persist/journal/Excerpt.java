package io.plinth.kvcache.persist.journal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What one excerpt of a segment holds: a head of {@value #HEAD} bytes ({@code magic 8 | segment 4 | number 4 | length 4 | first 4 |
 * crc32c of the head 4}), then {@code length} bytes of records. {@code first} is where the first record begins that begins here. A
 * record is {@code length 4 | crc32c 4 | bytes}; the checksum is over the segment's number, the length and the bytes. The head
 * says everything that Chronicle's own words say, so that a damaged word loses nothing. The last excerpt of a segment that a process ended
 * itself has no records.
 */
final class Excerpt {
    static final int HEAD = 28;
    /** A record's own head. */
    static final int RECORD = 8;
    /** Small enough that a damaged length costs little, and for the maps of Chronicle to overlap. */
    static final int LARGEST = 32 << 10;

    private static final long MAGIC = 0x506c4b764a726e31L;

    private Excerpt() {}

    /** What Chronicle puts before an excerpt and behind it, at most. */
    private static final int AROUND = 8;

    /** The next of records that have a length and their bytes each: one, and others while they are not more than so many bytes. */
    static ByteBuffer some(ByteBuffer records, int most) {
        int first = records.position();
        int end = first;
        do {
            end += 4 + records.getInt(end);
        } while (end < records.limit() && end + 4 + records.getInt(end) - first <= most);
        return records.slice(first, end - first);
    }

    /** How much of a segment such records take at most: two excerpts in a row have more than one holds. */
    static long space(ByteBuffer records) {
        long bytes = 0;
        for (int at = 0; at < records.limit(); at += 4 + records.getInt(at)) {
            bytes += RECORD + records.getInt(at);
        }
        return bytes + (2 * bytes / LARGEST + 2) * (HEAD + AROUND);
    }

    /** Writes the head in front of {@code length} bytes. */
    static void head(ByteBuffer into, int segment, int number, int length, int first) {
        into.putLong(0, MAGIC)
                .putInt(8, segment)
                .putInt(12, number)
                .putInt(16, length)
                .putInt(20, first)
                .putInt(24, headCrc(into, 0));
    }

    private static int headCrc(ByteBuffer from, int at) {
        CRC32C crc = new CRC32C();
        crc.update(from.slice(at, HEAD - 4));
        return (int) crc.getValue();
    }

    /** Whether an intact head of the segment stands at a place. */
    static boolean isAt(ByteBuffer file, int at, int segment) {
        return at + HEAD <= file.limit()
                && file.getLong(at) == MAGIC
                && file.getInt(at + 8) == segment
                && file.getInt(at + 24) == headCrc(file, at)
                && file.getInt(at + 16) >= 0
                && file.getInt(at + 16) <= LARGEST
                && file.getInt(at + 20) >= 0;
    }

    static int recordCrc(int segment, ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(
                ByteBuffer.allocate(8).putInt(segment).putInt(bytes.remaining()).flip());
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }
}
