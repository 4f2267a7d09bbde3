package io.plinth.dbproxy.rule;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/** An expression in RE2's syntax, found in time linear in the text whatever it is (Cox, 2007), and bounded in size. Immutable. */
final class StatementPattern {
    private static final int MAX_TEXT = 1_000;
    private static final int MAX_PROGRAM = 1_000;

    private final Pattern pattern;

    private StatementPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /** Compiles an expression; throws IllegalArgumentException saying what is wrong with it. */
    static StatementPattern of(String text) {
        if (text.length() > MAX_TEXT) {
            throw new IllegalArgumentException(
                    "regex: " + text.length() + " characters (expected: at most " + MAX_TEXT + ")");
        }
        Pattern compiled;
        try {
            compiled = Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "regex: " + text + ": " + e.getDescription() + " (expected: RE2's syntax)", e);
        }
        if (compiled.programSize() > MAX_PROGRAM) {
            throw new IllegalArgumentException("regex: " + text + " needs " + compiled.programSize()
                    + " steps (expected: at most " + MAX_PROGRAM + ")");
        }
        return new StatementPattern(compiled);
    }

    boolean isFoundIn(String text) {
        return pattern.matcher(text).find();
    }
}
