package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.NoRoomException;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that appends to streams: takes what waits, appends it all, syncs each stream once, and tells their owners. It also drops
 * what is past its time.
 */
public final class StreamWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamWriter.class);
    private static final int MOST = 1024;
    private static final long TRIM_MILLIS = 1000;
    /** The streams among the logs that cannot be written: no shard's number. */
    private static final int LOG_NUMBER = -2;

    private static final long LAST_OPENING = 8000;

    /** Opens the log of a stream. */
    @FunctionalInterface
    public interface Logs {
        SegmentLog open(Path folder, long segmentBytes) throws IOException;
    }

    private record Append(StreamQueue stream, Content content, StreamQueue.Publish publish) {}

    private record Job(@Nullable Append append, @Nullable Runnable work) {}

    /** A stream that could not be opened yet: when that is tried again, and what waits for it. */
    private static final class Opening {
        private final List<Runnable> behind = new ArrayList<>();
        private long wait = TRIM_MILLIS;
        private long at;
    }

    private final Path folder;
    private final Logs logs;
    private final boolean fsync;
    private final Clock clock;
    private final Alarms alarms;
    private final LinkedBlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
    private final Set<StreamQueue> open = new LinkedHashSet<>();
    /** Streams without room, and what they had none for. */
    private final Map<StreamQueue, Content> full = new LinkedHashMap<>();

    private final Map<StreamQueue, Opening> unopened = new LinkedHashMap<>();
    /** Ids of streams that take nothing for now. */
    private final Set<Long> refusing = ConcurrentHashMap.newKeySet();

    private final Thread thread;
    private volatile boolean closing;
    private long trimmed;

    /**
     * Streams below a folder.
     *
     * @param fsync whether a message is committed once it is synced, or once the operating system has it
     */
    public StreamWriter(Path folder, Logs logs, boolean fsync, Clock clock, Alarms alarms) {
        this.folder = folder;
        this.logs = logs;
        this.fsync = fsync;
        this.clock = clock;
        this.alarms = alarms;
        this.thread = Thread.ofPlatform().name("mq-streams").daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    private Path folder(StreamQueue stream) {
        return folder.resolve(Long.toString(stream.ref().id()));
    }

    void open(StreamQueue stream) {
        execute(() -> tryOpening(stream));
    }

    /** What the disk refuses now it may give later: for want of room, for one. */
    private void tryOpening(StreamQueue stream) {
        try {
            Files.createDirectories(folder);
            stream.log().open(() -> logs.open(folder(stream), stream.segmentBytes()));
            open.add(stream);
            if (unopened.containsKey(stream)) {
                LOG.warn("{} is open now", stream.ref());
                alarm(stream, false);
                opened(stream);
            }
        } catch (IOException | UncheckedIOException e) {
            Opening opening = unopened.computeIfAbsent(stream, ignored -> {
                LOG.error("{} cannot be opened, which is tried again: {}", stream.ref(), e.toString());
                alarm(stream, true);
                return new Opening();
            });
            opening.at = clock.millis() + opening.wait;
            opening.wait = Math.min(LAST_OPENING, 2 * opening.wait);
        } catch (RuntimeException | Error e) {
            LOG.error("{} cannot be opened: {}", stream.ref(), e.toString());
            stream.failed();
            alarm(stream, true);
            opened(stream);
        }
    }

    /** Nothing waits for it any more. */
    private void opened(StreamQueue stream) {
        Opening opening = unopened.remove(stream);
        if (opening != null) {
            opening.behind.forEach(StreamWriter::run);
        }
    }

    /** Before anybody is answered: what is sent again by then knows that there is no use. */
    private void alarm(StreamQueue stream, boolean on) {
        refuses(stream, on);
        run(() -> alarms.stream(stream.ref().id(), stream.ref().toString(), on));
    }

    private void refuses(StreamQueue stream, boolean on) {
        if (on) {
            refusing.add(stream.ref().id());
        } else {
            refusing.remove(stream.ref().id());
        }
    }

    /** Whether a stream takes nothing for now; from any thread. */
    public boolean refuses(QueueRef stream) {
        return refusing.contains(stream.id());
    }

    /** Runs work once the stream is open, or failed for good, behind what was handed over before. */
    void behind(StreamQueue stream, Runnable work) {
        execute(() -> {
            Opening opening = unopened.get(stream);
            if (opening == null) {
                work.run();
            } else {
                opening.behind.add(work);
            }
        });
    }

    void append(StreamQueue stream, Content content, StreamQueue.Publish publish) {
        jobs.add(new Job(new Append(stream, content, publish), null));
    }

    void delete(StreamQueue stream, Runnable then) {
        execute(() -> {
            try {
                if (open.remove(stream)) {
                    stream.log().delete();
                }
            } catch (IOException | RuntimeException | Error e) {
                LOG.debug("{}: what is left is deleted as files", stream.ref(), e);
            }
            try {
                remove(folder(stream));
            } catch (IOException | RuntimeException | Error e) {
                LOG.warn("{} was not deleted from disk: {}", stream.ref(), e.toString());
            }
            hasRoom(stream);
            unopened.remove(stream);
            alarm(stream, false);
            then.run();
        });
    }

    private static void remove(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Runs work on this thread, behind what was handed over before. */
    void execute(Runnable work) {
        jobs.add(new Job(null, work));
    }

    private void run() {
        List<Job> taken = new ArrayList<>();
        try {
            while (!closing || !jobs.isEmpty()) {
                Job first = jobs.poll(TRIM_MILLIS, TimeUnit.MILLISECONDS);
                if (first != null) {
                    taken.add(first);
                    jobs.drainTo(taken, MOST);
                    work(taken);
                    taken.clear();
                }
                trim();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.forEach(StreamWriter::close);
        }
    }

    private void work(List<Job> taken) {
        Map<StreamQueue, List<StreamQueue.Publish>> written = new LinkedHashMap<>();
        for (Job job : taken) {
            if (job.append() != null) {
                append(job.append(), written);
            } else if (job.work() != null) {
                commit(written);
                written.clear();
                run(job.work());
            }
        }
        commit(written);
    }

    /** Whatever it is, what others wait for is done. */
    private static void run(Runnable work) {
        try {
            work.run();
        } catch (RejectedExecutionException e) {
            LOG.debug("who is to go on has ended", e);
        } catch (RuntimeException | Error e) {
            LOG.error("work behind the streams' messages failed", e);
        }
    }

    private void append(Append append, Map<StreamQueue, List<StreamQueue.Publish>> written) {
        StreamQueue stream = append.stream();
        if (full.containsKey(stream) || unopened.containsKey(stream)) {
            // Each try may cost as much as a new segment: there is one a second for all of them.
            run(() -> stream.refused(append.publish()));
            return;
        }
        try {
            if (!stream.hasFailed()) {
                stream.log().append(append.content(), clock.millis());
            }
        } catch (NoRoomException e) {
            if (full.putIfAbsent(stream, append.content()) == null) {
                LOG.error(
                        "{}: log write failed; publishes are refused until there is room: {}",
                        stream.ref(),
                        e.toString());
                refuses(stream, true);
                alarms.log(LOG_NUMBER, true);
            }
            run(() -> stream.refused(append.publish()));
            return;
        } catch (IOException | RuntimeException | Error e) {
            failed(stream, e);
        }
        written.computeIfAbsent(stream, ignored -> new ArrayList<>()).add(append.publish());
    }

    private void commit(Map<StreamQueue, List<StreamQueue.Publish>> written) {
        written.forEach((stream, publishes) -> {
            try {
                if (fsync && !stream.hasFailed()) {
                    stream.log().sync();
                }
                if (!stream.hasFailed()) {
                    stream.log().commit();
                }
            } catch (IOException | RuntimeException | Error e) {
                failed(stream, e);
            }
            run(() -> stream.written(List.copyOf(publishes)));
        });
    }

    /** Only this one, whatever it was: the others are answered by the same thread. */
    private void failed(StreamQueue stream, Throwable cause) {
        LOG.error("{} takes nothing any more until restart: {}", stream.ref(), cause.toString());
        stream.failed();
        alarm(stream, true);
        hasRoom(stream);
    }

    private void hasRoom(StreamQueue stream) {
        if (full.remove(stream) != null) {
            refuses(stream, stream.hasFailed());
            if (full.isEmpty()) {
                LOG.warn("streams are written again");
                alarms.log(LOG_NUMBER, false);
            }
        }
    }

    /** Publishers are blocked: without a try nobody would find out. */
    private void retry() {
        for (Map.Entry<StreamQueue, Content> one : List.copyOf(full.entrySet())) {
            StreamQueue stream = one.getKey();
            try {
                stream.log().reserve(one.getValue());
                hasRoom(stream);
            } catch (NoRoomException e) {
                LOG.debug("{}: no room yet", stream.ref(), e);
            } catch (IOException | RuntimeException | Error e) {
                failed(stream, e);
            }
        }
    }

    private void trim() {
        long now = clock.millis();
        if (now - trimmed < TRIM_MILLIS) {
            return;
        }
        trimmed = now;
        retry();
        for (Map.Entry<StreamQueue, Opening> one : List.copyOf(unopened.entrySet())) {
            if (now >= one.getValue().at) {
                tryOpening(one.getKey());
            }
        }
        for (StreamQueue stream : open) {
            try {
                if (!stream.hasFailed()) {
                    stream.log().trim(now, stream.maxAge(), stream.maxBytes());
                }
            } catch (IOException | RuntimeException | Error e) {
                LOG.warn("{}: an old segment was not deleted: {}", stream.ref(), e.toString());
            }
        }
    }

    private static void close(StreamQueue stream) {
        try {
            stream.log().close();
        } catch (IOException | RuntimeException | Error e) {
            LOG.warn("{} did not close: {}", stream.ref(), e.toString());
        }
    }

    /** Writes what was handed over and ends. */
    @Override
    public void close() {
        closing = true;
        execute(() -> {});
        try {
            thread.join(TimeUnit.SECONDS.toMillis(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
