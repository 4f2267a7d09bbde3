package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbOutput;
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
        int length = out.size();
        out.u4(0);
        RdbWriter.dump(value, new RdbOutput() {
            @Override
            public void write(int oneByte) {
                out.u1(oneByte);
            }

            @Override
            public void write(byte[] bytes, int from, int count) {
                out.raw(bytes, from, count);
            }
        });
        out.u4(length, out.size() - length - Integer.BYTES);
        out.u4(0);
    }

    /** The payload of DUMP of what {@link #write} wrote, where it is; nothing follows it. */
    public static ByteBuffer payload(ByteBuffer in) throws RdbException {
        ByteBuffer payload = view(in);
        if (in.getInt() != 0) {
            throw new RdbException("value: of an earlier version");
        }
        return payload;
    }

    /** The value of a payload of DUMP. */
    public static Value value(ByteBuffer payload, KeyHash hasher, Packing packing) throws RdbException {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return RdbReader.restore(bytes, hasher, packing);
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
        byte[] bytes = new byte[length(in)];
        in.get(bytes);
        return bytes;
    }

    /** The same where the bytes are. */
    public static ByteBuffer view(ByteBuffer in) throws RdbException {
        int length = length(in);
        ByteBuffer bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        return bytes;
    }

    private static int length(ByteBuffer in) throws RdbException {
        int length = in.getInt();
        if (length < 0 || length > in.remaining()) {
            throw new RdbException("length: " + length + " (expected: at most what is left, " + in.remaining() + ")");
        }
        return length;
    }
}
