package io.plinth.kvcache.command.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.QuotaConfig;
import io.plinth.kvcache.pattern.PatternConfig.QuotaMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.pattern.PatternCounts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What patterns of keys may take, and which keys go for it. */
class QuotasTest {
    private static final String USED_UP = "-OOM quota of pattern 'one' is used up.|";

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection a = node.connect();

    private static PatternConfig pattern(String prefix, @Nullable QuotaConfig quota) {
        return new PatternConfig(
                prefix,
                0,
                null,
                0,
                Duration.ZERO,
                Duration.ofSeconds(30),
                false,
                quota,
                null,
                true,
                WriteMode.NONE,
                FailureMode.ERROR);
    }

    private static QuotaConfig keys(long most, QuotaMode over) {
        return new QuotaConfig(null, most, over);
    }

    private static QuotaConfig bytes(long most) {
        return new QuotaConfig(new DataSize(most), null, QuotaMode.EVICT);
    }

    private void use(PatternConfig one) {
        node.patterns.use(Map.of("one", one));
    }

    private PatternCounts counts(String name) {
        return node.patterns.patterns().rules().stream()
                .filter(rule -> rule.name().equals(name))
                .findFirst()
                .orElseThrow()
                .counts();
    }

    /** Keys of database 0 that begin so, and what they take. */
    private long[] counted(String prefix) {
        long[] sums = new long[2];
        node.keyspace.each(segment -> segment.forEach(entry -> {
            if (new String(entry.key(), StandardCharsets.ISO_8859_1).startsWith(prefix)) {
                sums[0]++;
                sums[1] += entry.bytes();
            }
        }));
        return sums;
    }

    @AfterEach
    void countsAgree() {
        node.patterns.patterns().rules().stream()
                .filter(rule -> rule.hasQuota() && rule.name().equals("one"))
                .forEach(rule -> assertThat(
                                new long[] {rule.counts().keys(), rule.counts().bytes()})
                        .containsExactly(counted(new String(rule.prefix(), StandardCharsets.UTF_8))));
    }

    @Test
    void whatNeverFitsIsRefusedAndNothingGoesForIt() {
        use(pattern("k", bytes(40_000)));
        for (int i = 0; i < 200; i++) {
            assertThat(a.run("SET k" + i + " v")).isEqualTo("+OK|");
        }
        assertThat(a.run("SET kbig " + "x".repeat(50_000))).isEqualTo(USED_UP);
        assertThat(a.run("DBSIZE")).isEqualTo(":200|");
    }

    @Test
    void manySmallKeysGoForOneThatIsLarge() {
        use(pattern("k", bytes(65_536)));
        for (int i = 0; i < 2_000; i++) {
            a.run("SET {same}k" + i + " v");
            assertThat(a.run("SET k" + i + " v")).isEqualTo("+OK|");
        }
        assertThat(counts("one").keys()).isGreaterThan(600);
        assertThat(a.run("SET kbig " + "x".repeat(60_000))).isEqualTo("+OK|");
        assertThat(a.run("STRLEN kbig")).isEqualTo(":60000|");
        assertThat(counts("one").bytes()).isLessThanOrEqualTo(65_536 + 256);
    }

    @Test
    void keysOfALongerPrefixDoNotGoForTheQuotaOfAShorterOne() {
        node.patterns.use(Map.of("one", pattern("k", keys(200, QuotaMode.EVICT)), "vip", pattern("k:vip:", null)));
        for (int i = 0; i < 5_000; i++) {
            a.run("SET k:vip:" + i + " v");
        }
        for (int i = 0; i < 5_000; i++) {
            assertThat(a.run("SET k:" + i + " v")).isEqualTo("+OK|");
        }
        assertThat(counted("k:vip:")[0]).isEqualTo(5_000);
        assertThat(counts("one").keys()).isEqualTo(200);
        assertThat(a.run("DBSIZE")).isEqualTo(":5200|");
        node.patterns.use(Map.of());
    }

    @Test
    void keysThatAreUsedAllTheTimeGoWhereThereAreNoOthers() {
        use(pattern("k", keys(5, QuotaMode.EVICT)));
        for (int i = 0; i < 50; i++) {
            for (int read = 0; read <= i; read++) {
                a.run("GET k" + read);
            }
            assertThat(a.run("SET k" + i + " v")).isEqualTo("+OK|");
            a.run("GET k" + i);
        }
        assertThat(counts("one").keys()).isEqualTo(5);
    }

    @Test
    void theOldestGoesFirstAlsoAfterMuchComingAndGoing() {
        use(pattern("{k}", keys(4, QuotaMode.EVICT)));
        for (int i = 0; i < 1_000; i++) {
            a.run("SET {k}1 v");
            a.run("DEL {k}1");
        }
        for (String key : List.of("{k}1", "{k}2", "{k}3", "{k}4", "{k}5")) {
            assertThat(a.run("SET " + key + " v")).isEqualTo("+OK|");
        }
        assertThat(a.run("EXISTS {k}1") + a.run("EXISTS {k}2 {k}3 {k}4 {k}5")).isEqualTo(":0|:4|");
    }

    @Test
    void allKeysOfACommandOrTransactionCount() {
        use(pattern("k", keys(3, QuotaMode.REFUSE)));
        assertThat(a.run("MSET k1 v k2 v k3 v k4 v")).isEqualTo(USED_UP);
        assertThat(a.run("MSET k1 v k2 v")).isEqualTo("+OK|");
        assertThat(a.run("MULTI") + a.run("SET k3 v") + a.run("SET k4 v") + a.run("SET other v"))
                .isEqualTo("+OK|+QUEUED|+QUEUED|+QUEUED|");
        assertThat(a.run("EXEC")).startsWith("-EXECABORT").contains("OOM quota of pattern 'one'");
        assertThat(a.run("DBSIZE")).isEqualTo(":2|");
        assertThat(a.run("MULTI") + a.run("SET k3 v") + a.run("SET other v") + a.run("EXEC"))
                .isEqualTo("+OK|+QUEUED|+QUEUED|*2|+OK|+OK|");
    }

    @Test
    void keysThatAreOnlyReadDoNotCount() {
        use(pattern("k", keys(2, QuotaMode.REFUSE)));
        assertThat(a.run("MSET k1 v k2 v") + a.run("COPY k1 other")).isEqualTo("+OK|:1|");
        assertThat(a.run("COPY other k3")).isEqualTo(USED_UP);
    }

    @Test
    void otherProtocolsAskForRoomByTheKey() {
        use(pattern("k", keys(1, QuotaMode.REFUSE)));
        byte[] key = "k2".getBytes(StandardCharsets.UTF_8);
        byte[] other = "other".getBytes(StandardCharsets.UTF_8);
        assertThat(node.patterns.room(0, key, 10)).isTrue();
        assertThat(a.run("SET k1 v")).isEqualTo("+OK|");
        assertThat(node.patterns.room(0, key, 10)).isFalse();
        assertThat(node.patterns.room(0, other, 10)).isTrue();
    }

    @Test
    void whatAPrimarySendsIsAsItSays() {
        node.patterns.use(Map.of(
                "one",
                new PatternConfig(
                        "k",
                        0,
                        Duration.ofSeconds(100),
                        0,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(30),
                        false,
                        keys(1, QuotaMode.REFUSE),
                        null,
                        true,
                        WriteMode.NONE,
                        FailureMode.ERROR)));
        a.client.primary(true);
        assertThat(a.run("SET k1 v") + a.run("SET k2 v EX 5") + a.run("EXPIRE k2 7"))
                .isEqualTo("+OK|+OK|:1|");
        assertThat(a.run("TTL k1") + a.run("TTL k2")).isEqualTo(":-1|:7|");
        assertThat(a.run("MULTI") + a.run("SET k3 v") + a.run("EXEC")).isEqualTo("+OK|+QUEUED|*1|+OK|");
    }

    @Test
    void otherPatternsDoNotWaitForASegmentThatIsHeld() throws InterruptedException {
        use(pattern("k", keys(1_000, QuotaMode.EVICT)));
        for (int i = 0; i < 500; i++) {
            a.run("SET k" + i + " v");
        }
        Segment held = node.keyspace.at(7);
        CountDownLatch holds = new CountDownLatch(1);
        CountDownLatch changed = new CountDownLatch(1);
        Thread script = new Thread(() -> {
            held.lock();
            try {
                holds.countDown();
                changed.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                held.unlock();
            }
        });
        script.start();
        holds.await();
        use(pattern("k", keys(400, QuotaMode.EVICT)));
        assertThat(changed.getCount()).isEqualTo(1);
        assertThat(script.isAlive())
                .as("patterns changed while a segment was held")
                .isTrue();
        changed.countDown();
        script.join();
        node.keyspace.expire(7, node.now);
        assertThat(counts("one").keys()).isEqualTo(500);
        assertThat(a.run("SET k v")).isEqualTo("+OK|");
        assertThat(counts("one").keys()).isLessThanOrEqualTo(400);
    }

    @Test
    void countsStayRightWhilePatternsChangeUnderLoad() throws InterruptedException {
        List<Thread> writers = new ArrayList<>();
        for (int w = 0; w < 2; w++) {
            int writer = w;
            writers.add(new Thread(() -> {
                KeyRef ref = new KeyRef();
                for (int i = 0; i < 20_000; i++) {
                    byte[] key = ("k" + writer + ":" + i % 700).getBytes(StandardCharsets.UTF_8);
                    ref.set(node.keyspace.hasher(), 0, key, 0, key.length);
                    Segment segment = node.keyspace.segment(ref.slot());
                    segment.lock();
                    try {
                        Entry entry = segment.peek(ref, node.now);
                        if (entry != null && i % 3 == 0) {
                            segment.delete(entry);
                        } else {
                            segment.putString(ref, new byte[i % 50], Entry.NEVER, node.now);
                        }
                    } finally {
                        segment.unlock();
                    }
                }
            }));
        }
        writers.forEach(Thread::start);
        for (int i = 0; i < 100; i++) {
            use(pattern("k", keys(1_000_000 + i, QuotaMode.EVICT)));
        }
        for (Thread writer : writers) {
            writer.join();
        }
        for (int i = 0; i < 256; i++) {
            node.keyspace.expire(i, node.now);
        }
        assertThat(counts("one").keys()).isPositive();
    }
}
