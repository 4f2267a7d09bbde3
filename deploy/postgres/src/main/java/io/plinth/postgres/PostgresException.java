package io.plinth.postgres;

import java.io.IOException;

/** A server could not be set up, started or stopped; the message is one line that says what to do. */
public final class PostgresException extends IOException {
    public PostgresException(String message) {
        super(message);
    }

    public PostgresException(String message, Throwable cause) {
        super(message, cause);
    }
}
