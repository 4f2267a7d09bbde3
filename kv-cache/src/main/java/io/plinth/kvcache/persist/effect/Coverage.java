package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.value.KeyHash;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Owned by recovery: up to which of its segment's changes a snapshot has each key. A segment is written in pieces, in the order of
 * the keys' hashes; a piece has what was changed before it was written.
 */
public final class Coverage {
    /** The piece that should have the key is damaged. */
    public static final long LOST = -1;

    private static final class Pieces {
        long[] from = new long[4];
        long[] upto = new long[4];
        long[] sequence = new long[4];
        int count;
    }

    private record Single(int segment, int db, ByteBuffer key) {}

    private final KeyHash hasher;
    /** Keys that their piece does not speak for. */
    private final Map<Single, Long> singles = new HashMap<>();

    /** By segment and database: the last flush, after which nothing of what was lost was left. */
    private final long[] flushes = new long[Keyspace.SEGMENTS * Keyspace.DATABASES];

    private final Pieces[] segments = new Pieces[Keyspace.SEGMENTS];

    /** {@code hasher} is the one of the process that wrote the snapshot. */
    public Coverage(KeyHash hasher) {
        this.hasher = hasher;
        Arrays.setAll(segments, i -> new Pieces());
        Arrays.fill(flushes, LOST);
    }

    /** The next piece of a segment: hashes from one on, to another that it does not have. */
    public void add(int segment, long from, long upto, long sequence) {
        Pieces pieces = segments[segment];
        if (pieces.count == pieces.upto.length) {
            pieces.from = Arrays.copyOf(pieces.from, 2 * pieces.count);
            pieces.upto = Arrays.copyOf(pieces.upto, 2 * pieces.count);
            pieces.sequence = Arrays.copyOf(pieces.sequence, 2 * pieces.count);
        }
        pieces.from[pieces.count] = from;
        pieces.upto[pieces.count] = upto;
        pieces.sequence[pieces.count] = sequence;
        pieces.count++;
    }

    /** Says of one key up to which change it is known, or that it is {@link #LOST}. */
    public void set(int segment, int db, byte[] key, long sequence) {
        singles.put(new Single(segment, db, ByteBuffer.wrap(key)), sequence);
    }

    /** A key that was lost is known again, as a change says all of it. */
    void settle(int segment, int db, byte[] key, long sequence) {
        if (!singles.isEmpty()) {
            singles.replace(new Single(segment, db, ByteBuffer.wrap(key)), LOST, sequence);
        }
    }

    /** The same for one that is gone: what is made anew under its name is known from its first part on. */
    void gone(int segment, int db, byte[] key, long sequence) {
        singles.put(new Single(segment, db, ByteBuffer.wrap(key)), sequence);
    }

    /** The same for all keys of a database. */
    void settle(int segment, int db, long sequence) {
        flushes[segment * Keyspace.DATABASES + db] = sequence;
        singles.replaceAll((key, known) -> key.segment == segment && key.db == db && known == LOST ? sequence : known);
    }

    /** Up to which change of its segment a key is known, or {@link #LOST}. */
    public long of(int segment, int db, byte[] key) {
        Long single = singles.isEmpty() ? null : singles.get(new Single(segment, db, ByteBuffer.wrap(key)));
        if (single != null) {
            return single;
        }
        Pieces pieces = segments[segment];
        long hash = hasher.hash(db, key, 0, key.length) & 0xffff_ffffL;
        int at = Arrays.binarySearch(pieces.upto, 0, pieces.count, hash);
        // A piece ends before its bound.
        int index = at >= 0 ? at + 1 : -at - 1;
        return index < pieces.count && pieces.from[index] <= hash
                ? pieces.sequence[index]
                : flushes[segment * Keyspace.DATABASES + db];
    }
}
