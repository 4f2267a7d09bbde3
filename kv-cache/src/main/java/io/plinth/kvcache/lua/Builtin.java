package io.plinth.kvcache.lua;

import org.jspecify.annotations.Nullable;

/** A function that is not written in Lua. */
public final class Builtin extends LuaFunction {
    private final Body body;

    /** What it does. */
    @FunctionalInterface
    public interface Body {
        /** The answer is one value, or an {@code Object[]} of any number of them. */
        @Nullable
        Object call(Interp in, Arguments args);
    }

    public Builtin(Body body) {
        this.body = body;
    }

    /** Adds one to a library's table. */
    public static void add(LuaTable library, String name, Body body) {
        library.set(name, new Builtin(body));
    }

    @Override
    public @Nullable Object call(Interp in, @Nullable Object[] args) {
        return body.call(in, new Arguments(in, args));
    }
}
