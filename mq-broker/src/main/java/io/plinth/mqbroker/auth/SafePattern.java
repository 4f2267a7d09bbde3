package io.plinth.mqbroker.auth;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression of an operator over a name of a client. Matching ends after so many steps, so that no expression can hold up a loop;
 * what has not matched by then does not match. Look-ahead, which RabbitMQ's own examples use, rules out a matcher without backtracking.
 */
public final class SafePattern {
    /** The longest expression. */
    public static final int MAX_LENGTH = 1024;

    private static final int MAX_STEPS = 200_000;
    private static final String NOTHING = "^$";

    private final @Nullable Pattern pattern;

    private SafePattern(@Nullable Pattern pattern) {
        this.pattern = pattern;
    }

    /** Compiles one; an empty one matches the empty name only, one that is wrong matches nothing. */
    public static SafePattern of(String text) {
        if (text.equals(".*")) {
            return new SafePattern(null);
        }
        try {
            return new SafePattern(Pattern.compile(problem(text) == null && !text.isEmpty() ? text : NOTHING));
        } catch (PatternSyntaxException e) {
            return new SafePattern(Pattern.compile(NOTHING));
        }
    }

    /** What is wrong with an expression, or null. */
    public static @Nullable String problem(String text) {
        if (text.length() > MAX_LENGTH) {
            return "regular expression: " + text.length() + " characters (expected: at most " + MAX_LENGTH + ")";
        }
        try {
            Pattern.compile(text);
            return null;
        } catch (PatternSyntaxException e) {
            return "regular expression: " + e.getDescription() + " near index " + e.getIndex() + " of '" + text + "'";
        }
    }

    /** Whether it matches everything. */
    public boolean all() {
        return pattern == null;
    }

    /** Whether it is found somewhere in the name. */
    public boolean found(String name) {
        if (pattern == null) {
            return true;
        }
        try {
            return pattern.matcher(new Counted(name, new int[] {MAX_STEPS})).find();
        } catch (Exhausted | StackOverflowError e) {
            return false;
        }
    }

    /** Stackless: it only ends the matching. */
    private static final class Exhausted extends RuntimeException {
        Exhausted() {
            super("too many steps", null, false, false);
        }
    }

    /** A name that counts how often the matcher looks at it. */
    private record Counted(String text, int[] left) implements CharSequence {
        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left[0] < 0) {
                throw new Exhausted();
            }
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Counted(text.substring(start, end), left);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
