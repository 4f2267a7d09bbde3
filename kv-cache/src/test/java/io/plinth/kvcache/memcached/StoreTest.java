package io.plinth.kvcache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.QuotaConfig;
import io.plinth.kvcache.pattern.PatternConfig.QuotaMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What patterns say of keys counts for memcached's clients, too. */
class StoreTest {
    private static final byte[] KEY = "k".getBytes(StandardCharsets.UTF_8);

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection redis = node.connect();
    private final Store store = new Store(node.state, new Marks(node.keyspace));

    @BeforeEach
    void keepsForAnHour() {
        PatternConfig hour = new PatternConfig(
                "k",
                0,
                null,
                0,
                Duration.ofHours(1),
                Duration.ofSeconds(30),
                false,
                new QuotaConfig(null, 1L, QuotaMode.REFUSE),
                null,
                true,
                WriteMode.NONE,
                FailureMode.ERROR);
        node.patterns.use(Map.of("one", hour));
    }

    private void put() {
        store.with(KEY, segment -> store.put(segment, KEY, 0, Entry.NEVER));
    }

    @Test
    void aTouchSaysHowLongTheValueIsFresh() {
        put();
        store.with(KEY, segment -> {
            store.expireAt(segment, store.until(node.now + 600_000));
            return segment;
        });
        assertThat(redis.run("TTL k") + redis.run("CACHE.GET k")).isEqualTo(":4200|*3|$3|hit|$1|k|$-1|");
        store.with(KEY, segment -> {
            store.expireAt(segment, store.until(Entry.NEVER));
            return segment;
        });
        assertThat(redis.run("TTL k")).isEqualTo(":-1|");
    }

    @Test
    void whatALoaderHasToKnowOfIsRefused() {
        PatternConfig through = new PatternConfig(
                "k",
                0,
                null,
                0,
                Duration.ZERO,
                Duration.ofSeconds(30),
                false,
                null,
                "loader",
                true,
                WriteMode.THROUGH,
                FailureMode.ERROR);
        node.patterns.use(Map.of("one", through));
        Replies out = new Replies(ByteBufAllocator.DEFAULT, 1 << 16);
        Statistics statistics = new Statistics(node.now);
        TextCommands text = new TextCommands(store, out, statistics);
        MetaCommands meta = new MetaCommands(store, out, statistics);
        text.store(line("set k 0 0 1"), Store.Mode.SET, KEY);
        text.run(line("incr k 1"));
        text.run(line("delete k"));
        meta.run(line("md k"));
        meta.run(line("ma k N60"));
        meta.run(line("mg k N60"));
        ByteBuf replies = Objects.requireNonNull(out.take());
        assertThat(replies.toString(StandardCharsets.US_ASCII)).isEqualTo((Store.REFUSAL + "\r\n").repeat(6));
        replies.release();
        assertThat(redis.run("EXISTS k")).isEqualTo(":0|");
    }

    private static Line line(String words) {
        return new Line(List.of(words.split(" ")));
    }

    @Test
    void theQuotaOfAPatternIsAskedForRoom() {
        assertThat(store.room(KEY, 1)).isTrue();
        put();
        assertThat(store.room("k2".getBytes(StandardCharsets.UTF_8), 1)).isFalse();
        assertThat(store.room("other".getBytes(StandardCharsets.UTF_8), 1)).isTrue();
    }

    @Test
    void removingWhatIsNotThereAndFlushingEndLeases() {
        for (Runnable removal : new Runnable[] {
            () -> store.with(KEY, segment -> {
                store.gone();
                return segment;
            }),
            store::flush
        }) {
            String[] won = redis.run("CACHE.GET k").split("\\|", -1);
            removal.run();
            assertThat(redis.run("CACHE.SET k old TOKEN " + won[won.length - 2]))
                    .isEqualTo("$-1|");
        }
    }
}
