package io.plinth.kvcache.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EvictionTest {
    private static final long MEMORY = 4 << 20;

    @Test
    void staysWithinItsMemoryWhateverTheKeysAreLike() {
        SplittableRandom random = new SplittableRandom(3);
        KeyspaceFixture fixture = new KeyspaceFixture(MEMORY, Eviction.ALL_KEYS);
        for (int i = 0; i < 60_000; i++) {
            String name = (random.nextInt(4) == 0 ? "{one}" : "") + "k" + random.nextInt(30_000);
            fixture.put(name, random.nextInt(random.nextInt(100) == 0 ? 50_000 : 300));
            if (i % 5_000 == 0) {
                assertThat(fixture.keyspace.stats().bytes()).isLessThan(MEMORY + MEMORY / 16 + 50_000);
                fixture.verify();
            }
        }
        assertThat(fixture.keyspace.stats().evicted()).isPositive();
        assertThat(fixture.keyspace.stats().bytes()).isGreaterThan(MEMORY * 8 / 10);
    }

    @Test
    void keysInUseOutliveAScanOfKeysUsedOnce() {
        KeyspaceFixture fixture = new KeyspaceFixture(MEMORY, Eviction.ALL_KEYS);
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < 2_000; i++) {
                fixture.put("hot" + i, 100);
                fixture.read("hot" + i);
            }
        }
        for (int i = 0; i < 100_000; i++) {
            fixture.put("scan" + i, 100);
            if (i % 10 == 0) {
                fixture.read("hot" + i / 10 % 2_000);
            }
        }
        int kept = 0;
        for (int i = 0; i < 2_000; i++) {
            kept += fixture.read("hot" + i) == null ? 0 : 1;
        }
        assertThat(kept).isGreaterThan(1_900);
    }

    @Test
    void volatileEvictionTakesOnlyKeysWithAnExpiry() {
        KeyspaceFixture fixture = new KeyspaceFixture(MEMORY, Eviction.VOLATILE);
        for (int i = 0; i < 5_000; i++) {
            fixture.put("keep" + i, 100);
            fixture.put("drop" + i, 1_000, fixture.now + 1_000_000);
        }
        assertThat(fixture.keyspace.keys(0) - fixture.keyspace.expiring(0)).isEqualTo(5_000);
        assertThat(fixture.keyspace.stats().evicted()).isPositive();
        fixture.verify();
    }

    /** For a command that makes a long string in one step: most of what is there goes for it. */
    @Test
    void makesRoomForMuchAtOnce() {
        KeyspaceFixture fixture = new KeyspaceFixture(64 << 20, Eviction.ALL_KEYS);
        for (int i = 0; i < 70_000; i++) {
            fixture.put("k" + i, 1_000);
        }
        assertThat(fixture.keyspace.makeRoom(48 << 20)).isTrue();
        assertThat(fixture.keyspace.keys(0)).isPositive();
        fixture.verify();
    }

    @Test
    void withoutEvictionThereIsNoRoomOnceMemoryIsUsed() {
        KeyspaceFixture fixture = new KeyspaceFixture(1 << 20, Eviction.NONE);
        for (int i = 0; i < 2_000; i++) {
            fixture.put("k" + i, 1_000);
        }
        assertThat(fixture.keyspace.makeRoom(0)).isFalse();
        assertThat(fixture.keyspace.keys(0)).isEqualTo(2_000);

        fixture.keyspace.eviction(Eviction.ALL_KEYS);
        assertThat(fixture.keyspace.makeRoom(0)).isTrue();
        fixture.verify();
    }
}
