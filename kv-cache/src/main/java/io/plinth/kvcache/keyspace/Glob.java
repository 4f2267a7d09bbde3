package io.plinth.kvcache.keyspace;

/** Redis's patterns: {@code *}, {@code ?}, {@code [a-z]}, {@code [^a]} and {@code \} before a literal; linear memory, no recursion. */
public final class Glob {
    private final byte[] pattern;

    public Glob(byte[] pattern) {
        this.pattern = pattern.clone();
    }

    /** Whether it is the pattern that everything matches. */
    public boolean matchesAll() {
        return pattern.length == 1 && pattern[0] == '*';
    }

    /** Whether the whole text matches. */
    public boolean matches(byte[] text) {
        int p = 0;
        int t = 0;
        int starPattern = -1;
        int starText = 0;
        while (t < text.length || p < pattern.length) {
            if (p < pattern.length && pattern[p] == '*') {
                starPattern = p++;
                starText = t;
                continue;
            }
            int after = t < text.length && p < pattern.length ? step(p, text[t]) : -1;
            if (after >= 0) {
                p = after;
                t++;
            } else if (starPattern >= 0 && starText < text.length) {
                p = starPattern + 1;
                t = ++starText;
            } else {
                return false;
            }
        }
        return true;
    }

    /** Where the pattern goes on when its element at {@code p} matches the byte, or -1. */
    private int step(int p, byte value) {
        return switch (pattern[p]) {
            case '?' -> p + 1;
            case '[' -> set(p + 1, value & 0xff);
            case '\\' -> {
                int literal = p + 1 < pattern.length ? p + 1 : p;
                yield pattern[literal] == value ? literal + 1 : -1;
            }
            default -> pattern[p] == value ? p + 1 : -1;
        };
    }

    private int set(int start, int value) {
        int p = start;
        boolean negated = p < pattern.length && pattern[p] == '^';
        if (negated) {
            p++;
        }
        boolean found = false;
        // A set that is not closed ends with the pattern, as in Redis.
        while (p < pattern.length && pattern[p] != ']') {
            if (pattern[p] == '\\' && p + 1 < pattern.length) {
                p++;
                found |= (pattern[p] & 0xff) == value;
                p++;
            } else if (p + 2 < pattern.length && pattern[p + 1] == '-') {
                int low = Math.min(pattern[p] & 0xff, pattern[p + 2] & 0xff);
                int high = Math.max(pattern[p] & 0xff, pattern[p + 2] & 0xff);
                found |= value >= low && value <= high;
                p += 3;
            } else {
                found |= (pattern[p] & 0xff) == value;
                p++;
            }
        }
        return found == negated ? -1 : Math.min(p + 1, pattern.length);
    }
}
