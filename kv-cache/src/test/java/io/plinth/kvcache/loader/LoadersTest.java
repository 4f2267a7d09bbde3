package io.plinth.kvcache.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.StackFiles;
import io.plinth.kvcache.KvCacheConfig;
import io.plinth.kvcache.KvCacheMain;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.loader.behind.BehindConfig;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.loader.behind.BehindWrite;
import io.plinth.kvcache.loader.behind.MemoryStore;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.LongArguments;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.RequestDecoder;
import io.plinth.kvcache.wire.WireLimits;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writes for later without sockets; the queue's threads run where the test says so. */
class LoadersTest {
    private static final BehindConfig BEHIND = new BehindConfig(
            Duration.ofMillis(1),
            100,
            new DataSize(1_000),
            BehindConfig.FullMode.REFUSE,
            Duration.ofSeconds(1),
            Duration.ofMillis(100),
            new DataSize(1_000),
            2,
            new DataSize(1_000));

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final MemoryStore store = new MemoryStore();
    private final List<Runnable> threads = new ArrayList<>();
    private final Map<String, LoaderPool> pools = new HashMap<>();
    private final BehindQueue queue;
    private final Loaders loaders;

    LoadersTest() throws IOException {
        Map<String, LoaderConfig> configs = new HashMap<>();
        for (String name : List.of("one", "two")) {
            LoaderConfig config = new LoaderConfig(
                    "http://127.0.0.1:1/{key}",
                    null,
                    null,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(60),
                    1,
                    1,
                    5,
                    Duration.ofSeconds(5),
                    new DataSize(1_000),
                    false);
            configs.put(name, config);
            // Whatever it is asked waits for ever.
            pools.put(
                    name,
                    new LoaderPool(
                            name, config, LoaderPool.loader(name, config), task -> new Thread(() -> {}), () -> 0));
        }
        queue = new BehindQueue(store, BEHIND, refused -> new boolean[refused.size()], Clock.systemUTC());
        loaders = new Loaders(node.patterns, node.keyspace, node.state.clock(), configs, pools, queue);
        node.patterns.holding(loaders);
        patterns(WriteMode.BEHIND);
    }

    @AfterEach
    void close() {
        loaders.close();
    }

    private void patterns(WriteMode write) {
        node.patterns.use(Map.of("a", pattern("a:", "one", write), "b", pattern("b:", "two", write)));
    }

    private static PatternConfig pattern(String prefix, String loader, WriteMode write) {
        return new PatternConfig(
                prefix,
                0,
                null,
                0,
                Duration.ZERO,
                Duration.ofSeconds(30),
                false,
                null,
                loader,
                false,
                write,
                FailureMode.ERROR);
    }

    /** What was given in is written and acknowledged on this thread; then the queue has stopped. */
    private void writes() {
        loaders.start(task -> {
            threads.add(task);
            return new Thread(() -> {});
        });
        queue.stop();
        threads.getFirst().run();
    }

    private static BehindWrite write(String key, @Nullable String value) {
        return new BehindWrite("one", key.getBytes(UTF_8), 2, value == null ? null : value.getBytes(UTF_8));
    }

    @Test
    void whatTheQueueKnowsBetterIsTakenOutOfTheCacheAtTheStart() throws Exception {
        queue.accept(List.of(write("a:same", "v"), write("a:old", "v2"), write("a:gone", null)), refusal -> {});
        writes();
        patterns(WriteMode.NONE);
        assertThat(client.run("MSET a:same v a:old v1 a:gone v1 a:other v1 b:old v1"))
                .isEqualTo("+OK|");
        patterns(WriteMode.BEHIND);
        loaders.takeUp();
        assertThat(client.run("MGET a:same a:old a:gone a:other b:old")).isEqualTo("*5|$1|v|$-1|$-1|$2|v1|$2|v1|");
    }

    @Test
    void aWriteThatTheDiskMayHaveTakesTheKeyOutOfTheCache(LogWatcher.Expected log) {
        log.expect("can no longer be accepted");
        patterns(WriteMode.NONE);
        assertThat(client.run("SET a:k v1")).isEqualTo("+OK|");
        patterns(WriteMode.BEHIND);
        client.run("SET a:k v2");
        store.error = new LinkageError("torn");
        writes();
        assertThat(client.received()).isEqualTo("-ERR loader one: java.lang.LinkageError: torn|");
        assertThat(client.run("EXISTS a:k")).isEqualTo(":0|");
        // The queue has stopped, and surely does not have this one.
        patterns(WriteMode.NONE);
        assertThat(client.run("SET a:l v1")).isEqualTo("+OK|");
        patterns(WriteMode.BEHIND);
        assertThat(client.run("SET a:l v2")).contains("-ERR loader one: ");
        assertThat(client.run("EXISTS a:l")).isEqualTo(":1|");
    }

    @Test
    void aWriteThroughDoesNotOvertakeOneThatWaits() {
        queue.accept(List.of(write("a:k", "v1")), refusal -> {});
        patterns(WriteMode.THROUGH);
        client.run("SET a:k v2");
        assertThat(queue.counts().coalesced()).isEqualTo(1);
        writes();
        assertThat(client.received()).isEqualTo("+OK|");
        assertThat(client.run("GET a:k")).isEqualTo("$2|v2|");
    }

    /** A value begins to come, and then its key is one of a loader's: what came is not lost from the memory. */
    @Test
    void aLongValueOfAWriteThatIsRefusedGoes() throws Exception {
        long before = node.keyspace.memory().used();
        RequestDecoder decoder = new RequestDecoder(
                new WireLimits(8 << 20, 8, 64, 16 << 20),
                new ReadBuffers(),
                new ClientMemory(1 << 20),
                (args, length) -> Strings.arriving(node.keyspace, Slots.of(args.bytes(1), 0, args.length(1)), length));
        int length = 2 * LongArguments.LONG;
        decoder.feed(Unpooled.copiedBuffer("*3\r\n$3\r\nSET\r\n$3\r\na:k\r\n$" + length + "\r\n", UTF_8));
        assertThat(decoder.next()).isFalse();
        decoder.feed(Unpooled.copiedBuffer("v".repeat(length) + "\r\n", UTF_8));
        assertThat(decoder.next()).isTrue();
        assertThat(node.keyspace.memory().used()).isGreaterThanOrEqualTo(before + length);
        String reply = client.call(decoder.args());
        decoder.close();
        writes();
        assertThat(reply + client.received()).isEqualTo("-ERR loader one: the queue of writes is full|");
        assertThat(node.keyspace.memory().used()).isLessThan(before + length);
    }

    @Test
    void aSlowLoaderDoesNotHaveTheOthersWritesRefused() {
        client.run("SET a:k v");
        assertThat(node.connect().run("SET a:l v")).isEqualTo("-ERR loader one: too many writes wait|");
        CommandHarness.Connection other = node.connect();
        assertThat(other.run("SET b:k v")).doesNotContain("ERR");
        writes();
        assertThat(client.received() + other.received()).isEqualTo("+OK|+OK|");
    }

    @Test
    void aDatabaseThatTakesNoWritesIsNotNamedForThem(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("plinth.yaml");
        String text = """
            stack: shop
            nodes: { kv: { run: kv-cache } }
            kv-cache:
              loaders: { db: { postgres: { url: "jdbc:postgresql://h/d", load: "select :key", store: "select :key" } } }
              patterns: { p: { prefix: "p:", loader: db, write: WRITE } }
            """;
        Files.writeString(file, text.replace("WRITE", "behind"));
        assertThatThrownBy(() -> StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected: none where the loader has no postgres.store and remove");
        Files.writeString(file, text.replace("WRITE", "none"));
        assertThat(StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of()))
                .isNotNull();
    }

    /** The examples that the reference of the configuration has, put together. */
    @Test
    void theExamplesOfPatternsAndLoadersAreRead(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("plinth.yaml");
        Files.createDirectories(folder.resolve("secrets"));
        Files.writeString(folder.resolve("secrets/cache"), "word");
        Files.writeString(file, """
            stack: shop
            nodes: { kv: { run: kv-cache } }
            kv-cache:
              loaders:
            LOADERS
              patterns:
            PATTERNS
            """.replace("LOADERS", examples("loaders")).replace("PATTERNS", examples("patterns")));
        assertThat(StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of()))
                .isNotNull();
    }

    private static String examples(String key) {
        String doc = Arrays.stream(KvCacheConfig.class.getRecordComponents())
                .filter(component -> component.getName().equals(key))
                .map(component -> component.getAnnotation(Doc.class).value())
                .findFirst()
                .orElseThrow();
        List<String> found = Pattern.compile("`([^`]*)`")
                .matcher(doc)
                .results()
                .map(each -> "    " + each.group(1))
                .toList();
        assertThat(found).hasSize(2);
        return String.join("\n", found);
    }
}
