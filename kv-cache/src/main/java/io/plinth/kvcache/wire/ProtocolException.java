package io.plinth.kvcache.wire;

/** The client broke the protocol; the message is the error it gets before the connection is closed. */
public final class ProtocolException extends Exception {
    ProtocolException(String message) {
        super("Protocol error: " + message, null, false, false);
    }
}
