package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import java.nio.ByteBuffer;

/** Changes of parts of strings, with the segment locked. */
public final class Strings {
    private Strings() {}

    /**
     * Puts bytes into a string that is there from a place on, with zeros before them where it was shorter. What is told of it is the
     * part alone, with its place and how long the string was.
     */
    public static void put(Keyspace keyspace, Segment segment, Entry entry, int at, byte[] part) {
        long before = entry.bytes();
        byte[] place = segment.heard()
                ? ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(at)
                        .putLong(entry.length())
                        .array()
                : null;
        entry.put(at, part, keyspace.crowded());
        segment.mutated(entry, before, Kind.PART, place, part);
    }
}
