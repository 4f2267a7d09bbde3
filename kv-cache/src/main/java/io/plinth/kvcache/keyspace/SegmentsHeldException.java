package io.plinth.kvcache.keyspace;

/**
 * A script holds what is needed, and will for long, or databases were exchanged as the command began: it is to be given again later.
 * Expected, so without a stack trace.
 */
public final class SegmentsHeldException extends RuntimeException {
    public SegmentsHeldException() {
        super("held by a script", null, false, false);
    }
}
