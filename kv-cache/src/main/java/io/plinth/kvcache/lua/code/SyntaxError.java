package io.plinth.kvcache.lua.code;

/** The text is no Lua; the message is Lua's, with chunk and line. Expected, so without a stack trace. */
public final class SyntaxError extends Exception {
    SyntaxError(String message) {
        super(message, null, false, false);
    }
}
