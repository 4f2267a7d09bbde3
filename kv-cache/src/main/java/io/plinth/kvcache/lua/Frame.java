package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** One call that is running: the locals of a Lua function, or a mark that a built-in function is calling. */
public final class Frame {
    public final Interp in;
    public final @Nullable Object[] slots;
    public final Cell[] upvalues;
    public final @Nullable Object[] varargs;
    public final @Nullable String chunk;
    public final @Nullable Frame caller;
    public int line;
    /** The call that is running. */
    public @Nullable CallSite site;

    /** How a call is written. */
    public interface CallSite {
        /** What is called, as {@code field 'x'}; null where it has no name. */
        @Nullable
        String calledName();
    }

    /** What a {@code return} left; or the arguments of a tail call. */
    public @Nullable Object result;

    public @Nullable LuaFunction tail;

    public Frame(
            Interp in,
            @Nullable Object[] slots,
            Cell[] upvalues,
            @Nullable Object[] varargs,
            @Nullable String chunk,
            @Nullable Frame caller) {
        this.in = in;
        this.slots = slots;
        this.upvalues = upvalues;
        this.varargs = varargs;
        this.chunk = chunk;
        this.caller = caller;
    }
}
