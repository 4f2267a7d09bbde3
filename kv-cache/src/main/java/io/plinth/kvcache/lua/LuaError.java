package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** An error that scripts can catch: any value. Expected, so without a stack trace. */
public final class LuaError extends RuntimeException {
    private final transient @Nullable Object value;
    private final @Nullable String source;
    private final int line;

    /** {@code source} and {@code line} tell where, {@code null} and 0 where nobody knows. */
    public LuaError(@Nullable Object value, @Nullable String source, int line) {
        super(value instanceof String text ? text : null, null, false, false);
        this.value = value;
        this.source = source;
        this.line = line;
    }

    public @Nullable Object value() {
        return value;
    }

    public @Nullable String source() {
        return source;
    }

    public int line() {
        return line;
    }
}
