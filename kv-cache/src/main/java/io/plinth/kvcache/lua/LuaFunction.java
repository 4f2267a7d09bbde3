package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** Something that can be called. */
public abstract class LuaFunction {
    /** Calls it; the answer is one value, or an {@code Object[]} of any number of them. */
    public abstract @Nullable Object call(Interp in, @Nullable Object[] args);
}
