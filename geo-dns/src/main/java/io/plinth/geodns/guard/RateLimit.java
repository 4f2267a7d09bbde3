package io.plinth.geodns.guard;

/**
 * Owned by one event loop: how many alike answers go to one network in a second. Forged queries make a server hit whom
 * they name; this is how much of a hit that can be. Of the answers above the limit every n-th leaves truncated, so that a
 * real client comes back over TCP, and the others not at all.
 *
 * <p>A fixed table: each slot holds a tag, the time and the credit of the last network and answer that came by. Two that
 * share a slot only ever forgive each other.
 */
public final class RateLimit {
    private static final int SLOTS = 1 << 14;
    private static final long PRIME = 0x9E37_79B9_7F4A_7C15L;
    private static final int MILLIS = 1_000;

    private final int[] tags = new int[SLOTS];
    private final int[] times = new int[SLOTS];
    private final int[] credits = new int[SLOTS];
    private final long secret;
    private int slipped;

    /** A table whose slots nobody outside can aim at. */
    public RateLimit(long secret) {
        this.secret = secret;
    }

    /**
     * The limit.
     *
     * @param perSecond alike answers to one network; 0 for no limit
     * @param slip every how many-th answer above it leaves truncated; 0 for none
     * @param ipv4Prefix bits of a network
     * @param ipv6Prefix bits of a network
     */
    public record Rule(int perSecond, int slip, int ipv4Prefix, int ipv6Prefix) {
        /** No limit. */
        public static final Rule NONE = new Rule(0, 0, 24, 56);
    }

    /** What to do with an answer. */
    public enum Verdict {
        SEND,
        SLIP,
        DROP
    }

    /**
     * Counts an answer.
     *
     * @param kind alike answers have the same
     */
    public Verdict check(Rule rule, byte[] source, int kind, long nowMillis) {
        if (rule.perSecond() == 0) {
            return Verdict.SEND;
        }
        long hash = network(source, source.length == 4 ? rule.ipv4Prefix() : rule.ipv6Prefix()) ^ kind;
        hash = (hash ^ (hash >>> 32)) * PRIME;
        int slot = (int) (hash >>> 50);
        int tag = (int) hash;
        int now = (int) nowMillis;
        int most = rule.perSecond() * MILLIS;
        if (tags[slot] != tag) {
            tags[slot] = tag;
            credits[slot] = most;
        } else {
            long earned = Math.max(0, (now - times[slot])) * (long) rule.perSecond();
            credits[slot] = (int) Math.min(most, credits[slot] + earned);
        }
        times[slot] = now;
        if (credits[slot] >= MILLIS) {
            credits[slot] -= MILLIS;
            return Verdict.SEND;
        }
        if (rule.slip() > 0 && ++slipped >= rule.slip()) {
            slipped = 0;
            return Verdict.SLIP;
        }
        return Verdict.DROP;
    }

    private long network(byte[] source, int bits) {
        long hash = secret;
        for (int i = 0; i < bits / 8; i++) {
            hash = (hash ^ (source[i] & 0xFF)) * PRIME;
        }
        if (bits % 8 != 0) {
            hash = (hash ^ (source[bits / 8] & (0xFF00 >>> (bits % 8)) & 0xFF)) * PRIME;
        }
        return hash ^ source.length;
    }
}
