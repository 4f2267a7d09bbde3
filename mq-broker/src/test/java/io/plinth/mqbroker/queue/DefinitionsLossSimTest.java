package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.testkit.DurableImage;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The power goes while many definitions share each sync: every one that was answered is there, and nothing is that never was. */
@Timeout(7200)
class DefinitionsLossSimTest {
    private static final int SEEDS = Integer.getInteger("powerloss.seeds", 4);
    private static final int FIRST = Integer.getInteger("powerloss.first", 1);
    private static final long MEMORY = 1 << 20;
    private static final long SEGMENT = 64 << 10;

    @TempDir
    Path folder;

    private List<String> crash(long seed, DurableImage.Mode mode, boolean syncs) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = folder.resolve(mode + "-" + seed + "-" + syncs);
        Path after = folder.resolve(mode + "-" + seed + "-" + syncs + "-after");
        Files.createDirectories(data);
        DurableImage image = new DurableImage(data);
        DefinitionsLoad load = new DefinitionsLoad(random);
        try (EngineDriver driver = new EngineDriver(data, new WatchedLogs(image, SEGMENT, syncs), true, MEMORY)) {
            // Written and forced once, when the folder is made.
            image.synced(List.of(data.resolve("layout")));
            load.declare(driver);
            load.run(driver, 200 + random.nextInt(1500));
            load.promised();
            image.crash(random, mode, after);
            load.settle();
        }
        Engine.Logs plain = path -> PreallocatedSegmentLog.open(path, SEGMENT);
        try (EngineDriver driver = new EngineDriver(after, plain, true, MEMORY)) {
            return load.check(driver);
        }
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void everyAnsweredDefinitionIsFoundAgain(DurableImage.Mode mode, LogWatcher.Expected log) throws Exception {
        // A segment that ends is synced inside the log, unseen by the image: it may show a hole that a disk would not.
        log.expect("damaged from offset");
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            assertThat(crash(seed, mode, true)).as("seed %s, %s", seed, mode).isEmpty();
        }
    }

    @Test
    void aSyncThatDoesNothingIsFoundOut(LogWatcher.Expected log) throws Exception {
        log.expect("damaged from offset");
        assertThat(crash(1, DurableImage.Mode.DROP, false)).anyMatch(wrong -> wrong.startsWith("lost"));
    }
}
