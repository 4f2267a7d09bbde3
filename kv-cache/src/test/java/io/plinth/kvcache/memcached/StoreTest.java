package io.plinth.kvcache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.store.ItemMarks;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.QuotaConfig;
import io.plinth.kvcache.pattern.PatternConfig.QuotaMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.persist.Functions;
import io.plinth.kvcache.persist.PersistSettings;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.copy.CopySettings;
import io.plinth.kvcache.session.turn.LoopShare;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What patterns say of keys counts for memcached's clients, too. */
class StoreTest {
    private static final byte[] KEY = "k".getBytes(StandardCharsets.UTF_8);

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection redis = node.connect();
    private final Store store = new Store(node.state, new CasNumbers(node.now));

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
        put(0);
    }

    private void put(int flags) {
        store.with(KEY, segment -> {
            store.put(segment, KEY, flags, Entry.NEVER);
            return segment;
        });
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
        Replies out = new Replies(ByteBufAllocator.DEFAULT, null, 1 << 16);
        Statistics statistics = new Statistics(node.now, 1);
        TextCommands text = new TextCommands(store, out, statistics, new Counts());
        MetaCommands meta = new MetaCommands(store, out, new Counts());
        text.store(line("set k 0 0 1"), Store.Mode.SET, KEY);
        text.run(line("incr k 1"));
        text.run(line("delete k"));
        meta.run(line("md k"));
        meta.run(line("ma k N60"));
        meta.run(line("mg k N60"));
        ByteBuf replies = Objects.requireNonNull(out.take());
        assertThat(replies.toString(StandardCharsets.US_ASCII)).isEqualTo((Store.LOADERS + "\r\n").repeat(6));
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

    /** A process with its clock and what it keeps in a folder. */
    private static final class Life implements AutoCloseable {
        private final CommandHarness node = new CommandHarness(Topologies.alone());
        private final Store store;
        private final Persistence persistence;

        Life(Path folder, String journal, long later) throws IOException {
            node.now += later;
            MemcachedPipeline.keep(node.keyspace);
            store = new Store(node.state, new CasNumbers(node.now));
            persistence = new Persistence(
                    node.keyspace,
                    new PersistSettings(
                            folder,
                            journal,
                            null,
                            true,
                            1L << 30,
                            64 << 20,
                            new CopySettings(1, 8 << 20, Duration.ofSeconds(60))),
                    node.state.clock(),
                    System::nanoTime,
                    task -> {
                        Thread thread = new Thread(task, "persist");
                        thread.setDaemon(true);
                        return thread;
                    },
                    List.of(),
                    Functions.NONE);
            persistence.start();
        }

        void put(String key, int flags) {
            byte[] name = key.getBytes(StandardCharsets.UTF_8);
            store.with(name, segment -> {
                store.put(segment, name, flags, Entry.NEVER);
                return segment;
            });
        }

        <T> T item(String key, BiFunction<Segment, Entry, T> look) {
            return store.with(
                    key.getBytes(StandardCharsets.UTF_8),
                    segment -> look.apply(segment, Objects.requireNonNull(store.find(segment))));
        }

        int flags(String key) {
            return item(key, (segment, item) -> item.flags());
        }

        boolean stale(String key) {
            return item(key, (segment, item) -> (item.bits() & ItemMarks.STALE) != 0);
        }

        long cas(String key) {
            return item(key, store::cas);
        }

        @Override
        public void close() {
            persistence.close();
        }
    }

    @Test
    void aClientThatSaysNothingIsDisconnected() {
        Statistics statistics = new Statistics(node.now, 1);
        LoopShare loop = new LoopShare(node.keyspace);
        EmbeddedChannel channel = new EmbeddedChannel(
                new MemcachedHandler(store, loop, loop.together(() -> {}, node.state.clock()), statistics, 1 << 20));
        node.now += 9_000;
        statistics.endIdle(node.now, 10);
        channel.writeInbound(Unpooled.copiedBuffer("mn\r\n", StandardCharsets.US_ASCII));
        ByteBuf reply = channel.readOutbound();
        assertThat(reply.toString(StandardCharsets.US_ASCII)).isEqualTo("MN\r\n");
        reply.release();
        node.now += 10_000;
        statistics.endIdle(node.now, 10);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        node.now++;
        statistics.endIdle(node.now, 0);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        statistics.endIdle(node.now, 10);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void aWriteWithoutFlagsIsOneChangeThatStandsAlone() {
        List<Boolean> units = new ArrayList<>();
        node.keyspace.listen(change -> units.add(change.unit() != 0));
        put();
        assertThat(units).containsExactly(false);
        units.clear();
        put(7);
        assertThat(units).containsExactly(true, true);
        units.clear();
        store.with(KEY, segment -> store.store(segment, Store.Mode.APPEND, KEY, 0, Entry.NEVER, null));
        assertThat(units).containsExactly(true, true);
    }

    private static String seen(Life life, String key) {
        return life.item(
                key,
                (segment, item) -> item.flags() + " "
                        + ((item.bits() & ItemMarks.STALE) != 0 ? "stale " : "")
                        + (item.fetched() ? "read" : "new"));
    }

    private static void stale(Life life, String key) {
        life.item(key, (segment, item) -> {
            life.store.bits(segment, item, ItemMarks.STALE);
            item.fetched(true);
            return item;
        });
    }

    /** Whatever Redis's clients do to a value ends what memcached's knew of the one before; an expiry is none. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET k v",
                "APPEND k v",
                "SETRANGE k 0 v",
                "INCR k",
                "GETSET k v",
                "SETBIT k 3 1",
                "RENAME k {k}2",
                "COPY k {k}2",
                "MSET k v",
                "SETEX k 100 v",
                "BITFIELD k SET u8 0 1"
            })
    void aChangeByRedissClientsEndsFlagsAndCasNumber(String command, @TempDir Path folder) throws Exception {
        try (Life life = new Life(folder, "off", 0)) {
            life.store.with(KEY, segment -> {
                life.store.put(segment, new byte[] {'7'}, 0x12345, Entry.NEVER);
                return segment;
            });
            stale(life, "k");
            long before = life.cas("k");
            CommandHarness.Connection client = life.node.connect();
            client.run("EXPIRE k 1000");
            assertThat(seen(life, "k")).isEqualTo("74565 stale read");
            assertThat(life.cas("k")).isEqualTo(before);
            assertThat(client.run(command)).doesNotStartWith("-");
            String of = command.contains("{k}2") ? "{k}2" : "k";
            assertThat(seen(life, of)).isEqualTo("0 new");
            assertThat(life.cas(of)).isGreaterThan(before);
        }
    }

    /** What a memcached client changes of a value keeps its flags, and gives it another number. */
    @Test
    void flagsStayWhereMemcachedsClientsChangeAValue(@TempDir Path folder) throws Exception {
        try (Life life = new Life(folder, "off", 0)) {
            life.put("k", 0x12345);
            long before = life.cas("k");
            byte[] key = {'k'};
            for (Store.Mode mode : List.of(Store.Mode.APPEND, Store.Mode.PREPEND)) {
                life.store.with(key, segment -> life.store.store(segment, mode, key, 0, Entry.NEVER, null));
                assertThat(life.flags("k")).isEqualTo(0x12345);
                assertThat(life.cas("k")).isGreaterThan(before);
                before = life.cas("k");
            }
            life.item("k", (segment, item) -> {
                life.store.expireAt(segment, life.node.now + 1_000);
                return item;
            });
            assertThat(life.cas("k")).isEqualTo(before);
            assertThat(life.node.connect().run("GET k")).isEqualTo("$3|kkk|");
        }
    }

    /** Nobody can know the number of a value whose number nobody was told. */
    @Test
    void aNumberThatNobodyWasToldFitsNothing(@TempDir Path folder) throws Exception {
        try (Life life = new Life(folder, "off", 0)) {
            life.put("k", 0);
            for (long wrong : new long[] {0, 1, -1}) {
                assertThat(life.store.<Store.Stored>with(
                                KEY, segment -> life.store.store(segment, Store.Mode.SET, KEY, 0, Entry.NEVER, wrong)))
                        .isEqualTo(Store.Stored.EXISTS);
            }
            long told = life.cas("k");
            assertThat(life.store.<Store.Stored>with(
                            KEY, segment -> life.store.store(segment, Store.Mode.SET, KEY, 0, Entry.NEVER, told)))
                    .isEqualTo(Store.Stored.STORED);
            assertThat(life.store.<Store.Stored>with(
                            KEY, segment -> life.store.store(segment, Store.Mode.SET, KEY, 0, Entry.NEVER, told)))
                    .isEqualTo(Store.Stored.EXISTS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "everysec"})
    void flagsOutliveALifeWithoutThePort(String journal, @TempDir Path folder) throws Exception {
        try (Life life = new Life(folder, journal, 0)) {
            life.put("flags", -7);
            life.put("changed", 3);
            life.put("gone", 4);
        }
        try (Life life = new Life(folder, journal, 1)) {
            CommandHarness.Connection redis = life.node.connect();
            assertThat(redis.run("APPEND changed x") + redis.run("DEL gone") + redis.run("SET gone x"))
                    .isEqualTo(":8|:1|+OK|");
        }
        try (Life life = new Life(folder, journal, 2)) {
            assertThat(life.flags("flags")).isEqualTo(-7);
            assertThat(life.flags("changed")).isZero();
            assertThat(life.flags("gone")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "everysec"})
    void flagsAndWhatIsStaleOutliveARestartAndCasNumbersAreNotGivenAgain(String journal, @TempDir Path folder)
            throws Exception {
        long last;
        try (Life life = new Life(folder, journal, 0)) {
            life.put("plain", 0);
            life.put("flags", -7);
            life.put("counted", 3);
            life.put("stale", 5);
            life.item("stale", (segment, item) -> {
                life.store.bits(segment, item, ItemMarks.STALE);
                life.store.tell(segment, item);
                return item;
            });
            life.put("changed", 9);
            life.node.connect().run("SET changed x");
            life.put("gone", 9);
            life.node.connect().run("DEL gone");
            life.item("counted", (segment, item) -> {
                life.store.count(segment, item, new byte[] {'8'});
                return item;
            });
            life.put("last", 1);
            last = life.cas("last");
        }
        try (Life life = new Life(folder, journal, 1)) {
            assertThat(life.flags("plain")).isZero();
            assertThat(life.flags("flags")).isEqualTo(-7);
            assertThat(life.flags("counted")).isEqualTo(3);
            assertThat(life.flags("changed")).isZero();
            assertThat(life.flags("stale")).isEqualTo(5);
            assertThat(life.stale("stale")).isTrue();
            assertThat(life.stale("flags")).isFalse();
            assertThat(life.cas("flags")).isGreaterThan(last);
            assertThat(life.node.connect().run("EXISTS gone")).isEqualTo(":0|");
        }
    }

    @Test
    void aFlushThatWasPutOffGoesOnBehindAScriptAndKeepsALaterPlan() throws Exception {
        Statistics statistics = new Statistics(node.now, 1);
        LateFlush late = new LateFlush(store, statistics);
        for (int i = 0; i < 2_000; i++) {
            redis.run("SET a" + i + " v");
        }
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        Thread script = new Thread(() -> {
            node.keyspace.turn().take();
            node.keyspace.at(7).lock();
            node.keyspace.turn().lengthy();
            held.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            node.keyspace.at(7).unlock();
            node.keyspace.turn().give();
        });
        script.start();
        try {
            held.await();
            statistics.planFlush(node.now + 1);
            late.tick(node.now + 1);
            assertThat(node.keyspace.at(6).counted().database(0)).isZero();
            assertThat(node.keyspace.at(8).counted().database(0)).isPositive();
            statistics.planFlush(node.now + 5_000);
            redis.run("SET " + keyOf(6) + " new");
            late.tick(node.now + 2);
            assertThat(node.keyspace.at(6).counted().database(0)).isEqualTo(1);
        } finally {
            over.countDown();
            script.join();
        }
        late.tick(node.now + 3);
        assertThat(redis.run("DBSIZE")).isEqualTo(":1|");
        assertThat(statistics.flushDue(node.now + 4_999)).isFalse();
        assertThat(statistics.flushDue(node.now + 5_000)).isTrue();
    }

    private static String keyOf(int segment) {
        for (int i = 0; ; i++) {
            byte[] name = ("n" + i).getBytes(StandardCharsets.UTF_8);
            if (Slots.of(name, 0, name.length) % Keyspace.SEGMENTS == segment) {
                return "n" + i;
            }
        }
    }

    @Test
    void aFlushThatWasPutOffComesWhenItIsDueUnlessAnotherOneTakesItsPlace() {
        Replies out = new Replies(ByteBufAllocator.DEFAULT, null, 1 << 16);
        Statistics statistics = new Statistics(node.now, 1);
        TextCommands text = new TextCommands(store, out, statistics, new Counts());
        put();
        text.run(line("flush_all 10"));
        assertThat(redis.run("EXISTS k")).isEqualTo(":1|");
        assertThat(statistics.flushDue(node.now + 9_999)).isFalse();
        text.run(line("flush_all 20 noreply"));
        assertThat(statistics.flushDue(node.now + 19_999)).isFalse();
        assertThat(statistics.flushDue(node.now + 20_000)).isTrue();
        assertThat(statistics.flushDue(node.now + 20_000)).isFalse();
        text.run(line("flush_all 30"));
        text.run(line("flush_all"));
        assertThat(statistics.flushDue(node.now + 30_000)).isFalse();
        assertThat(redis.run("EXISTS k")).isEqualTo(":0|");
        text.run(line("flush_all soon"));
        text.run(line("flush_all -1"));
        ByteBuf replies = Objects.requireNonNull(out.take());
        assertThat(replies.toString(StandardCharsets.US_ASCII))
                .isEqualTo("OK\r\nOK\r\nOK\r\nCLIENT_ERROR invalid exptime argument\r\nOK\r\n");
        replies.release();
    }
}
