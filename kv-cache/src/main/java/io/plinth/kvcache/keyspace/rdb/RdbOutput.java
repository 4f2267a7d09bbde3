package io.plinth.kvcache.keyspace.rdb;

/**
 * Where values are written to, a piece at a time. What fails is a {@link java.io.UncheckedIOException}, so that who visits the elements of
 * a collection may write them.
 */
public interface RdbOutput {
    /** Takes one byte, the lowest of the number. */
    void write(int oneByte);

    /** Takes so many bytes of an array from a place on, which is the caller's again afterwards. */
    void write(byte[] bytes, int from, int length);
}
