package io.plinth.kvcache.command.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Leases, absences and tags where there is little room for them, and where something else ends them. */
class MarksTest {
    private static final String TOO_MANY = "-OOM limits.cache-marks";
    private static final String WON_WITHOUT_TOKEN = "*3|$3|win|$-1|$-1|";

    private CommandHarness node = new CommandHarness(Topologies.alone());
    private CommandHarness.Connection a = node.connect();
    private CommandHarness.Connection b = node.connect();

    private void start(int mostMarks, long memory) {
        node = new CommandHarness(Topologies.alone(), memory, Eviction.NONE, null, mostMarks);
        a = node.connect();
        b = node.connect();
    }

    private void tagged() {
        node.patterns.use(Map.of(
                "all",
                new PatternConfig(
                        "",
                        0,
                        null,
                        0,
                        Duration.ZERO,
                        Duration.ofSeconds(30),
                        true,
                        null,
                        null,
                        true,
                        WriteMode.NONE,
                        FailureMode.ERROR)));
    }

    private static String token(String reply) {
        assertThat(reply).startsWith("*3|$3|win|").doesNotEndWith("$-1|");
        String[] lines = reply.split("\\|", -1);
        return lines[lines.length - 2];
    }

    /** What stays is no more than what was there before. */
    private void nothingStays() {
        assertThat(a.run("FLUSHALL")).isEqualTo("+OK|");
        assertThat(node.patterns.marks().size()).isZero();
        // Has all segments report.
        node.keyspace.memoryLimit(0);
        assertThat(node.keyspace.memory().used()).isZero();
    }

    @Test
    void aUserOfSomeKeysCannotRemoveOthersByTheirTag() {
        tagged();
        node.settings.users().set("app", List.of("on", "nopass", "~app1:*", "+@all", "-@dangerous"));
        node.settings.users().set("all", List.of("on", "nopass", "~*", "+@all", "-@dangerous"));
        assertThat(a.run("CACHE.SET app2:k v TAGS t") + b.run("AUTH app x") + b.run("SET app1:k v"))
                .isEqualTo("+OK|+OK|+OK|");
        assertThat(b.run("CACHE.INVALIDATE t")).isEqualTo("-NOPERM No permissions to access a key|");
        assertThat(b.run("AUTH all x") + b.run("CACHE.INVALIDATE t")).isEqualTo("+OK|:1|");
    }

    @Test
    void whereNoLeaseCanBeKeptAKeyIsFilledWithout() {
        start(4, 0);
        tagged();
        for (int i = 0; i < 4; i++) {
            assertThat(a.run("CACHE.SET k" + i + " v TAGS t")).isEqualTo("+OK|");
        }
        assertThat(a.run("CACHE.GET k")).isEqualTo(WON_WITHOUT_TOKEN);
        assertThat(a.run("CACHE.SET k v") + b.run("CACHE.GET k")).isEqualTo("+OK|*3|$3|hit|$1|v|$-1|");
        assertThat(node.patterns.others().leases.sum()).isZero();
        assertThat(b.run("CACHE.INVALIDATE t")).isEqualTo(":4|");
        token(b.run("CACHE.GET other"));
        nothingStays();
    }

    @Test
    void whatCannotBeMarkedKeepsItsValue() {
        start(1, 0);
        tagged();
        assertThat(a.run("CACHE.NEGATIVE full") + a.run("SET k v")).isEqualTo("+OK|+OK|");
        assertThat(a.run("CACHE.SET k w PX 1000 STALE 1000")).startsWith(TOO_MANY);
        assertThat(a.run("CACHE.SET k w TAGS t")).startsWith(TOO_MANY);
        assertThat(a.run("CACHE.NEGATIVE k")).startsWith(TOO_MANY);
        assertThat(a.run("CACHE.STALE k")).startsWith(TOO_MANY);
        assertThat(a.run("CACHE.TAG k t")).startsWith(TOO_MANY);
        assertThat(a.run("GET k") + a.run("CACHE.STALE nothing")).isEqualTo("$1|v|:0|");
        nothingStays();
    }

    @Test
    void tagsOfAKeyAreFewAndShort() {
        tagged();
        assertThat(a.run("CACHE.SET k v")).isEqualTo("+OK|");
        for (int i = 0; i < 64; i++) {
            assertThat(a.run("CACHE.TAG k t" + i)).isEqualTo(":1|");
        }
        assertThat(a.run("CACHE.TAG k t0")).isEqualTo(":0|");
        assertThat(a.run("CACHE.TAG k more")).isEqualTo("-ERR TAGS: 65 (expected: at most 64 of a key)|");
        String large = "x".repeat(1_025);
        for (String command : List.of("CACHE.TAG k " + large, "CACHE.SET k w TAGS " + large)) {
            assertThat(a.run(command)).isEqualTo("-ERR TAGS: 1025 bytes (expected: at most 1024 bytes each)|");
        }
        assertThat(a.run("GET k")).isEqualTo("$1|v|");
        nothingStays();
    }

    @Test
    void tagsCountAsTheMemoryTheyTake() {
        tagged();
        long before = node.keyspace.memory().used();
        for (int i = 0; i < 100; i++) {
            assertThat(a.run("CACHE.SET k v TAGS " + i + "x".repeat(1_000))).isEqualTo("+OK|");
            assertThat(a.run("CACHE.SET {k}" + i + " v TAGS " + i + "x".repeat(1_000)))
                    .isEqualTo("+OK|");
        }
        assertThat(node.keyspace.memory().used() - before).isGreaterThan(100_000);
        nothingStays();
    }

    @Test
    void keysThatAreNotThereTakeNoMemoryWithoutBounds() {
        assertThat(a.run("CACHE.GET " + "x".repeat(8_193))).isEqualTo(WON_WITHOUT_TOKEN);
        assertThat(a.run("CACHE.NEGATIVE " + "x".repeat(8_193))).startsWith(TOO_MANY);
        start(1 << 20, 1 << 20);
        int kept = 0;
        while (!a.run("CACHE.GET " + kept + "x".repeat(8_000)).equals(WON_WITHOUT_TOKEN)) {
            assertThat(kept).as("leases of 8 KB within 1 MiB").isLessThan(140);
            kept++;
        }
        assertThat(kept).isPositive();
    }

    @Test
    void aValueThatIsOverDoesNotEndTheLeaseOfWhoMakesItAnew() {
        tagged();
        assertThat(a.run("CACHE.SET k v PX 1000 STALE 1000 TAGS t")).isEqualTo("+OK|");
        node.now += 1_500;
        String won = token(a.run("CACHE.GET k LEASE 60000"));
        node.now += 1_000;
        assertThat(b.run("GET k") + b.run("CACHE.GET k") + b.run("CACHE.TAGS k"))
                .isEqualTo("$-1|*3|$4|busy|$-1|$-1|*0|");
        assertThat(a.run("CACHE.SET k w TOKEN " + won) + b.run("GET k")).isEqualTo("+OK|$1|w|");
        nothingStays();
    }

    @Test
    void aFillWithoutTagsLeavesThemAlone() {
        tagged();
        assertThat(a.run("CACHE.SET k v TAGS t") + a.run("CACHE.STALE k")).isEqualTo("+OK|:1|");
        assertThat(a.run("CACHE.SET k w TOKEN " + token(a.run("CACHE.GET k")))).isEqualTo("+OK|");
        assertThat(a.run("CACHE.INVALIDATE t") + a.run("EXISTS k")).isEqualTo(":1|:0|");
    }

    @Test
    void whoWaitsForALeaseIsServedWhenItEndsWithoutAValue() {
        for (String end : List.of("DEL k", "FLUSHALL", "FLUSHDB")) {
            token(a.run("CACHE.GET k"));
            assertThat(b.run("CACHE.GET k WAIT 4000")).isEmpty();
            a.run(end);
            token(b.received());
            a.run("FLUSHALL");
        }
    }

    @Test
    void whoWaitsForALeaseIsServedWhenItIsOverThoughSomebodyElseHadItBefore() {
        String first = token(a.run("CACHE.GET k LEASE 1000"));
        assertThat(b.run("CACHE.GET k WAIT 60000")).isEmpty();
        CommandHarness.Connection c = node.connect();
        assertThat(c.run("CACHE.GET k WAIT 60000")).isEmpty();
        assertThat(a.run("CACHE.RELEASE k " + first)).isEqualTo(":1|");
        token(b.received());
        assertThat(c.received()).isEmpty();
        node.now += 1_002;
        // What was to be done when the first lease was over.
        node.timers.removeFirst().run();
        assertThat(c.received()).isEmpty();
        node.now += 60_000;
        node.timers.removeLast().run();
        token(c.received());
    }

    @Test
    void marksThatSayNothingAnyMoreGoByThemselves() {
        for (int i = 0; i < 40; i++) {
            token(a.run("CACHE.GET {same}" + i + " LEASE 100"));
        }
        node.now += 60_000;
        for (int i = 0; i < 256; i++) {
            node.keyspace.expire(i, node.now);
        }
        assertThat(node.patterns.marks().size()).isZero();
        node.keyspace.each(segment -> assertThat(segment.heard()).isFalse());
    }

    @Test
    void namesHaveAnOrderSoThatChosenCollisionsStayCheap() {
        KeyName one = name(0, "AaBB");
        KeyName other = name(0, "BBAa");
        assertThat(one).hasSameHashCodeAs(other).isNotEqualTo(other).isLessThan(other);
        assertThat(one.compareTo(name(0, "AaBB"))).isZero();
        assertThat(name(1, "AaBB")).isGreaterThan(other);
    }

    private static KeyName name(int db, String key) {
        return new KeyName(db, key.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aTaggedKeyIsNotLostWhereAnotherLoopTakesTheLastMark() {
        start(2, 0);
        tagged();
        a.run("CACHE.SET {k}from v TAGS t");
        a.run("CACHE.SET {k}to w TAGS u");
        KeyRef from = key("{k}from");
        KeyRef to = key("{k}to");
        Segment segment = node.keyspace.segment(to.slot());
        segment.lock();
        Runnable carried = node.patterns.carry(from, to, node.now);
        segment.unlock();
        a.run("DEL {k}from {k}to");
        a.run("CACHE.SET one v TAGS t");
        a.run("CACHE.SET two v TAGS t");
        a.run("SET {k}to v");
        segment.lock();
        carried.run();
        segment.unlock();
        assertThat(a.run("GET {k}to") + a.run("CACHE.TAGS {k}to")).isEqualTo("$1|v|*1|$1|t|");
        assertThat(a.run("CACHE.SET three v TAGS t")).startsWith(TOO_MANY);
        nothingStays();
    }

    private KeyRef key(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
        return new KeyRef().set(node.keyspace.hasher(), 0, bytes, 0, bytes.length);
    }
}
