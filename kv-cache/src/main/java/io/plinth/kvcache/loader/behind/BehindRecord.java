package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A write as it lies in the store: under {@code length of the loader's name 1 | name | key}
 *
 * <pre>
 * version 1 | has a value 1 | length of the prefix 4 | number 8 | accepted, Unix milliseconds 8 | value
 * </pre>
 */
record BehindRecord(BehindWrite write, long number, long acceptedMillis) {
    private static final int VERSION = 1;
    private static final int HEAD = 22;

    static byte[] key(String loader, byte[] key) {
        byte[] name = loader.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(1 + name.length + key.length)
                .put((byte) name.length)
                .put(name)
                .put(key)
                .array();
    }

    byte[] key() {
        return key(write.loader(), write.key());
    }

    byte[] body() {
        byte[] value = write.value();
        ByteBuffer out = ByteBuffer.allocate(HEAD + (value == null ? 0 : value.length));
        out.put((byte) VERSION).put((byte) (value == null ? 0 : 1)).putInt(write.prefix());
        out.putLong(number).putLong(acceptedMillis);
        if (value != null) {
            out.put(value);
        }
        return out.array();
    }

    static BehindRecord read(byte[] key, byte[] body) throws IOException {
        if (body.length < HEAD || body[0] != VERSION || key.length < 1 || key.length < 1 + (key[0] & 0xff)) {
            throw new IOException("write-behind record: " + body.length + " bytes, version "
                    + (body.length == 0 ? -1 : body[0]) + " (expected: version " + VERSION + ")");
        }
        int name = key[0] & 0xff;
        ByteBuffer in = ByteBuffer.wrap(body, 1, body.length - 1);
        boolean has = in.get() != 0;
        int prefix = in.getInt();
        long number = in.getLong();
        long accepted = in.getLong();
        byte @Nullable [] value = has ? Arrays.copyOfRange(body, HEAD, body.length) : null;
        return new BehindRecord(
                new BehindWrite(
                        new String(key, 1, name, StandardCharsets.UTF_8),
                        Arrays.copyOfRange(key, 1 + name, key.length),
                        prefix,
                        value),
                number,
                accepted);
    }
}
