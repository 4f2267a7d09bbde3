package io.plinth.kvcache.persist.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A database that is emptied segment by segment is in an image with all of its keys, or with none. */
@Timeout(60)
class ImageMomentTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();

    @TempDir
    Path folder;

    @AfterEach
    void stop() {
        loop.shutdownNow();
    }

    private void flush(int from, int upto) {
        for (int i = from; i < upto; i++) {
            Segment segment = node.keyspace.at(i);
            segment.lock();
            try {
                segment.flush(0);
            } finally {
                segment.unlock();
            }
        }
    }

    @Test
    void isNotInTheMiddleOfAFlush() throws Exception {
        Path path = folder.resolve("image");
        Snapshots snapshots = new Snapshots(
                folder, node.keyspace, Clock.systemUTC(), System::nanoTime, 1 << 20, () -> List.<byte[]>of());
        for (int i = 0; i < 5 * Keyspace.SEGMENTS; i++) {
            client.run("SET k" + i + " v");
        }
        ScriptTurn turn = node.keyspace.turn();
        CompletableFuture<Void> image;
        turn.take();
        try {
            // As FLUSHDB does.
            flush(0, Keyspace.SEGMENTS / 2);
            image = CompletableFuture.runAsync(() -> {
                try {
                    snapshots.image(path, List.of(loop));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            // It is given time to end too early.
            assertThat(image.handle((done, failed) -> true)
                            .completeOnTimeout(false, 3, TimeUnit.SECONDS)
                            .join())
                    .isFalse();
            flush(Keyspace.SEGMENTS / 2, Keyspace.SEGMENTS);
        } finally {
            turn.give();
        }
        image.get(30, TimeUnit.SECONDS);
        boolean[] told = new boolean[Keyspace.SEGMENTS];
        try (Image of = new Image(path)) {
            of.changes(record -> {
                int slot = EffectCodec.slot(record);
                if (slot >= 0 && ChangeRecord.read(record).kind() == Kind.FLUSHED) {
                    told[slot & Keyspace.SEGMENTS - 1] = true;
                }
            });
            for (int i = 0; i < Keyspace.SEGMENTS; i++) {
                if (!told[i]) {
                    of.keys(i, new NoKeys());
                }
            }
        }
    }

    /** Of a segment that was emptied before it was written. */
    private static final class NoKeys implements Image.Keys {
        private static void none(byte[] key) {
            throw new AssertionError(new String(key, StandardCharsets.US_ASCII) + " (expected: none is left)");
        }

        @Override
        public void string(long sequence, int db, byte[] key, long expireAt, ByteBuffer content) {
            none(key);
        }

        @Override
        public void dumped(long sequence, int db, byte[] key, long expireAt, ByteBuffer payload) {
            none(key);
        }

        @Override
        public void large(LargeValue value) {
            none(value.key());
        }
    }
}
