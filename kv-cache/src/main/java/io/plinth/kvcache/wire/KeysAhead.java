package io.plinth.kvcache.wire;

/**
 * Owned by one event loop: where the first arguments of commands stand that have come and are not run yet, so that what they name
 * can be fetched from memory together. A glance: it reads the plain form that clients send and stops at anything else, which is
 * then decoded, and judged, as ever.
 */
public final class KeysAhead {
    /** So many commands at once: their records fit a processor's first cache. */
    public static final int MOST = 16;

    private static final int LINE = 4;
    private static final int MOST_DIGITS = 6;

    private final int[] offsets = new int[MOST];
    private final int[] lengths = new int[MOST];
    private byte[] buffer = new byte[0];
    private int count;
    /** Of the bulk that {@link #body} looked at last. */
    private int length;

    /** Looks at commands from an offset on; answers how many it knows the first argument of. */
    int look(byte[] bytes, int from, int end) {
        buffer = bytes;
        count = 0;
        int at = from;
        while (count < MOST && at >= 0) {
            at = command(bytes, at, end);
        }
        return count;
    }

    /** Answers where the command ends, -1 where that is not known. */
    private int command(byte[] bytes, int from, int end) {
        if (end - from < LINE || bytes[from] != '*' || bytes[from + 2] != '\r') {
            return -1;
        }
        int words = bytes[from + 1] - '0';
        if (words < 2 || words > 9) {
            return -1;
        }
        int at = from + LINE;
        for (int i = 0; i < words; i++) {
            int body = body(bytes, at, end);
            if (body < 0 || length > end - body) {
                return -1;
            }
            if (i == 1) {
                offsets[count] = body;
                lengths[count] = length;
                count++;
            }
            at = body + length + 2;
        }
        return at;
    }

    /** Where the bytes of a bulk begin, whose length stands at an offset; -1 for anything unusual. */
    private int body(byte[] bytes, int from, int end) {
        if (end - from < LINE || bytes[from] != '$') {
            return -1;
        }
        int value = 0;
        int last = Math.min(end, from + 1 + MOST_DIGITS);
        for (int i = from + 1; i < last; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                length = value;
                return bytes[i] == '\r' && i > from + 1 ? i + 2 : -1;
            }
            value = value * 10 + digit;
        }
        return -1;
    }

    /** How many first arguments are known. */
    public int count() {
        return count;
    }

    /** What they lie in. */
    public byte[] buffer() {
        return buffer;
    }

    /** Where one starts. */
    public int offset(int i) {
        return offsets[i];
    }

    /** How long one is. */
    public int length(int i) {
        return lengths[i];
    }
}
