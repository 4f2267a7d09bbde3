package io.plinth.kit.lifecycle;

import org.jspecify.annotations.Nullable;

/** A node cannot start; the message says which and what to do, and nothing was left open. */
public final class StartException extends Exception {
    public StartException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
