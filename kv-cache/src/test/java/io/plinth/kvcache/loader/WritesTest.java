package io.plinth.kvcache.loader;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commands that wait for a loader, and what goes wrong meanwhile. */
@Timeout(60)
class WritesTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final Origin origin = new Origin();
    private final LoaderConfig config = new LoaderConfig(
            "http://127.0.0.1/{key}",
            null,
            null,
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            1,
            10,
            5,
            Duration.ofSeconds(1),
            new DataSize(1 << 20),
            false);
    private final LoaderPool pool = new LoaderPool("l", config, origin, WritesTest::daemon, () -> 0);
    private final Loaders loaders =
            new Loaders(node.patterns, node.keyspace, node.state.clock(), Map.of("l", config), Map.of("l", pool), null);
    private final CommandHarness.Connection one = node.connect();
    private final CommandHarness.Connection two = node.connect();

    /** A source whose answers wait for a gate. */
    private static final class Origin implements Loader {
        private final Map<String, byte[]> values = new ConcurrentHashMap<>();
        private volatile CountDownLatch gate = new CountDownLatch(1);
        private volatile @Nullable Error failure;
        private volatile long ttlMillis = -1;

        private void await() {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Error error = failure;
            if (error != null) {
                throw error;
            }
        }

        @Override
        public Answer load(LoaderKey key) {
            await();
            return new Answer(values.get(key.key()), ttlMillis);
        }

        @Override
        public void store(LoaderKey key, byte[] value) {
            await();
            values.put(key.key(), value);
        }

        @Override
        public void remove(LoaderKey key) {
            await();
            values.remove(key.key());
        }

        @Override
        public void close() {}
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "load-l");
        thread.setDaemon(true);
        return thread;
    }

    @BeforeEach
    void begin() {
        PatternConfig through = new PatternConfig(
                "k",
                0,
                null,
                0,
                Duration.ZERO,
                Duration.ofSeconds(30),
                false,
                null,
                "l",
                true,
                WriteMode.THROUGH,
                FailureMode.ERROR);
        node.patterns.use(Map.of("one", through));
        node.patterns.holding(loaders);
    }

    @AfterEach
    void stop() {
        origin.gate.countDown();
        loaders.close();
        one.received();
        two.received();
    }

    /** Lets the question go on that waits, until its answer has been dealt with. */
    private void answered() throws InterruptedException {
        origin.gate.countDown();
        // There is one thread: what it does next comes after all of this.
        CountDownLatch next = new CountDownLatch(1);
        assertThat(pool.run(next::countDown)).isTrue();
        assertThat(next.await(30, TimeUnit.SECONDS)).isTrue();
        origin.gate = new CountDownLatch(1);
    }

    private void elapse() {
        List<Runnable> due = List.copyOf(node.timers);
        node.timers.clear();
        due.forEach(Runnable::run);
    }

    @Test
    void aKeyCanBeWrittenAgainWhereAClientWentWhileItsWriteWaitedForAPause() throws Exception {
        assertThat(one.run("SET k 1")).isEmpty();
        assertThat(two.run("CLIENT PAUSE 1000000 WRITE")).isEqualTo("+OK|");
        answered();
        assertThat(node.timers).hasSize(1);
        one.client.close();
        Objects.requireNonNull(one.client.blocked()).abandon();
        elapse();
        assertThat(two.run("CLIENT UNPAUSE")).isEqualTo("+OK|");
        assertThat(two.run("SET k 2")).isEmpty();
        answered();
        assertThat(two.received()).isEqualTo("+OK|");
        assertThat(two.run("GET k")).isEqualTo("$1|2|");
    }

    @Test
    void aKeyCanBeWrittenAgainWhereARunEndedUnexpectedly() throws Exception {
        assertThat(two.run("SET k 0")).isEmpty();
        answered();
        assertThat(two.received()).isEqualTo("+OK|");
        assertThat(one.run("SET k 1")).isEmpty();
        one.client.out().raw(new byte[(1 << 20) - 2]);
        answered();
        assertThat(one.client.closing()).isTrue();
        one.received();
        assertThat(two.run("EXISTS k")).isEqualTo(":0|");
        assertThat(two.run("SET k 2")).isEmpty();
        answered();
        assertThat(two.received()).isEqualTo("+OK|");
    }

    @Test
    void whatTheCacheCouldNotTakeIsDroppedAlsoWhereTheClientGetsNoReplies() throws Exception {
        assertThat(two.run("SET k 0")).isEmpty();
        answered();
        assertThat(two.received()).isEqualTo("+OK|");
        for (String mode : List.of("OFF", "SKIP")) {
            one.run("CLIENT REPLY " + mode);
            assertThat(one.run("SET k 1")).isEmpty();
            node.settings.readOnly(true);
            answered();
            node.settings.readOnly(false);
            assertThat(one.received()).isEmpty();
            assertThat(two.run("EXISTS k")).isEqualTo(":0|");
            assertThat(one.run("CLIENT REPLY ON")).isEqualTo("+OK|");
            assertThat(one.run("SET k 0")).isEmpty();
            answered();
            assertThat(one.received()).isEqualTo("+OK|");
        }
    }

    @Test
    void aQuestionOrAWriteThatEndsWithAnErrorIsOver() throws Exception {
        origin.failure = new LinkageError("on purpose");
        assertThat(one.run("GET k")).isEmpty();
        answered();
        assertThat(one.received()).startsWith("-ERR loader l: ").contains("on purpose");
        assertThat(loaders.loading()).isZero();
        assertThat(one.run("SET k 1")).isEmpty();
        answered();
        assertThat(one.received()).startsWith("-ERR loader l: ").contains("on purpose");
        origin.failure = null;
        assertThat(one.run("SET k 2")).isEmpty();
        answered();
        assertThat(one.received()).isEqualTo("+OK|");
    }

    @Test
    void aQuestionWhoseAnswerCannotBePutIsOver() throws Exception {
        origin.values.put("", new byte[] {'v'});
        ChangeListener failing = change -> {
            throw new IllegalStateException("on purpose");
        };
        node.keyspace.listen(failing);
        Queue<Runnable> loop = new ConcurrentLinkedQueue<>();
        node.loop = loop;
        assertThat(one.run("GET k")).isEmpty();
        answered();
        int failures = 0;
        for (Runnable task = loop.poll(); task != null; task = loop.poll()) {
            try {
                task.run();
            } catch (IllegalStateException e) {
                failures++;
            }
        }
        assertThat(failures).isEqualTo(1);
        assertThat(loaders.loading()).isZero();
        assertThat(one.received()).contains("on purpose");
    }

    @Test
    void aQuestionThatIsNotAnsweredLosesItsLeaseAndTheNextOneAsksAnew() throws Exception {
        origin.values.put("", new byte[] {'v'});
        assertThat(one.run("GET k")).isEmpty();
        elapse();
        assertThat(one.received()).startsWith("-ERR loader l: no answer in 60000 ms");
        assertThat(loaders.loading()).isZero();
        assertThat(two.run("GET k")).isEmpty();
        assertThat(loaders.loading()).isEqualTo(1);
        answered();
        assertThat(two.received()).isEqualTo("$1|v|");
    }

    @Test
    void ofMoreMissingKeysThanALoaderTakesAtATimeTheOthersWaitForTheirTurn() {
        StringBuilder command = new StringBuilder("MGET");
        StringBuilder expected = new StringBuilder("*50|");
        for (int i = 0; i < 50; i++) {
            command.append(" k").append(i);
            origin.values.put(Integer.toString(i), new byte[] {'v'});
            expected.append("$1|v|");
        }
        Queue<Runnable> loop = new ConcurrentLinkedQueue<>();
        node.loop = loop;
        assertThat(one.run(command.toString())).isEmpty();
        origin.gate.countDown();
        String reply = "";
        while (reply.isEmpty()) {
            Runnable task = loop.poll();
            if (task == null) {
                Thread.onSpinWait();
            } else {
                task.run();
            }
            reply = one.received();
        }
        assertThat(reply).isEqualTo(expected.toString());
        assertThat(loaders.loading()).isZero();
    }

    @Test
    void anAnswerSaysHowLongItIsKept() throws Exception {
        origin.values.put("", new byte[] {'v'});
        origin.ttlMillis = 90_000;
        assertThat(one.run("GET k")).isEmpty();
        answered();
        assertThat(one.received() + one.run("TTL k")).isEqualTo("$1|v|:90|");
        origin.values.clear();
        assertThat(one.run("DEL k")).isEmpty();
        answered();
        assertThat(one.received()).isEqualTo(":1|");
        assertThat(one.run("GET k")).isEmpty();
        answered();
        assertThat(one.received() + one.run("GET k")).isEqualTo("$-1|$-1|");
        node.now += 89_000;
        assertThat(one.run("GET k")).isEqualTo("$-1|");
        node.now += 1_001;
        assertThat(one.run("GET k")).isEmpty();
        assertThat(loaders.loading()).isEqualTo(1);
        answered();
        assertThat(one.received()).isEqualTo("$-1|");
    }

    @Test
    void anAnswerThatComesWhileARedisIsFollowedIsNotPut() throws Exception {
        origin.values.put("", new byte[] {'v'});
        assertThat(one.run("GET k")).isEmpty();
        node.settings.readOnly(true);
        answered();
        assertThat(one.received()).isEqualTo("$-1|");
        assertThat(loaders.loading()).isZero();
        assertThat(node.keyspace.keys(0)).isZero();
        assertThat(node.patterns.marks().size()).isZero();
    }

    @Test
    void aReplicaAsksNoLoader() {
        node.settings.readOnly(true);
        assertThat(one.run("GET k")).isEqualTo("$-1|");
        assertThat(loaders.loading()).isZero();
    }
}
