package io.plinth.kvcache.command.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.QuotaConfig;
import io.plinth.kvcache.pattern.PatternConfig.QuotaMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CacheCommandsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection a = node.connect();
    private final CommandHarness.Connection b = node.connect();

    @AfterEach
    void countsAgree() {
        assertThat(a.run("FLUSHALL")).isEqualTo("+OK|");
        assertThat(node.patterns.marks().size()).isZero();
    }

    private static PatternConfig pattern(
            String prefix, @Nullable Duration ttl, int jitter, Duration stale, @Nullable QuotaConfig quota) {
        return new PatternConfig(
                prefix,
                0,
                ttl,
                jitter,
                stale,
                Duration.ofSeconds(30),
                true,
                quota,
                null,
                true,
                WriteMode.NONE,
                FailureMode.ERROR);
    }

    private void use(PatternConfig config) {
        node.patterns.use(Map.of("one", config));
    }

    private static String token(String reply) {
        Matcher digits = Pattern.compile("\\|([0-9]+)\\|$").matcher(reply);
        assertThat(digits.find()).as(reply).isTrue();
        return digits.group(1);
    }

    @Test
    void oneClientGetsTheRightToFillAndTheOthersWaitForIt() {
        String won = a.run("CACHE.GET k WAIT 1000");
        assertThat(won).startsWith("*3|$3|win|$-1|$");
        assertThat(b.run("CACHE.GET k")).isEqualTo("*3|$4|busy|$-1|$-1|");
        assertThat(b.run("CACHE.GET k WAIT 1000")).isEmpty();
        assertThat(b.client.blocked()).isNotNull();
        assertThat(a.run("CACHE.SET k v EX 10 TOKEN " + token(won))).isEqualTo("+OK|");
        assertThat(b.received()).isEqualTo("*3|$3|hit|$1|v|$-1|");
        assertThat(a.run("TTL k") + a.run("GET k")).isEqualTo(":10|$1|v|");
    }

    @Test
    void aLeaseThatIsGivenBackOrOverGoesToTheNext() {
        String won = a.run("CACHE.GET k LEASE 100");
        assertThat(b.run("CACHE.GET k WAIT 1000")).isEmpty();
        assertThat(a.run("CACHE.RELEASE k 1") + a.run("CACHE.RELEASE k " + token(won)))
                .isEqualTo(":0|:1|");
        String next = b.received();
        assertThat(next).startsWith("*3|$3|win|");
        assertThat(a.run("CACHE.SET k late TOKEN " + token(won))).isEqualTo("$-1|");
        node.now += 5_001;
        assertThat(a.run("CACHE.GET k")).startsWith("*3|$3|win|");
        assertThat(b.run("CACHE.SET k late TOKEN " + token(next))).isEqualTo("$-1|");
        assertThat(b.run("GET k")).isEqualTo("$-1|");
    }

    /** What was read before a change must not be stored after it. */
    @Test
    void aFillThatAWriteOvertookIsRefused() {
        String won = a.run("CACHE.GET k");
        assertThat(b.run("SET k new")).isEqualTo("+OK|");
        assertThat(a.run("CACHE.SET k old TOKEN " + token(won))).isEqualTo("$-1|");
        assertThat(b.run("DEL k")).isEqualTo(":1|");
        won = a.run("CACHE.GET k");
        assertThat(b.run("DEL k")).isEqualTo(":0|");
        assertThat(a.run("CACHE.SET k old TOKEN " + token(won)) + a.run("EXISTS k"))
                .isEqualTo("$-1|:0|");
    }

    @Test
    void aStaleValueIsGivenToAllWhileOneMakesItAnew() {
        assertThat(a.run("CACHE.SET k v PX 1000 STALE 5000")).isEqualTo("+OK|");
        assertThat(a.run("CACHE.GET k")).isEqualTo("*3|$3|hit|$1|v|$-1|");
        node.now += 1_001;
        String won = a.run("CACHE.GET k");
        assertThat(won).startsWith("*3|$3|win|$1|v|$");
        assertThat(b.run("CACHE.GET k WAIT 1000")).isEqualTo("*3|$5|stale|$1|v|$-1|");
        assertThat(b.run("GET k")).isEqualTo("$1|v|");
        assertThat(a.run("CACHE.SET k w PX 1000 TOKEN " + token(won))).isEqualTo("+OK|");
        assertThat(b.run("CACHE.GET k")).isEqualTo("*3|$3|hit|$1|w|$-1|");
        assertThat(a.run("CACHE.STALE k nothing")).isEqualTo(":1|");
        assertThat(b.run("CACHE.GET k")).startsWith("*3|$3|win|$1|w|$");
        node.now += 1_001;
        assertThat(b.run("GET k")).isEqualTo("$-1|");
    }

    @Test
    void anAbsenceIsRememberedUntilItIsOverOrTheKeyIsWrittenOrRemoved() {
        assertThat(a.run("CACHE.NEGATIVE k PX 1000")).isEqualTo("+OK|");
        assertThat(a.run("CACHE.GET k") + a.run("GET k") + a.run("EXISTS k")).isEqualTo("*3|$6|absent|$-1|$-1|$-1|:0|");
        node.now += 1_001;
        assertThat(b.run("CACHE.GET k")).startsWith("*3|$3|win|");
        assertThat(a.run("CACHE.NEGATIVE k") + a.run("DEL k")).isEqualTo("+OK|:0|");
        assertThat(b.run("CACHE.GET k")).startsWith("*3|$3|win|");
        assertThat(a.run("CACHE.NEGATIVE k") + a.run("SET k v") + a.run("CACHE.GET k"))
                .isEqualTo("+OK|+OK|*3|$3|hit|$1|v|$-1|");
        assertThat(a.run("CACHE.NEGATIVE k") + a.run("GET k")).isEqualTo("+OK|$-1|");
    }

    @Test
    void oneCommandInvalidatesATagInAllSegments() {
        use(pattern("", null, 0, Duration.ZERO, null));
        for (int i = 0; i < 2_000; i++) {
            String tags = i % 2 == 0 ? "even" : "odd";
            assertThat(a.run("CACHE.SET k" + i + " v TAGS all " + tags)).isEqualTo("+OK|");
        }
        assertThat(a.run("CACHE.TAGS k1")).isEqualTo("*2|$3|all|$3|odd|");
        assertThat(a.run("CACHE.TAG k1 more odd") + a.run("CACHE.TAG nothing more"))
                .isEqualTo(":1|:0|");
        assertThat(a.run("SET k2 other") + a.run("DEL k4") + a.run("CACHE.SET k6 untagged"))
                .isEqualTo("+OK|:1|+OK|");
        assertThat(b.run("CACHE.INVALIDATE even")).isEqualTo(":999|");
        assertThat(b.run("GET k2") + b.run("GET k6") + b.run("DBSIZE")).isEqualTo("$-1|$-1|:1000|");
        assertThat(b.run("CACHE.INVALIDATE more even nothing")).isEqualTo(":1|");
        assertThat(b.run("CACHE.INVALIDATE all")).isEqualTo(":999|");
        assertThat(b.run("DBSIZE")).isEqualTo(":0|");
    }

    /** More than is removed at once: the client waits while its loop serves others. */
    @Test
    void aLargeTagIsRemovedInTurns() {
        use(pattern("", null, 0, Duration.ZERO, null));
        for (int i = 0; i < 9_000; i++) {
            a.run("CACHE.SET {same}" + i + " v TAGS t");
            a.run("CACHE.SET k" + i + " v TAGS t");
        }
        String reply = b.run("CACHE.INVALIDATE t");
        assertThat(reply).isEmpty();
        while (!node.timers.isEmpty()) {
            long before = node.keyspace.keys(0);
            node.timers.removeFirst().run();
            assertThat(before - node.keyspace.keys(0)).as("removed in one turn").isLessThan(4_096 + 256);
        }
        assertThat(b.received()).isEqualTo(":18000|");
        assertThat(a.run("DBSIZE")).isEqualTo(":0|");
    }

    @Test
    void tagsNeedAPatternThatHasThem() {
        assertThat(a.run("CACHE.SET k v TAGS t")).startsWith("-ERR TAGS");
        use(pattern("k", null, 0, Duration.ZERO, null));
        assertThat(a.run("CACHE.SET k v TAGS t") + a.run("CACHE.SET other v")).isEqualTo("+OK|+OK|");
    }

    @Test
    void tagsGoWithTheValueToAnotherName() {
        use(pattern("k", null, 0, Duration.ZERO, null));
        a.run("CACHE.SET k v TAGS t u");
        a.run("CACHE.SET k2 v TAGS w");
        assertThat(a.run("RENAME k k2") + a.run("CACHE.TAGS k2")).isEqualTo("+OK|*2|$1|t|$1|u|");
        assertThat(a.run("COPY k2 elsewhere") + a.run("COPY k2 k3 DB 1")).isEqualTo(":1|:1|");
        assertThat(a.run("RENAMENX elsewhere again") + a.run("CACHE.TAGS again"))
                .isEqualTo(":1|*2|$1|t|$1|u|");
        a.run("CACHE.SET k7 v TAGS y");
        assertThat(a.run("MOVE k7 1") + a.run("MOVE k7 1")).isEqualTo(":1|:0|");
        assertThat(a.run("CACHE.INVALIDATE w") + a.run("CACHE.INVALIDATE u") + a.run("DBSIZE"))
                .isEqualTo(":0|:2|:0|");
        assertThat(a.run("SELECT 1") + a.run("CACHE.INVALIDATE y")).isEqualTo("+OK|:1|");
        assertThat(a.run("SELECT 1") + a.run("CACHE.INVALIDATE t") + a.run("DBSIZE"))
                .isEqualTo("+OK|:1|:0|");
    }

    @Test
    void aPatternGivesPlainSetsItsTtlWithJitterAndKeepsThemStale() {
        use(pattern("k", Duration.ofSeconds(100), 50, Duration.ofSeconds(10), null));
        Set<String> ttls = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            a.run("SET k" + i + " v");
            String ttl = a.run("PTTL k" + i);
            assertThat(Long.parseLong(ttl.substring(1, ttl.length() - 1))).isBetween(60_000L, 110_000L);
            ttls.add(ttl);
        }
        assertThat(ttls).hasSizeGreaterThan(10);
        assertThat(a.run("SET other v") + a.run("TTL other")).isEqualTo("+OK|:-1|");
        assertThat(a.run("SET k v EX 5") + a.run("TTL k")).isEqualTo("+OK|:15|");
        assertThat(a.run("CACHE.GET k")).startsWith("*3|$3|hit|");
        node.now += 5_001;
        assertThat(a.run("CACHE.GET k")).startsWith("*3|$3|win|$1|v|$");
        assertThat(a.run("MSET ka 1 kb 2") + a.run("SETNX kc 3")).isEqualTo("+OK|:1|");
        assertThat(a.run("TTL ka") + a.run("TTL kc")).doesNotContain("-1");
    }

    @Test
    void aQuotaEvictsThePatternsOwnKeys() {
        use(pattern("k", null, 0, Duration.ZERO, new QuotaConfig(null, 100L, QuotaMode.EVICT)));
        a.run("SET other v");
        for (int i = 0; i < 1_000; i++) {
            assertThat(a.run("SET k" + i + " v")).isEqualTo("+OK|");
        }
        assertThat(a.run("DBSIZE") + a.run("EXISTS other") + a.run("EXISTS k999"))
                .isEqualTo(":101|:1|:1|");
        node.patterns.use(Map.of(
                "one",
                pattern("k", null, 0, Duration.ZERO, new QuotaConfig(new DataSize(2_048), null, QuotaMode.EVICT))));
        for (int i = 0; i < 500; i++) {
            assertThat(a.run("SET k" + i + " " + "x".repeat(100))).isEqualTo("+OK|");
            a.run("DEL k" + (i - 1));
        }
        assertThat(node.patterns.patterns().rules().getFirst().counts().bytes()).isBetween(100L, 2_048L);
    }

    @Test
    void aQuotaRefusesWritesWhereItIsToldTo() {
        use(pattern("k", null, 0, Duration.ZERO, new QuotaConfig(null, 2L, QuotaMode.REFUSE)));
        assertThat(a.run("MSET k1 v k2 v")).isEqualTo("+OK|");
        assertThat(a.run("SET k3 v")).isEqualTo("-OOM quota of pattern 'one' is used up.|");
        assertThat(a.run("DEL k1") + a.run("LPUSH k3 v") + a.run("SET other v")).isEqualTo(":1|:1|+OK|");
    }

    @Test
    void optionsThatAreNoneAreRefused() {
        for (String wrong : new String[] {
            "CACHE.GET k WAIT",
            "CACHE.GET k NOW 1",
            "CACHE.SET k v EX",
            "CACHE.SET k v EX 1 PX 1",
            "CACHE.NEGATIVE k STALE 5",
            "CACHE.NEGATIVE k TAGS t"
        }) {
            assertThat(a.run(wrong)).as(wrong).isEqualTo("-ERR syntax error|");
        }
        assertThat(a.run("CACHE.SET k v STALE 5")).isEqualTo("-ERR STALE needs EX or PX|");
        assertThat(a.run("CACHE.SET k v EX 0")).isEqualTo("-ERR invalid expire time|");
        assertThat(a.run("CACHE.GET k WAIT 999999")).isEqualTo("-ERR WAIT is out of range|");
        assertThat(a.run("LPUSH l v") + a.run("CACHE.GET l")).startsWith(":1|-WRONGTYPE");
    }
}
