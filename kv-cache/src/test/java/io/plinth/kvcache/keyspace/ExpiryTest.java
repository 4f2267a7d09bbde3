package io.plinth.kvcache.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.store.ExpiryWheel;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpiryTest {
    private final KeyspaceFixture fixture = new KeyspaceFixture(0, Eviction.ALL_KEYS);

    private void advance(long millis) {
        fixture.now += millis;
        fixture.keyspace.visits(0, 1, fixture.now);
        for (int i = 0; i < Keyspace.SEGMENTS; ) {
            i += fixture.keyspace.expire(i, fixture.now) ? 1 : 0;
        }
    }

    @Test
    void aReadDoesNotSeeAKeyWhoseTimeIsOver() {
        fixture.put("k", 1, fixture.now + 100);

        fixture.now += 100;
        assertThat(fixture.read("k")).isNotNull();
        fixture.now += 1;
        assertThat(fixture.read("k")).isNull();
        assertThat(fixture.keyspace.stats().expired()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void removesEveryKeyWithinATickOfItsTimeAndNoneBefore(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Long> deadlines = new HashMap<>();
        for (int i = 0; i < 2_000; i++) {
            long ttl = 1 + random.nextLong(1L << (4 + random.nextInt(24)));
            deadlines.put("k" + i, fixture.now + ttl);
            fixture.put("k" + i, 1, fixture.now + ttl);
        }
        while (!deadlines.isEmpty()) {
            advance(random.nextInt(10) == 0 ? random.nextLong(10_000_000) : 1 + random.nextLong(100_000));
            deadlines.values().removeIf(at -> at + 2 * ExpiryWheel.TICK_MILLIS < fixture.now);
            long kept =
                    deadlines.values().stream().filter(at -> at >= fixture.now).count();
            assertThat(fixture.keyspace.keys(0)).isBetween(kept, (long) deadlines.size());
        }
        assertThat(fixture.keyspace.keys(0)).isZero();
        assertThat(fixture.keyspace.memory().used()).isLessThan(256 * 4096);
        fixture.verify();
    }

    @ParameterizedTest
    @ValueSource(longs = {246, 247, 10_000, 56 * 365, -247, -56 * 365})
    void goesOnWhereTheNodeIsUpForLongOrItsClockWasFarOff(long days) {
        fixture.put("before", 1, fixture.now + 1_000);
        fixture.now += days * 24 * 3_600_000;
        for (int i = 0; i < 1_000; i++) {
            fixture.put("k" + i, 1, fixture.now + 1_000 + i);
        }
        advance(1_000 + 500);
        assertThat(fixture.keyspace.keys(0)).isBetween(499L, 502L + 2 * ExpiryWheel.TICK_MILLIS);
        advance(500 + 2 * ExpiryWheel.TICK_MILLIS);
        assertThat(fixture.keyspace.keys(0)).isEqualTo(days < 0 ? 1 : 0);
        fixture.verify();
    }

    @Test
    void countsHowLateKeysGo() {
        for (int i = 0; i < 100; i++) {
            fixture.put("k" + i, 1, fixture.now + 1_000);
        }
        advance(1_020);
        advance(40);
        fixture.put("late", 1, fixture.now + 1_000);
        advance(3_000);
        long[] lags = fixture.keyspace.expiryLags();
        assertThat(lags[0] + lags[1] + lags[2] + lags[3] + lags[4]).isEqualTo(100);
        assertThat(lags[lags.length - 2]).isEqualTo(1);
        assertThat(Keyspace.lagBounds()[lags.length - 2]).isEqualTo(10_000);
    }

    @Test
    void oneVisitIsShortHoweverManyKeysAreOverOrComeNearer() {
        for (int i = 0; i < 5_000; i++) {
            fixture.put("{same}" + i, 1, fixture.now + 100_000 + i % 10);
        }
        int segment = fixture.key("{same}").slot() & Keyspace.SEGMENTS - 1;
        int visits = 0;
        for (int tick = 0; tick < 10_100; tick++) {
            fixture.now += 10;
            while (!fixture.keyspace.expire(segment, fixture.now)) {
                visits++;
            }
        }
        assertThat(fixture.keyspace.keys(0)).isZero();
        // A level down 64 at a time, and gone 32 at a time.
        assertThat(visits).isBetween(200, 1_000);
    }

    @Test
    void followsAnExpiryThatMovesEarlierLaterOrAway() {
        fixture.put("later", 1, fixture.now + 1_000);
        fixture.put("later", 1, fixture.now + 60_000);
        fixture.put("earlier", 1, fixture.now + 60_000);
        fixture.put("earlier", 1, fixture.now + 1_000);
        fixture.put("away", 1, fixture.now + 1_000);
        fixture.put("away", 1);

        advance(2_000);
        assertThat(fixture.keyspace.keys(0)).isEqualTo(2);
        advance(60_000);
        assertThat(fixture.keyspace.keys(0)).isEqualTo(1);
        assertThat(fixture.read("away")).isNotNull();
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void goesOnWhenTheClockIsSetBack() {
        for (long back : new long[] {60, 1_000, 10_000, 500_000, 5_000_000}) {
            fixture.put("before" + back, 1, fixture.now + 60_000);
            advance(50_000);
            fixture.now -= back;
            fixture.put("k", 1, fixture.now + 1_000);
            advance(0);
            assertThat(fixture.read("k")).as("%d back", back).isNotNull();
            // Up to 320 ticks the wheel waits for the clock; the key is gone for readers meanwhile.
            advance(5_000);
            assertThat(fixture.keyspace.keys(0)).as("%d back", back).isEqualTo(1);
            advance(back + 60_000);
            assertThat(fixture.keyspace.keys(0)).as("%d back", back).isZero();
        }
        fixture.verify();
    }

    @Test
    void keysThatAreSetAndRemovedOverAndOverLeaveNothingInTheWheel() {
        for (int i = 0; i < 50_000; i++) {
            fixture.put("lock", 1, fixture.now + 86_400_000 - i);
            fixture.delete("lock");
        }
        KeyRef key = fixture.key("lock");
        assertThat(fixture.keyspace.segment(key.slot()).places()).isLessThan(2_000);
    }

    @Test
    void hashesWithFieldsThatExpireLeaveNothingInTheWheelWhereNoKeyDoes() {
        CommandHarness node = new CommandHarness(Topologies.alone());
        CommandHarness.Connection client = node.connect();
        Segment segment = node.keyspace.segment(Slots.of(new byte[] {'h'}, 0, 1));
        for (int i = 0; i < 10_000; i++) {
            client.run("HSET h a 1 b 2");
            client.run("HEXPIRE h 86400 FIELDS 1 a");
            client.run("DEL h");
        }
        assertThat(segment.places()).isLessThan(2_000);
        client.run("HSET h a 1 b 2");
        for (int i = 0; i < 10_000; i++) {
            client.run("HPEXPIRE h " + (86_400_000 - 10 * i) + " FIELDS 1 a");
        }
        assertThat(segment.places()).isBetween(1, 2_000);
        node.now += 86_400_000 - 99_990 + 100;
        node.keyspace.visits(0, 1, node.now);
        for (int i = 0; i < Keyspace.SEGMENTS; ) {
            i += node.keyspace.expire(i, node.now) ? 1 : 0;
        }
        assertThat(client.run("HKEYS h")).isEqualTo("*1|$1|b|");
    }
}
