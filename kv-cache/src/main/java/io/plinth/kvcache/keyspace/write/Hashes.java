package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.value.HashValue;
import java.util.Arrays;

/** Changes of hashes, with the segment locked. */
public final class Hashes {
    private static final byte[] NONE = new byte[0];

    private Hashes() {}

    /** Sets a field, keeping both arrays; the field loses its expiry. Answers whether it is new. */
    public static boolean put(Segment segment, Entry entry, byte[] field, byte[] value) {
        return put(segment, entry, field, value, false);
    }

    /** Sets a field, which keeps its expiry where that is wanted; answers whether it is new. */
    public static boolean put(Segment segment, Entry entry, byte[] field, byte[] value, boolean keepExpiry) {
        long before = entry.bytes();
        boolean added = entry.hash().put(field, value, segment.packing(), keepExpiry);
        segment.mutated(entry, before, keepExpiry && !added ? Kind.FIELD_VALUE : Kind.FIELD, field, value);
        return added;
    }

    /** Removes a field, and the key with the last one; answers whether it was there. */
    public static boolean remove(Segment segment, Entry entry, byte[] buffer, int offset, int length) {
        long before = entry.bytes();
        if (!entry.hash().remove(buffer, offset, length)) {
            return false;
        }
        byte[] field = segment.heard() ? Arrays.copyOfRange(buffer, offset, offset + length) : NONE;
        segment.mutated(entry, before, Kind.FIELD_GONE, field, null);
        return true;
    }

    /** Removes the fields that are over, and the key with the last one; answers how many. */
    public static int over(Segment segment, Entry entry, long nowMillis) {
        int gone = 0;
        for (byte[] field : entry.hash().overdue(nowMillis)) {
            gone += remove(segment, entry, field, 0, field.length) ? 1 : 0;
        }
        return gone;
    }

    /** The same without a command. */
    public static int over(Keyspace keyspace, Segment segment, Entry entry, long nowMillis) {
        byte[] key = entry.key();
        int db = entry.db();
        HashValue hash = entry.hash();
        int gone = over(segment, entry, nowMillis);
        if (gone > 0) {
            keyspace.fieldsOver(db, key, hash.size() == 0);
        }
        return gone;
    }

    /** Gives a field that is there an expiry in Unix milliseconds, or with 0 none. */
    public static void expire(Segment segment, Entry entry, byte[] field, long expireAt) {
        long before = entry.bytes();
        HashValue hash = entry.hash();
        long first = hash.firstExpiry();
        hash.expireField(field, expireAt);
        if (hash.firstExpiry() != first) {
            segment.lookAt(entry, hash);
        }
        segment.mutated(entry, before, Kind.FIELD_EXPIRY, field, Effects.number(segment.heard(), expireAt));
    }
}
