package io.plinth.kvcache.keyspace.rdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Hashes whose fields have expiries, as Redis 7.4 writes them (rdb.c, types 24 and 25). */
class RdbFileTest {
    private static final long FIRST = 2_000_000_000_000L;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    private RdbFileTest() {
        file.writeBytes("REDIS0012".getBytes(ISO_8859_1));
        bytes(0xfe, 0);
    }

    private void bytes(int... bytes) {
        for (int each : bytes) {
            file.write(each);
        }
    }

    private void string(byte[] text) {
        bytes(text.length);
        file.writeBytes(text);
    }

    private void string(String text) {
        string(text.getBytes(ISO_8859_1));
    }

    private void begin(int type, String key) {
        bytes(type);
        string(key);
        file.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(FIRST)
                .array());
    }

    private Map<String, Value> read() throws RdbException {
        bytes(0xff, 0, 0, 0, 0, 0, 0, 0, 0);
        Map<String, Value> found = new HashMap<>();
        RdbFile.read(
                new ByteArrayInputStream(file.toByteArray()),
                1 << 20,
                new KeyHash(1),
                Packing.DEFAULT,
                new RdbFile.Visitor() {
                    @Override
                    public void key(long db, byte[] key, Value value, long expireAt) {
                        found.put(new String(key, ISO_8859_1), value);
                    }

                    @Override
                    public void library(byte[] code) {
                        throw new AssertionError("a library");
                    }
                });
        return found;
    }

    private static long expiry(Map<String, Value> found, String key, String field) {
        HashValue hash = (HashValue) Objects.requireNonNull(found.get(key));
        return hash.fieldExpiry(field.getBytes(ISO_8859_1), 0, field.length());
    }

    @Test
    void fieldsKeepTheirExpiries() throws Exception {
        begin(24, "table");
        bytes(3, 1);
        string("a");
        string("1");
        bytes(0);
        string("b");
        string("2");
        bytes(11);
        string("c");
        string("3");
        begin(25, "packed");
        ListPack pack = new ListPack();
        for (String each : new String[] {"x", "1", "" + (FIRST + 5), "y", "2", "0"}) {
            pack.append(each.getBytes(ISO_8859_1));
        }
        string(pack.dump());
        Map<String, Value> found = read();

        assertThat(expiry(found, "table", "a")).isEqualTo(FIRST);
        assertThat(expiry(found, "table", "b")).isZero();
        assertThat(expiry(found, "table", "c")).isEqualTo(FIRST + 10);
        assertThat(expiry(found, "packed", "x")).isEqualTo(FIRST + 5);
        assertThat(expiry(found, "packed", "y")).isZero();
    }

    @Test
    void damageIsSaid() {
        begin(25, "packed");
        ListPack pack = new ListPack();
        pack.append("x".getBytes(ISO_8859_1));
        string(pack.dump());
        assertThatThrownBy(this::read).isInstanceOf(RdbException.class).hasMessageContaining("without value or expiry");
    }
}
