package io.plinth.kvcache.loader.behind;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import io.plinth.testkit.DurableImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The power goes at a seeded point: what was accepted for later is handed on by the next start, whatever unsynced bytes became of. */
@Timeout(600)
class BehindPowerLossSimTest {
    private static final int SEEDS = Integer.getInteger("powerloss.seeds", 2);
    private static final BehindConfig CONFIG = new BehindConfig(
            Duration.ofHours(1),
            100_000,
            new DataSize(1 << 30),
            BehindConfig.FullMode.REFUSE,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            new DataSize(1 << 30),
            8,
            new DataSize(0));

    @TempDir
    Path folder;

    /** The store as it is, and what a disk would hold of it. */
    private record Watched(BehindStore store, DurableImage image, boolean syncs) implements BehindStore {
        @Override
        public void write(List<Entry> entries) throws IOException {
            store.write(entries);
        }

        @Override
        public void sync() throws IOException {
            if (syncs) {
                store.sync();
                image.synced();
            }
        }

        @Override
        public byte @Nullable [] get(byte[] key) throws IOException {
            return store.get(key);
        }

        @Override
        public void scan(Visitor visitor) throws IOException {
            store.scan(visitor);
        }

        @Override
        public void reopen() throws IOException {
            store.reopen();
        }

        @Override
        public void close() {
            store.close();
        }
    }

    /** Keys whose accepted value, or a later one, is not there after a cut. */
    private List<String> cut(long seed, DurableImage.Mode mode, boolean syncs) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = folder.resolve(mode + "-" + seed + "-" + syncs);
        Path after = folder.resolve(mode + "-" + seed + "-" + syncs + "-after");
        Files.createDirectories(after);
        BehindStore store = new RocksStore(data);
        DurableImage image = new DurableImage(data);
        Map<String, Integer> accepted = new ConcurrentHashMap<>();
        Map<String, Integer> promised;
        try (BehindQueue queue = new BehindQueue(
                new Watched(store, image, syncs), CONFIG, refused -> new boolean[refused.size()], Clock.systemUTC())) {
            queue.start((write, then) -> false, Thread::new);
            int writes = 200 + random.nextInt(300);
            for (int i = 0; i < writes; i++) {
                int number = i;
                String key = "k" + random.nextInt(50);
                byte[] value = (i + " " + "x".repeat(random.nextInt(300))).getBytes(StandardCharsets.UTF_8);
                queue.accept(
                        List.of(new BehindWrite("loader", key.getBytes(StandardCharsets.UTF_8), 1, value)),
                        refusal -> accepted.merge(key, refusal == null ? number : -1, Math::max));
                if (random.nextInt(50) == 0 || i == writes - 10) {
                    // A client that waits for its answer.
                    while (accepted.getOrDefault(key, -1) < number) {
                        Thread.onSpinWait();
                    }
                }
            }
            promised = Map.copyOf(accepted);
            image.crash(random, mode, after);
        }
        return missing(after, promised);
    }

    private static List<String> missing(Path after, Map<String, Integer> promised) throws IOException {
        List<String> wrong = new ArrayList<>();
        try (RocksStore store = new RocksStore(after);
                BehindQueue next =
                        new BehindQueue(store, CONFIG, refused -> new boolean[refused.size()], Clock.systemUTC())) {
            for (Map.Entry<String, Integer> each : promised.entrySet()) {
                String key = each.getKey();
                int number = each.getValue();
                BehindQueue.Pending left = next.pending("loader", key.getBytes(StandardCharsets.UTF_8));
                byte[] value = left == null ? null : left.value();
                int found = value == null
                        ? -1
                        : Integer.parseInt(new String(value, StandardCharsets.UTF_8).split(" ", -1)[0]);
                if (found < number) {
                    wrong.add(key + ": " + found + " (expected: at least " + number + ")");
                }
            }
        }
        return wrong;
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void whatWasAcceptedSurvivesTheCut(DurableImage.Mode mode) throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(cut(seed, mode, true)).as("%s, seed %s", mode, seed).isEmpty();
        }
    }

    @Test
    void aSyncThatDoesNothingIsFoundOut() throws Exception {
        assertThat(cut(1, DurableImage.Mode.DROP, false)).isNotEmpty();
    }
}
