package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;

/** Changes of sets, with the segment locked. */
public final class Sets {
    private Sets() {}

    /** Adds a member; answers whether it is new. */
    public static boolean add(Segment segment, Entry entry, byte[] member) {
        long before = entry.bytes();
        if (!entry.set().add(member, segment.packing())) {
            return false;
        }
        segment.mutated(entry, before, Kind.MEMBER, member, null);
        return true;
    }

    /** Removes a member, and the key with the last one; answers whether it was there. */
    public static boolean remove(Segment segment, Entry entry, byte[] member) {
        long before = entry.bytes();
        if (!entry.set().remove(member, 0, member.length)) {
            return false;
        }
        segment.mutated(entry, before, Kind.MEMBER_GONE, member, null);
        return true;
    }
}
