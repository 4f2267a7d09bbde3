package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.log.ChronicleSegmentLog;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.testkit.DurableImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Opens logs that tell the image what is durable.
 *
 * @param syncs whether their syncs do anything
 */
record WatchedLogs(DurableImage image, long segmentBytes, boolean syncs) implements Engine.Logs {
    @Override
    public SegmentLog open(Path path) throws IOException {
        return new Watched(PreallocatedSegmentLog.open(path, segmentBytes), path, image, syncs);
    }

    @Override
    public SegmentLog openStream(Path path, long bytes) throws IOException {
        return new Watched(new ChronicleSegmentLog(path, segmentBytes), path, image, syncs);
    }

    /** Tells the image what a sync made durable: the files of this log and nothing else. */
    private static final class Watched extends LogDecorator {
        private final Path path;
        private final DurableImage image;
        private final boolean syncs;

        Watched(SegmentLog log, Path path, DurableImage image, boolean syncs) {
            super(log);
            this.path = path;
            this.image = image;
            this.syncs = syncs;
        }

        @Override
        public void sync() throws IOException {
            log.sync();
            // Else the operating system has it, and the disk does not.
            if (syncs) {
                image.synced(files());
            }
        }

        @Override
        public void drop(int segment) throws IOException {
            synchronized (image) {
                List<Path> before = files();
                log.drop(segment);
                image.deleted(before.stream().filter(Files::notExists).toList());
            }
        }

        private List<Path> files() {
            try (Stream<Path> all = Files.walk(path)) {
                return all.filter(Files::isRegularFile).toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
