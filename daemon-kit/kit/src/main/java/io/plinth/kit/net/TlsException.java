package io.plinth.kit.net;

import org.jspecify.annotations.Nullable;

/** A certificate or key cannot be used; the message is one line that says which and why. */
public final class TlsException extends Exception {
    public TlsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
