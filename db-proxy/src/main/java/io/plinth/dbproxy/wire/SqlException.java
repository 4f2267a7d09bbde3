package io.plinth.dbproxy.wire;

/** Carries an error to where it is told to the client; has no stack trace, as it is expected. */
public final class SqlException extends Exception {
    private final transient SqlError error;

    public SqlException(SqlError error) {
        super(error.toString(), null, false, false);
        this.error = error;
    }

    public SqlException(String code, String message) {
        this(SqlError.of(code, message));
    }

    public SqlError error() {
        return error;
    }
}
