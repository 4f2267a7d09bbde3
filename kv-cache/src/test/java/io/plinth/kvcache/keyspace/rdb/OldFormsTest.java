package io.plinth.kvcache.keyspace.rdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Ziplists and zipmaps; RedisDifferentialIT compares what comes of the same payloads with Redis. */
class OldFormsTest {
    private static final String REDIS_6 =
            "524544495330303039fe000d016811110000000d0000000200000166030176ffff0000000000000000";

    private static List<byte[]> payloads() throws Exception {
        try (var in = Objects.requireNonNull(OldFormsTest.class.getResourceAsStream("old-forms.txt"))) {
            return new String(in.readAllBytes(), ISO_8859_1)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> HexFormat.of().parseHex(line.substring(line.indexOf('\t') + 1)))
                    .toList();
        }
    }

    private static Value restore(byte[] payload) throws RdbException {
        return RdbReader.restore(payload, new KeyHash(1), Packing.DEFAULT);
    }

    @Test
    void aFileOfRedis6IsRead() throws Exception {
        List<String> found = new ArrayList<>();
        RdbFile.Visitor visitor = new RdbFile.Visitor() {
            @Override
            public void key(long db, byte[] key, Value value, long expireAt) {
                byte[] held = ((HashValue) value).get("f".getBytes(ISO_8859_1), 0, 1);
                found.add(new String(key, ISO_8859_1) + new String(Objects.requireNonNull(held), ISO_8859_1));
            }

            @Override
            public void library(byte[] code) {
                throw new AssertionError("a library");
            }
        };
        byte[] file = HexFormat.of().parseHex(REDIS_6);
        RdbFile.read(new ByteArrayInputStream(file), 1 << 20, new KeyHash(1), Packing.DEFAULT, visitor);
        assertThat(found).containsExactly("hv");
    }

    @Test
    void whateverIsDamagedIsSaidOrIsAValue() throws Exception {
        for (byte[] payload : payloads()) {
            for (int i = 0; i < payload.length; i++) {
                for (int changed : new int[] {0, 0x7f, 0x80, 0xfe, 0xff, payload[i] + 1}) {
                    byte[] damaged = payload.clone();
                    damaged[i] = (byte) changed;
                    try {
                        assertThat(restore(damaged).size()).isNotNegative();
                    } catch (RdbException e) {
                        assertThat(e).hasMessageNotContaining("null");
                    }
                }
            }
        }
    }

    @Test
    void theCountTheEndAndWhatStandsBeforeAreChecked() {
        // Of the ziplist with f and v: its length, where its last entry is, its count, and how long the first one is.
        for (int at : new int[] {2, 6, 10, 15}) {
            byte[] payload = HexFormat.of().parseHex("0d11110000000d0000000200000166030176ff09000000000000000000");
            payload[at]++;
            assertThatThrownBy(() -> restore(payload))
                    .isInstanceOf(RdbException.class)
                    .hasMessageContaining("ziplist: damaged");
        }
    }
}
