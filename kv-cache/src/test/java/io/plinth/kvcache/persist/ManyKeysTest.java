package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many small strings, from a snapshot and from the journal alone; the profile million-keys asks for a million and looks at the clock. */
@Timeout(300)
class ManyKeysTest {
    private static final int KEYS = Integer.getInteger("many.keys", 50_000);
    private static final int MILLION = 1_000_000;

    @TempDir
    Path folder;

    private static void fill(Keyspace keyspace, long now) {
        KeyRef key = new KeyRef();
        byte[] value = new byte[64];
        Arrays.fill(value, (byte) 'v');
        for (int i = 0; i < KEYS; i++) {
            byte[] name = ("key:" + i).getBytes(StandardCharsets.US_ASCII);
            key.set(keyspace.hasher(), 0, name, 0, name.length);
            Segment segment = keyspace.segment(key.slot());
            segment.lock();
            try {
                segment.putString(key, value, i % 4 == 0 ? now + 1_000_000 : Entry.NEVER, now);
            } finally {
                segment.unlock();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "everysec"})
    void comeBack(String journal) throws Exception {
        try (PersistFixture life = new PersistFixture(folder, journal, true)) {
            fill(life.node.keyspace, life.node.now);
        }
        long start = System.nanoTime();
        try (PersistFixture life = new PersistFixture(folder, journal, false)) {
            long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertThat(life.node.keyspace.keys(0)).isEqualTo(KEYS);
            assertThat(life.node.keyspace.expiring(0)).isEqualTo((KEYS + 3) / 4);
            System.out.println(KEYS + " keys, journal " + journal + ": back after " + took + " ms");
            if (KEYS == MILLION) {
                assertThat(took).isLessThan(5_000);
            }
        }
    }
}
