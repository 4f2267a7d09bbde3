package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScanTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void returnsEveryKeyThatIsThereThroughoutOnceWhileOthersComeAndGo(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        KeyspaceFixture fixture = new KeyspaceFixture(0, Eviction.ALL_KEYS);
        Set<String> staying = new HashSet<>();
        for (int i = 0; i < 3_000; i++) {
            // Most in one segment, so that its table grows and shrinks during the scan.
            String name = i % 3 == 0 ? "k" + i : "{tag}k" + i;
            staying.add(name);
            fixture.put(name, 3);
        }
        Set<String> coming = new HashSet<>();
        Set<String> seen = new HashSet<>();
        long cursor = 0;
        do {
            boolean grow = random.nextInt(100) < 60;
            for (int i = 0; i < 20; i++) {
                String name = "{tag}x" + random.nextInt(5_000);
                if (grow) {
                    fixture.put(name, 3);
                    coming.add(name);
                } else {
                    coming.stream().limit(40).toList().forEach(gone -> {
                        fixture.delete(gone);
                        coming.remove(gone);
                    });
                }
            }
            cursor = fixture.keyspace.scan(cursor, fixture.now, entry -> {
                String name = new String(entry.key(), ISO_8859_1);
                if (staying.contains(name)) {
                    assertThat(seen.add(name)).as("%s twice", name).isTrue();
                }
            });
        } while (cursor != 0);

        assertThat(seen).isEqualTo(staying);
        fixture.verify();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void returnsEveryFieldOfALargeHashThatIsThereThroughout(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        HashValue hash = new HashValue(new KeyHash(seed));
        Set<String> staying = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            staying.add("f" + i);
            hash.put(("f" + i).getBytes(ISO_8859_1), new byte[0], Packing.DEFAULT);
        }
        Set<String> seen = new HashSet<>();
        long cursor = 0;
        do {
            for (int i = 0; i < 10; i++) {
                byte[] field = ("x" + random.nextInt(2_000)).getBytes(ISO_8859_1);
                if (random.nextInt(3) > 0) {
                    hash.put(field, new byte[0], Packing.DEFAULT);
                } else {
                    hash.remove(field, 0, field.length);
                }
            }
            cursor = hash.scan(cursor, (field, value) -> seen.add(new String(field, ISO_8859_1)));
        } while (cursor != 0);

        assertThat(seen).containsAll(staying);
    }
}
