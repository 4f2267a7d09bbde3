package io.plinth.kvcache.lua;

/** The light userdata that stands for JSON's null. */
public final class LuaNull {
    public static final LuaNull NULL = new LuaNull();

    private LuaNull() {}
}
