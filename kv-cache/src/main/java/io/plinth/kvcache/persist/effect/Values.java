package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbReader;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import java.nio.ByteBuffer;

/** Values as DUMP writes them, and behind a hash of an earlier version its fields' expiries. */
public final class Values {
    private Values() {}

    /** Appends a value; with its key's segment locked. */
    public static void write(Value value, ByteSink out) {
        out.block(RdbWriter.dump(value));
        out.u4(0);
    }

    /** Reads what {@link #write} wrote, now or before. */
    public static Value read(ByteBuffer in, KeyHash hasher, Packing packing) throws RdbException {
        Value value = RdbReader.restore(block(in), hasher, packing);
        for (int count = in.getInt(); count > 0; count--) {
            byte[] field = block(in);
            long expireAt = in.getLong();
            if (value instanceof HashValue hash) {
                hash.expireField(field, expireAt);
            }
        }
        return value;
    }

    /** Reads a length and so many bytes. */
    public static byte[] block(ByteBuffer in) throws RdbException {
        int length = in.getInt();
        if (length < 0 || length > in.remaining()) {
            throw new RdbException("length: " + length + " (expected: at most what is left, " + in.remaining() + ")");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }
}
