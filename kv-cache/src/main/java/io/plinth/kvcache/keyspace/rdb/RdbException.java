package io.plinth.kvcache.keyspace.rdb;

/** A value in RDB form is damaged, or of a type that is not known. */
public final class RdbException extends Exception {
    private static final long serialVersionUID = 1L;

    public RdbException(String message) {
        super(message);
    }
}
