package io.plinth.dbproxy.group;

/**
 * What one of several shards is sent.
 *
 * @param types of its parameters
 * @param bind formats, values and result formats of the extended protocol; empty for the simple protocol
 */
public record Part(byte[] sql, int[] types, byte[] bind) {
    /** In the simple protocol. */
    public static Part of(byte[] sql) {
        return new Part(sql, new int[0], new byte[0]);
    }

    public boolean extended() {
        return bind.length > 0;
    }
}
