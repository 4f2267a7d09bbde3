package io.plinth.kvcache.persist.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What waits in memory while a snapshot is written. */
@Timeout(120)
class SnapshotBoundsTest {
    private static final int VALUE = 100_000;

    private final Keyspace keyspace = new Keyspace(0, Eviction.ALL_KEYS, 1_000_000, new Random(1));
    private final List<ScheduledExecutorService> loops =
            List.of(Executors.newSingleThreadScheduledExecutor(), Executors.newSingleThreadScheduledExecutor());

    @AfterEach
    void stop() {
        loops.forEach(ScheduledExecutorService::shutdownNow);
    }

    private KeyRef key(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
        return new KeyRef().set(keyspace.hasher(), 0, bytes, 0, bytes.length);
    }

    private void put(String name, byte[] value) {
        KeyRef key = key(name);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            segment.putString(key, value, Entry.NEVER, 1_000_000);
        } finally {
            segment.unlock();
        }
    }

    @Test
    void whatLoopsHandOverIsBoundedByOctets() throws Exception {
        long most = 200_000;
        for (int i = 0; i < 100; i++) {
            put("k" + i, new byte[VALUE]);
        }
        Encoding encoding = new Encoding(keyspace, System::nanoTime, loops, most);
        encoding.begin();
        while (encoding.waiting() < most) {
            Thread.onSpinWait();
        }
        for (ScheduledExecutorService loop : loops) {
            // Each has had its turns again meanwhile.
            loop.schedule(() -> {}, 30, TimeUnit.MILLISECONDS).get();
        }
        assertThat(encoding.waiting()).isLessThan(most + 2 * (2 * VALUE + (64 << 10)));
        for (Slices next = encoding.next(() -> {}); next != null; next = encoding.next(() -> {})) {
            encoding.done(next);
        }
        assertThat(encoding.keys()).isEqualTo(100);
        assertThat(encoding.waiting()).isZero();
    }

    private void awaitGathering(String name) {
        Segment segment = keyspace.segment(key(name).slot());
        for (boolean heard = false; !heard; LockSupport.parkNanos(1_000_000)) {
            segment.lock();
            try {
                heard = segment.heard();
            } finally {
                segment.unlock();
            }
        }
    }

    @Test
    void whileALoopDoesNotEncodeWhatOthersChangeIsWritten(@TempDir Path folder) throws Exception {
        int limit = 1 << 20;
        put("k", new byte[10]);
        Snapshots snapshots =
                new Snapshots(folder, keyspace, Clock.systemUTC(), System::nanoTime, limit, () -> List.<byte[]>of());
        CountDownLatch gate = new CountDownLatch(1);
        loops.getFirst().execute(() -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        CompletableFuture<Snapshots.Saved> saved = CompletableFuture.supplyAsync(() -> {
            try {
                return snapshots.save(null, 1, false, loops);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Path file = folder.resolve("snapshot.new");
        while (!Files.exists(file)) {
            LockSupport.parkNanos(1_000_000);
        }
        // The file may be there before changes are gathered.
        awaitGathering("other");
        long before = Files.size(file);
        for (int i = 1; i <= 12; i++) {
            put("other", new byte[limit / 4]);
            while (Files.size(file) < before + (i - 1) * (limit / 4L)) {
                assertThat(saved.isDone()).isFalse();
                LockSupport.parkNanos(1_000_000);
            }
        }
        gate.countDown();
        assertThat(saved.get(60, TimeUnit.SECONDS).keys()).isPositive();
    }
}
