package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a snapshot costs clients, in a process of its own: GET and SET in turns at a fixed rate, each measured from when it was due,
 * before and while snapshots are written. As it stands it only shows that all is answered and written; {@code
 * -Dsnapshot.keys=1000000} prints percentiles, the process's first snapshot first.
 */
@Timeout(400)
class SnapshotPaceIT {
    private static final int KEYS = Integer.getInteger("snapshot.keys", 5_000);
    private static final boolean MEASURED = Integer.getInteger("snapshot.keys") != null;
    private static final int RATE = Integer.getInteger("snapshot.rate", 4_000);
    private static final int SNAPSHOTS = MEASURED ? 8 : 2;
    /** Until the node's machine code for these commands is good. */
    private static final long WARM_SECONDS = MEASURED ? Integer.getInteger("snapshot.warm", 15) : 0;

    private static final int CONNECTIONS = 8;
    private static final int PIPELINE = 1_000;
    private static final String VALUE = "v".repeat(64);

    @Test
    void clientsAreAnsweredWhileSnapshotsAreWritten(@TempDir Path folder) throws Exception {
        String section = "memory: 512MiB, persist: { snapshot-on-stop: false }";
        List<String> compiler = List.of("-XX:TieredStopAtLevel=" + (MEASURED ? 4 : 1));
        try (NodeProcess node = new NodeProcess(folder, section, compiler)) {
            node.start();
            try (RawClient client = node.connect()) {
                fill(client);
                measure(node, TimeUnit.SECONDS.toNanos(WARM_SECONDS));
                StringBuilder text = new StringBuilder();
                List<long[]> quiet = new ArrayList<>();
                List<long[]> writing = new ArrayList<>();
                for (int i = 0; i < SNAPSHOTS; i++) {
                    long[] before = measure(node, MEASURED ? TimeUnit.SECONDS.toNanos(2) : 0);
                    assertThat(client.call("BGSAVE")).isEqualTo("+Background saving started\r\n");
                    long begun = System.nanoTime();
                    List<Load> loads = load(node, Long.MAX_VALUE);
                    while (!client.call("INFO", "persistence").contains("rdb_bgsave_in_progress:0")) {
                        TimeUnit.MILLISECONDS.sleep(20);
                    }
                    long took = System.nanoTime() - begun;
                    long[] meanwhile = ended(loads);
                    if (i > 0) {
                        quiet.add(before);
                        writing.add(meanwhile);
                    }
                    text.append(String.format(
                            "snapshot %d in %d ms: p50 %d us (before %d), p99 %d us (before %d), worst %d us (before"
                                    + " %d)%n",
                            i + 1,
                            TimeUnit.NANOSECONDS.toMillis(took),
                            percentile(meanwhile, 50),
                            percentile(before, 50),
                            percentile(meanwhile, 99),
                            percentile(before, 99),
                            percentile(meanwhile, 100),
                            percentile(before, 100)));
                }
                if (MEASURED) {
                    text.append(String.format(
                            "all but the first: p99 %d us (before %d)%n",
                            percentile(together(writing), 99), percentile(together(quiet), 99)));
                    System.out.print(text);
                    node.log()
                            .lines()
                            .filter(line -> line.contains("snapshot of"))
                            .forEach(System.out::println);
                }
                assertThat(client.call("DBSIZE")).isEqualTo(":" + KEYS + "\r\n");
                assertThat(node.log()).contains("snapshot of " + KEYS + " keys");
            }
        }
    }

    private static void fill(RawClient client) throws Exception {
        for (int i = 0; i < KEYS; i += PIPELINE) {
            StringBuilder commands = new StringBuilder();
            for (int k = i; k < i + PIPELINE; k++) {
                commands.append(RawClient.request(List.of("SET", key(k), VALUE)));
            }
            client.send(commands.toString());
            for (int k = 0; k < PIPELINE; k++) {
                assertThat(client.reply()).isEqualTo("+OK\r\n");
            }
        }
    }

    private static String key(int number) {
        return String.format("key:%010d", number);
    }

    private static long[] measure(NodeProcess node, long nanos) throws Exception {
        List<Load> loads = load(node, nanos);
        for (Load load : loads) {
            load.thread.join();
        }
        return ended(loads);
    }

    private static List<Load> load(NodeProcess node, long nanos) throws Exception {
        List<Load> loads = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            loads.add(new Load(node.connect(), i, nanos));
        }
        loads.forEach(load -> load.thread.start());
        return loads;
    }

    /** All of them, sorted, in nanoseconds. */
    private static long[] ended(List<Load> loads) throws Exception {
        LongStream all = LongStream.empty();
        for (Load load : loads) {
            load.over = true;
            load.thread.join();
            assertThat(load.failure).isNull();
            all = LongStream.concat(all, Arrays.stream(load.nanos, 0, load.count));
        }
        return all.sorted().toArray();
    }

    private static long[] together(List<long[]> all) {
        return all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    }

    private static long percentile(long[] sorted, double percent) {
        return sorted.length == 0
                ? 0
                : sorted[(int) Math.min(sorted.length - 1, sorted.length * percent / 100)] / 1_000;
    }

    /** Owned by its thread: one connection that asks when it is due, whatever became of the request before. */
    private static final class Load implements Runnable {
        private static final long PERIOD = 1_000_000_000L * CONNECTIONS / RATE;

        private final RawClient client;
        private final SplittableRandom random;
        private final long wanted;
        private final Thread thread = new Thread(this, "load");
        private long[] nanos = new long[1 << 16];
        private int count;
        private volatile boolean over;
        private volatile @Nullable Throwable failure;

        Load(RawClient client, int seed, long wanted) {
            this.client = client;
            this.random = new SplittableRandom(seed);
            this.wanted = wanted;
        }

        @Override
        public void run() {
            long begun = System.nanoTime();
            long due = begun + random.nextLong(PERIOD);
            try (client) {
                while (!over && due - begun < wanted) {
                    for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                        LockSupport.parkNanos(wait);
                    }
                    String key = key(random.nextInt(KEYS));
                    if (random.nextBoolean()) {
                        assertThat(client.call("GET", key)).startsWith("$64");
                    } else {
                        assertThat(client.call("SET", key, VALUE)).isEqualTo("+OK\r\n");
                    }
                    nanos = count < nanos.length ? nanos : Arrays.copyOf(nanos, 2 * count);
                    nanos[count++] = System.nanoTime() - due;
                    due += PERIOD;
                }
            } catch (Exception | Error e) {
                failure = e;
            }
        }
    }
}
