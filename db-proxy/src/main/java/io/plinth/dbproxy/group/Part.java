package io.plinth.dbproxy.group;

/**
 * What one of several shards is sent.
 *
 * @param types of its parameters
 * @param bind formats, values and result formats of the extended protocol; empty for the simple protocol
 * @param after what is run behind it, of which the client is not told; empty for nothing
 */
public record Part(byte[] sql, int[] types, byte[] bind, String after) {
    public Part(byte[] sql, int[] types, byte[] bind) {
        this(sql, types, bind, "");
    }

    /** The same with something to run behind it. */
    Part then(String more) {
        return new Part(sql, types, bind, more);
    }

    /** In the simple protocol. */
    public static Part of(byte[] sql) {
        return new Part(sql, new int[0], new byte[0]);
    }

    public boolean extended() {
        return bind.length > 0;
    }
}
