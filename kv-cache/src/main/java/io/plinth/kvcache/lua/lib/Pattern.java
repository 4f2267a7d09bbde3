package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.Values;
import org.jspecify.annotations.Nullable;

/** Owned by one call: one of Lua's patterns at work on one text. */
final class Pattern {
    private static final int MAX_CAPTURES = 32;
    private static final int MAX_DEPTH = 200;
    private static final int UNFINISHED = -1;
    private static final int POSITION = -2;
    private static final int NONE = -1;

    private final Interp in;
    private final String text;
    private final String pattern;
    private final int[] starts = new int[MAX_CAPTURES];
    private final int[] lengths = new int[MAX_CAPTURES];
    private int level;
    private int depth;

    Pattern(Interp in, String text, String pattern) {
        this.in = in;
        this.text = text;
        this.pattern = pattern;
    }

    /** Where a match that starts here ends, or -1. */
    int match(int from, int patternFrom) {
        level = 0;
        depth = 0;
        return at(from, patternFrom);
    }

    int captures() {
        return level;
    }

    /** Captures as values; the whole match where there are none and {@code whole} says so. */
    @Nullable
    Object[] values(int from, int to, boolean whole) {
        int count = level == 0 && whole ? 1 : level;
        @Nullable Object[] values = new Object[count];
        for (int i = 0; i < count; i++) {
            values[i] = value(i, from, to);
        }
        return values;
    }

    Object value(int i, int from, int to) {
        if (i >= level) {
            if (i != 0) {
                throw in.error("invalid capture index");
            }
            return cut(from, to);
        }
        if (lengths[i] == UNFINISHED) {
            throw in.error("unfinished capture");
        }
        return lengths[i] == POSITION ? Values.number(starts[i] + 1) : cut(starts[i], starts[i] + lengths[i]);
    }

    String whole(int from, int to) {
        return cut(from, to);
    }

    private String cut(int from, int to) {
        in.charge(48L + to - from);
        return text.substring(from, to);
    }

    private LuaError malformed(String why) {
        return in.error("malformed pattern (" + why + ")");
    }

    private int at(int from, int patternFrom) {
        if (++depth > MAX_DEPTH) {
            throw in.error("pattern too complex");
        }
        try {
            return loop(from, patternFrom);
        } finally {
            depth--;
        }
    }

    private int loop(int from, int patternFrom) {
        int s = from;
        int p = patternFrom;
        while (p < pattern.length()) {
            in.step();
            char c = pattern.charAt(p);
            if (c == '(') {
                boolean position = p + 1 < pattern.length() && pattern.charAt(p + 1) == ')';
                return open(s, position ? p + 2 : p + 1, position ? POSITION : UNFINISHED);
            }
            if (c == ')') {
                return close(s, p + 1);
            }
            if (c == '$' && p + 1 == pattern.length()) {
                return s == text.length() ? s : NONE;
            }
            if (c == '%' && p + 1 < pattern.length()) {
                char d = pattern.charAt(p + 1);
                if (d == 'b') {
                    s = balance(s, p + 2);
                    if (s == NONE) {
                        return NONE;
                    }
                    p += 4;
                    continue;
                }
                if (d == 'f') {
                    p += 2;
                    if (p >= pattern.length() || pattern.charAt(p) != '[') {
                        throw in.error("missing '[' after '%f' in pattern");
                    }
                    int end = classEnd(p);
                    int previous = s == 0 ? 0 : text.charAt(s - 1);
                    int next = s < text.length() ? text.charAt(s) : 0;
                    if (inSet(previous, p, end - 1) || !inSet(next, p, end - 1)) {
                        return NONE;
                    }
                    p = end;
                    continue;
                }
                if (d >= '0' && d <= '9') {
                    s = back(s, d);
                    if (s == NONE) {
                        return NONE;
                    }
                    p += 2;
                    continue;
                }
            }
            int end = classEnd(p);
            char suffix = end < pattern.length() ? pattern.charAt(end) : 0;
            boolean one = s < text.length() && single(text.charAt(s), p, end);
            switch (suffix) {
                case '?' -> {
                    if (one) {
                        int rest = at(s + 1, end + 1);
                        if (rest != NONE) {
                            return rest;
                        }
                    }
                    p = end + 1;
                }
                case '*' -> {
                    return most(s, p, end);
                }
                case '+' -> {
                    return one ? most(s + 1, p, end) : NONE;
                }
                case '-' -> {
                    return least(s, p, end);
                }
                default -> {
                    if (!one) {
                        return NONE;
                    }
                    s++;
                    p = end;
                }
            }
        }
        return s;
    }

    private int most(int s, int p, int end) {
        int count = 0;
        while (s + count < text.length() && single(text.charAt(s + count), p, end)) {
            count++;
        }
        in.steps(count / 8);
        for (; count >= 0; count--) {
            int rest = at(s + count, end + 1);
            if (rest != NONE) {
                return rest;
            }
        }
        return NONE;
    }

    private int least(int from, int p, int end) {
        int s = from;
        while (true) {
            int rest = at(s, end + 1);
            if (rest != NONE) {
                return rest;
            }
            if (s < text.length() && single(text.charAt(s), p, end)) {
                s++;
            } else {
                return NONE;
            }
        }
    }

    private int open(int s, int p, int what) {
        if (level >= MAX_CAPTURES) {
            throw in.error("too many captures");
        }
        starts[level] = s;
        lengths[level] = what;
        level++;
        int end = at(s, p);
        if (end == NONE) {
            level--;
        }
        return end;
    }

    private int close(int s, int p) {
        int i = level - 1;
        while (i >= 0 && lengths[i] != UNFINISHED) {
            i--;
        }
        if (i < 0) {
            throw in.error("invalid pattern capture");
        }
        lengths[i] = s - starts[i];
        int end = at(s, p);
        if (end == NONE) {
            lengths[i] = UNFINISHED;
        }
        return end;
    }

    private int back(int s, char digit) {
        int i = digit - '1';
        if (i < 0 || i >= level || lengths[i] == UNFINISHED) {
            throw in.error("invalid capture index");
        }
        int length = lengths[i];
        return length >= 0 && text.regionMatches(starts[i], text, s, length) && s + length <= text.length()
                ? s + length
                : NONE;
    }

    private int balance(int s, int p) {
        if (p + 1 >= pattern.length()) {
            throw in.error("unbalanced pattern");
        }
        if (s >= text.length() || text.charAt(s) != pattern.charAt(p)) {
            return NONE;
        }
        char opening = pattern.charAt(p);
        char closing = pattern.charAt(p + 1);
        int open = 1;
        in.steps((text.length() - s) / 8);
        for (int i = s + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == closing) {
                if (--open == 0) {
                    return i + 1;
                }
            } else if (c == opening) {
                open++;
            }
        }
        return NONE;
    }

    private int classEnd(int from) {
        int p = from;
        char c = pattern.charAt(p++);
        if (c == '%') {
            if (p >= pattern.length()) {
                throw malformed("ends with '%'");
            }
            return p + 1;
        }
        if (c == '[') {
            if (p < pattern.length() && pattern.charAt(p) == '^') {
                p++;
            }
            do {
                if (p >= pattern.length()) {
                    throw malformed("missing ']'");
                }
                if (pattern.charAt(p++) == '%' && p < pattern.length()) {
                    p++;
                }
            } while (p >= pattern.length() || pattern.charAt(p) != ']');
            return p + 1;
        }
        return p;
    }

    private boolean single(int c, int p, int end) {
        char kind = pattern.charAt(p);
        return switch (kind) {
            case '.' -> true;
            case '%' -> inClass(c, pattern.charAt(p + 1));
            case '[' -> inSet(c, p, end - 1);
            default -> kind == c;
        };
    }

    private boolean inSet(int c, int from, int closing) {
        boolean wanted = true;
        int p = from;
        if (pattern.charAt(p + 1) == '^') {
            wanted = false;
            p++;
        }
        while (++p < closing) {
            char at = pattern.charAt(p);
            if (at == '%') {
                p++;
                if (inClass(c, pattern.charAt(p))) {
                    return wanted;
                }
            } else if (pattern.charAt(p + 1) == '-' && p + 2 < closing) {
                p += 2;
                if (at <= c && c <= pattern.charAt(p)) {
                    return wanted;
                }
            } else if (at == c) {
                return wanted;
            }
        }
        return !wanted;
    }

    static boolean inClass(int c, char name) {
        boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        boolean digit = c >= '0' && c <= '9';
        boolean member = switch (name | 0x20) {
            case 'a' -> letter;
            case 'c' -> c < 32 || c == 127;
            case 'd' -> digit;
            case 'l' -> c >= 'a' && c <= 'z';
            case 'p' -> c > 32 && c < 127 && !letter && !digit;
            case 's' -> c == ' ' || (c >= 9 && c <= 13);
            case 'u' -> c >= 'A' && c <= 'Z';
            case 'w' -> letter || digit;
            case 'x' -> digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            case 'z' -> c == 0;
            default -> name == c;
        };
        boolean known = "acdlpsuwxz".indexOf(name | 0x20) >= 0
                && ((name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z'));
        if (!known) {
            return name == c;
        }
        return name < 'a' ? !member : member;
    }
}
