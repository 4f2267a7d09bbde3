package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** A local variable that an inner function uses. */
public final class Cell {
    public @Nullable Object value;

    public Cell(@Nullable Object value) {
        this.value = value;
    }
}
