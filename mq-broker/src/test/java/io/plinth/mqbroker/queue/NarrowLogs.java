package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.log.ChronicleSegmentLog;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Logs on a disk that has no room for some folders, or for few records. */
final class NarrowLogs implements Engine.Logs {
    private final long segmentBytes;
    private final AtomicInteger room = new AtomicInteger();
    private volatile Predicate<Path> full = path -> false;
    private volatile boolean closed;
    private volatile boolean unreadable;

    NarrowLogs(long segmentBytes) {
        this.segmentBytes = segmentBytes;
    }

    /** No room where this holds, after so many records. */
    void full(int records, Predicate<Path> where) {
        room.set(records);
        full = where;
    }

    void full(String folder) {
        full(0, path -> path.endsWith(folder));
    }

    /** How many records were turned away since. */
    int turnedAway() {
        return Math.max(0, -room.get());
    }

    void roomy() {
        full = path -> false;
    }

    /** Whether no stream can be opened. */
    void closed(boolean now) {
        closed = now;
    }

    /** No record of a queue can be read back any more. */
    void unreadable() {
        unreadable = true;
    }

    /** The folder of a queue's shard. */
    static String folder(String queue) {
        return String.format("shard-%02d", Shards.of("/", queue, Shards.COUNT));
    }

    @Override
    public SegmentLog open(Path folder) throws IOException {
        return new Narrow(PreallocatedSegmentLog.open(folder, segmentBytes), folder);
    }

    @Override
    public SegmentLog openStream(Path folder, long bytes) throws IOException {
        if (closed) {
            throw new IOException("the disk is away");
        }
        return new Narrow(new ChronicleSegmentLog(folder, segmentBytes), folder);
    }

    private final class Narrow extends LogDecorator {
        private final Path folder;

        Narrow(SegmentLog log, Path folder) {
            super(log);
            this.folder = folder;
        }

        @Override
        public long append(ByteBuffer record) throws IOException {
            if (full.test(folder) && room.decrementAndGet() < 0) {
                throw noRoom();
            }
            return super.append(record);
        }

        @Override
        public ByteBuffer read(long position) throws IOException {
            if (unreadable) {
                throw new NoSuchFileException(folder.toString());
            }
            return super.read(position);
        }

        @Override
        public void reserve(int bytes) throws IOException {
            if (full.test(folder) && room.get() <= 0) {
                throw noRoom();
            }
            super.reserve(bytes);
        }
    }
}
