package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** Owned by the thread that makes copies: strings of which some bytes changed, a window of each at a time. */
final class StringCopy {
    /** Of the memory that copies may take, what a window takes at most. */
    private static final int SHARE = 8;

    private static final int LONGEST = 8 << 20;

    private final int window;

    StringCopy(long memory) {
        window = Math.clamp(memory / SHARE, 1, LONGEST);
    }

    /** Writes one that was this, piece by piece, before its changes. */
    void write(ChangedKey key, List<ByteBuffer> before, RdbFileWriter out) throws IOException {
        long[] length = {before.stream().mapToLong(ByteBuffer::remaining).sum()};
        key.forEach((change, valueAt) -> {
            ByteBuffer value = value(change);
            if (ChangeRecord.number(change.field(), 1) != length[0]) {
                throw new RdbException("a string of " + length[0] + " bytes (expected: another)");
            }
            length[0] = Math.max(length[0], ChangeRecord.number(change.field(), 0) + value.remaining());
        });
        byte[] bytes = new byte[(int) Math.min(window, length[0])];
        RdbWriter to = key.begin(out, RdbWriter.STRING);
        if (length[0] <= bytes.length) {
            fill(key, before, 0, bytes, bytes.length);
            to.string(bytes);
            return;
        }
        to.length(length[0]);
        for (long from = 0; from < length[0]; from += window) {
            int count = (int) Math.min(window, length[0] - from);
            fill(key, before, from, bytes, count);
            to.raw(ByteBuffer.wrap(bytes, 0, count));
        }
    }

    private static ByteBuffer value(ChangeRecord change) throws RdbException {
        ByteBuffer value = change.value();
        if (change.kind() != io.plinth.kvcache.keyspace.Change.Kind.PART || value == null) {
            throw new RdbException(change.kind() + " (expected: one of a string)");
        }
        return value;
    }

    private static void fill(ChangedKey key, List<ByteBuffer> before, long from, byte[] into, int count)
            throws IOException {
        Arrays.fill(into, 0, count, (byte) 0);
        long at = 0;
        for (ByteBuffer piece : before) {
            put(piece, at, from, into, count);
            at += piece.remaining();
        }
        key.forEach((change, valueAt) -> put(value(change), ChangeRecord.number(change.field(), 0), from, into, count));
    }

    /** Puts what lies in a window of bytes that begin at a place of the string. */
    private static void put(ByteBuffer bytes, long at, long from, byte[] into, int count) {
        long begin = Math.max(at, from);
        long end = Math.min(at + bytes.remaining(), from + count);
        if (begin < end) {
            bytes.get(bytes.position() + (int) (begin - at), into, (int) (begin - from), (int) (end - begin));
        }
    }
}
