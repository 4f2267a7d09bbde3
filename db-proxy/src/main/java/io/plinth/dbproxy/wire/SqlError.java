package io.plinth.dbproxy.wire;

import org.jspecify.annotations.Nullable;

/**
 * An error as the protocol says it.
 *
 * @param code the five characters of SQLSTATE
 * @param message one line
 * @param hint what to do, or null
 */
public record SqlError(
        String code, String message, @Nullable String hint) {
    public static final String NOT_SUPPORTED = "0A000";
    public static final String CONNECTION_FAILURE = "08006";
    public static final String PROTOCOL_VIOLATION = "08P01";
    public static final String CANNOT_CONNECT_NOW = "57P03";
    public static final String QUERY_CANCELED = "57014";
    public static final String TOO_MANY_CONNECTIONS = "53300";
    public static final String READ_ONLY = "25006";
    public static final String LIMIT_EXCEEDED = "54000";

    public static SqlError of(String code, String message) {
        return new SqlError(code, message, null);
    }

    @Override
    public String toString() {
        return message + " (" + code + ")";
    }
}
