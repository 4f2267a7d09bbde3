package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class RetryPauseTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void isTwiceAsLongEachTimeUntilOneSucceeds() {
        RetryPause pause = new RetryPause();
        assertThat(pause.over(0)).isTrue();
        long now = 0;
        for (long seconds : new long[] {10, 20, 40, 80, 160, 320, 640, 640}) {
            pause.failed(now);
            assertThat(pause.over(now + seconds * SECOND - 1)).isFalse();
            now += seconds * SECOND;
            assertThat(pause.over(now)).isTrue();
        }
        pause.failed(now);
        pause.succeeded();
        assertThat(pause.over(now)).isTrue();
    }

    @Test
    @Timeout(60)
    void aSnapshotThatFailsByAnErrorIsToldAndTheNextIsWritten(@TempDir java.nio.file.Path folder) throws Exception {
        try (PersistFixture node = new PersistFixture(folder, "everysec", false)) {
            node.run("SET k 1");
            node.failing = new OutOfMemoryError("a large one");
            CompletableFuture<?> failed = node.persistence.save();
            assertThat(failed).isNotNull();
            assertThat(failed).failsWithin(30, TimeUnit.SECONDS);
            assertThat(node.persistence.lastFailed()).isTrue();
            assertThat(folder.resolve("snapshots")).isEmptyDirectory();

            node.failing = null;
            CompletableFuture<?> written = node.persistence.save();
            assertThat(written).isNotNull();
            assertThat(written).succeedsWithin(30, TimeUnit.SECONDS);
            assertThat(node.persistence.lastFailed()).isFalse();
        }
    }
}
