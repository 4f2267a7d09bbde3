package io.plinth.kvcache.wire;

/** A reply, or what waits to be sent to a client, grew past its limit; the connection is closed without an answer. */
public final class OutputLimitException extends RuntimeException {
    public OutputLimitException() {
        super("output buffer: over its limit (expected: at most output-buffer)", null, false, false);
    }
}
