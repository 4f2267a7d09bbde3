package io.plinth.kvcache.lua;

/** Ends a run; scripts cannot catch it. Expected, so without a stack trace. */
public class LuaAbort extends RuntimeException {
    public LuaAbort(String message) {
        super(message, null, false, false);
    }
}
