package io.plinth.kit.net;

import org.jspecify.annotations.Nullable;

/** An address could not be bound; the message is one line that says which and what to do. */
public final class ListenException extends Exception {
    public ListenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
