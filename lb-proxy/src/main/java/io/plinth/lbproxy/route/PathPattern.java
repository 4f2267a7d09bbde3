package io.plinth.lbproxy.route;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A pattern in RE2's syntax, matched whole, in time linear in the text whatever the pattern (Cox, 2007), and bounded in
 * size. Immutable.
 */
public final class PathPattern {
    private static final int MAX_TEXT = 1_000;
    private static final int MAX_PROGRAM = 1_000;

    private final Pattern pattern;

    private PathPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /** Compiles a pattern; throws IllegalArgumentException saying what is wrong with it. */
    public static PathPattern of(String text) {
        if (text.length() > MAX_TEXT) {
            throw new IllegalArgumentException(
                    "pattern: " + text.length() + " characters (expected: at most " + MAX_TEXT + ")");
        }
        Pattern compiled;
        try {
            compiled = Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("pattern: " + text + " (" + e.getDescription() + ")", e);
        }
        if (compiled.programSize() > MAX_PROGRAM) {
            throw new IllegalArgumentException("pattern: " + text + " needs " + compiled.programSize()
                    + " steps (expected: at most " + MAX_PROGRAM + ")");
        }
        return new PathPattern(compiled);
    }

    /** The pattern of a path that begins with {@code ~}; null for the other kinds of paths. */
    public static @Nullable PathPattern ofPath(String path) {
        return path.startsWith("~") ? of(path.substring(1)) : null;
    }

    boolean matches(String text) {
        return pattern.matches(text);
    }

    int groups() {
        return pattern.groupCount();
    }

    /** What the groups hold, the whole text first; null when it does not match. */
    @Nullable
    String @Nullable [] groupsOf(String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.matches()) {
            return null;
        }
        @Nullable String[] groups = new String[pattern.groupCount() + 1];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = matcher.group(i);
        }
        return groups;
    }
}
