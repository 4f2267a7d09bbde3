package io.plinth.lbproxy.route;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a header field, query parameter or cookie of a name must be. Immutable. */
public final class ValueMatch {
    private enum Kind {
        EXACT,
        ANY,
        NONE,
        PATTERN
    }

    private final String name;
    private final byte[] lowerName;
    private final String text;
    private final Kind kind;
    private final @Nullable PathPattern pattern;

    private ValueMatch(String name, String text, Kind kind, @Nullable PathPattern pattern) {
        this.name = name;
        lowerName = name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1);
        this.text = text;
        this.kind = kind;
        this.pattern = pattern;
    }

    /** The value itself, {@code *} for any, {@code !} for none, or {@code ~pattern}. */
    public static ValueMatch parse(String name, String text) {
        if (text.equals("*")) {
            return new ValueMatch(name, text, Kind.ANY, null);
        }
        if (text.equals("!")) {
            return new ValueMatch(name, text, Kind.NONE, null);
        }
        return text.startsWith("~")
                ? new ValueMatch(name, text, Kind.PATTERN, PathPattern.of(text.substring(1)))
                : new ValueMatch(name, text, Kind.EXACT, null);
    }

    String name() {
        return name;
    }

    byte[] lowerName() {
        return lowerName;
    }

    /** Whether absence is what is asked for. */
    boolean wantsNone() {
        return kind == Kind.NONE;
    }

    /** Whether a value fits; null for none. */
    boolean accepts(@Nullable String value) {
        return switch (kind) {
            case EXACT -> text.equals(value);
            case ANY -> value != null;
            case NONE -> value == null;
            case PATTERN -> value != null && pattern != null && pattern.matches(value);
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ValueMatch that && name.equals(that.name) && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + text.hashCode();
    }

    @Override
    public String toString() {
        return name + "=" + text;
    }
}
