package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;

/** Changes of sorted sets, with the segment locked. */
public final class SortedSets {
    private SortedSets() {}

    /** Sets a member's score; answers what it was, NaN where the member is new. Where it is the same nothing has changed. */
    public static double put(Segment segment, Entry entry, byte[] member, double score) {
        long before = entry.bytes();
        double old = entry.sortedSet().put(member, score, segment.packing());
        if (old != score) {
            byte[] bits = Effects.number(segment.heard(), Double.doubleToRawLongBits(score));
            segment.mutated(entry, before, Kind.SCORE, member, bits);
        }
        return old;
    }

    /** Removes a member, and the key with the last one; answers whether it was there. */
    public static boolean remove(Segment segment, Entry entry, byte[] member) {
        long before = entry.bytes();
        if (!entry.sortedSet().remove(member, 0, member.length)) {
            return false;
        }
        segment.mutated(entry, before, Kind.MEMBER_GONE, member, null);
        return true;
    }
}
