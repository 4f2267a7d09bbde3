package io.plinth.mqbroker.queue;

import io.netty.util.concurrent.EventExecutor;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.QueueLifecycle;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.flow.MemoryGauge;
import io.plinth.mqbroker.index.CopyForward;
import io.plinth.mqbroker.index.DefinitionsIndexer;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.index.RecoveredDefinitions;
import io.plinth.mqbroker.index.RecoveredShard;
import io.plinth.mqbroker.index.RocksIndex;
import io.plinth.mqbroker.index.SegmentReport;
import io.plinth.mqbroker.index.ShardIndexer;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeStream;
import io.plinth.mqbroker.log.ChronicleSegmentLog;
import io.plinth.mqbroker.log.DataLayout;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.LogWriter;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.stats.HistogramBudget;
import io.plinth.mqbroker.stream.StreamWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything that keeps messages, wired: data folder, logs, index, shards and definitions. Opened and closed off the loops. */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    /** One long queue that is read back, from a slow disk too, holds up few of the others. */
    private static final int READERS = 4;

    private static final int QUIESCE_SECONDS = 5;

    /** Opens a segment log; tests put another between. */
    @FunctionalInterface
    public interface Logs {
        SegmentLog open(Path folder) throws IOException;

        /** Opens the log of a stream. */
        default SegmentLog openStream(Path folder, long segmentBytes) throws IOException {
            return new ChronicleSegmentLog(folder, segmentBytes);
        }
    }

    /**
     * What an engine is made of.
     *
     * @param fsync whether a confirm waits for the disk
     * @param memory octets messages may take
     * @param window how many ready messages of a queue stay in memory
     * @param maxHistograms how many queues have a histogram of their own
     * @param followers of the stream of changes, on the shards' loops
     */
    public record Settings(
            Path folder,
            List<? extends EventExecutor> loops,
            Logs logs,
            boolean fsync,
            long memory,
            int window,
            int maxQueues,
            int maxHistograms,
            Clock clock,
            LongSupplier nanoTime,
            List<Consumer<Change>> followers) {}

    private final DataLayout layout;
    private final Vhosts vhosts = new Vhosts();
    private final Alarms alarms = new Alarms();
    private final MemoryGauge gauge;
    private final HistogramBudget histograms;
    /** A shard reads on one of them, always the same: what it asked for comes in that order. */
    private final List<ExecutorService> readers = new ArrayList<>();

    private final List<LogWriter> writers = new ArrayList<>();
    private final List<LogFollower> followers = new ArrayList<>();
    private final List<SegmentLog> unowned = new ArrayList<>();
    private final RocksIndex index;
    private final Shards shards;
    private final StreamWriter streams;
    private final Definitions definitions;

    /** Opens the folder and recovers what is in it. */
    public Engine(Settings settings) throws IOException {
        layout = new DataLayout(settings.folder(), Shards.COUNT);
        gauge = new MemoryGauge(settings.memory(), alarms);
        histograms = new HistogramBudget(settings.maxHistograms());
        for (int i = 0; i < READERS; i++) {
            readers.add(new ThreadPoolExecutor(
                    1,
                    1,
                    0,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    Thread.ofPlatform().name("mq-reader-" + i).daemon().factory(),
                    // Nobody waits for what is to be read while the broker stops.
                    new ThreadPoolExecutor.DiscardPolicy()));
        }
        shards = new Shards(layout.shards());
        streams = new StreamWriter(
                settings.folder().resolve("streams"),
                settings.logs()::openStream,
                settings.fsync(),
                settings.clock(),
                alarms);
        try {
            layout.takeRoom();
            index = new RocksIndex(layout.index());
        } catch (IOException | RuntimeException e) {
            layout.close();
            throw e;
        }
        try {
            definitions = open(settings);
        } catch (IOException | RuntimeException e) {
            closeUnowned();
            index.close();
            layout.close();
            readers.forEach(ExecutorService::shutdownNow);
            throw e;
        }
        layout.keepRoom();
        writers.forEach(LogWriter::start);
        streams.start();
    }

    private void closeUnowned() throws IOException {
        for (SegmentLog log : unowned) {
            log.close();
        }
    }

    private SegmentLog log(Settings settings, Path folder) throws IOException {
        SegmentLog log = settings.logs().open(folder);
        unowned.add(log);
        return log;
    }

    private Definitions open(Settings settings) throws IOException {
        SegmentLog log = log(settings, layout.definitions());
        RecoveredDefinitions found = DefinitionsIndexer.recover(index, log);
        EventExecutor loop = settings.loops().getFirst();
        Late<Definitions> late = new Late<>();
        LogWriter writer = new LogWriter(
                "mq-log-definitions",
                log,
                true,
                new DefinitionsIndexer(index, found),
                loop,
                late.owner(),
                settings.nanoTime());
        writers.add(writer);
        ChangeStream stream = new ChangeStream(
                DefinitionsIndexer.LOG_NUMBER, found.epoch() + 1, found.sequence(), writer, settings.followers());
        Definitions made = new Definitions(loop, vhosts, shards, stream, alarms, settings.maxQueues());
        late.set(made);
        Set<Long> queueIds = new HashSet<>();
        Set<Long> delayed = new HashSet<>();
        for (Effect.QueueDeclared queue : found.queues()) {
            queueIds.add(queue.id());
            if (queue.arguments().has(QueueRef.DELAYED_FOR)) {
                delayed.add(queue.id());
            }
        }
        List<RecoveredShard> recovered = new ArrayList<>();
        for (int number = 0; number < shards.count(); number++) {
            recovered.add(openShard(settings, number, queueIds, delayed, made));
        }
        made.restore(found, (queue, shard) -> shards.get(shard).restore(queue, recovered.get(shard)));
        LOG.info(
                "recovered {} queues; replayed {} records behind the index",
                found.queues().size(),
                recovered.stream().mapToLong(RecoveredShard::records).sum());
        return made;
    }

    private RecoveredShard openShard(
            Settings settings, int number, Set<Long> queueIds, Set<Long> delayed, QueueLifecycle lifecycle)
            throws IOException {
        SegmentLog log = log(settings, layout.shard(number));
        ShardIndexer.Opened opened = ShardIndexer.open(number, index, log, queueIds, delayed);
        EventExecutor loop = settings.loops().get(number % settings.loops().size());
        ExecutorService reader = readers.get(number % READERS);
        Late<Shard> late = new Late<>();
        LogWriter writer = new LogWriter(
                "mq-log-" + number, log, settings.fsync(), opened.indexer(), loop, late.owner(), settings.nanoTime());
        writers.add(writer);
        followers.add(new LogFollower(writer, opened.indexer()));
        ChangeStream stream = new ChangeStream(
                number, opened.recovered().epoch() + 1, opened.recovered().sequence(), writer, settings.followers());
        Shard shard = new Shard(new Shard.Parts(
                number,
                loop,
                stream,
                log,
                reader,
                new QueuePages(number, index),
                gauge,
                settings.window(),
                histograms,
                alarms,
                settings.clock(),
                settings.nanoTime(),
                vhosts,
                shards,
                streams,
                lifecycle));
        late.set(shard);
        opened.indexer().listener(new ShardIndexer.Listener() {
            @Override
            public void moved(List<CopyForward.Move> moves, Runnable then) {
                shard.later(() -> shard.moved(moves, reader, () -> writer.execute(then)));
            }

            @Override
            public void indexed(long sequence) {
                loop.execute(() -> shard.indexed(sequence));
            }
        });
        shards.set(shard);
        return opened.recovered();
    }

    private record LogFollower(LogWriter writer, ShardIndexer indexer) {}

    /** Why the segments of a shard's log are there, oldest first. */
    public CompletableFuture<List<SegmentReport>> segments(int shard) {
        CompletableFuture<List<SegmentReport>> reports = new CompletableFuture<>();
        LogFollower log = followers.get(shard);
        log.writer().execute(() -> reports.complete(log.indexer().report()));
        return reports;
    }

    /** The same of one segment, with its first live message; read on a thread of its own. */
    public CompletableFuture<SegmentReport> withOldest(SegmentReport report) {
        CompletableFuture<SegmentReport> complete = new CompletableFuture<>();
        Thread.ofPlatform().name("mq-explain").daemon().start(() -> {
            try {
                complete.complete(followers.get(report.shard()).indexer().withOldest(report));
            } catch (IOException | RuntimeException e) {
                complete.completeExceptionally(e);
            }
        });
        return complete;
    }

    public Vhosts vhosts() {
        return vhosts;
    }

    public Alarms alarms() {
        return alarms;
    }

    public MemoryGauge gauge() {
        return gauge;
    }

    public Shards shards() {
        return shards;
    }

    public Definitions definitions() {
        return definitions;
    }

    /** What the loops were told before this is handed to the writers. */
    private void quiesce() {
        for (int number = 0; number < shards.count(); number++) {
            Shard shard = shards.get(number);
            try {
                shard.loop().submit(() -> {}).get(QUIESCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (ExecutionException | TimeoutException | RejectedExecutionException e) {
                LOG.warn("shard {} did not come to rest: {}", number, e.toString());
                return;
            }
        }
    }

    /** Writes what was handed over, syncs, and closes everything. The loops must still run. */
    @Override
    public void close() {
        quiesce();
        // First: what they read would seem lost in a log that is closed.
        stopReading();
        writers.forEach(LogWriter::finishing);
        writers.forEach(LogWriter::close);
        streams.close();
        try {
            index.close();
            layout.close();
        } catch (IOException e) {
            LOG.warn("data folder did not close: {}", e.toString());
        }
    }

    private void stopReading() {
        readers.forEach(ExecutorService::shutdown);
        try {
            for (ExecutorService reader : readers) {
                if (!reader.awaitTermination(5, TimeUnit.SECONDS)) {
                    LOG.warn("a reader did not end in time");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Breaks the circle of a writer and its owner: set before the writer starts. */
    private static final class Late<T extends LogWriter.Owner> {
        private @org.jspecify.annotations.Nullable T owner;

        void set(T value) {
            owner = value;
        }

        LogWriter.Owner owner() {
            return new LogWriter.Owner() {
                @Override
                public void durable(long sequence) {
                    if (owner != null) {
                        owner.durable(sequence);
                    }
                }

                @Override
                public void full(IOException cause) {
                    if (owner != null) {
                        owner.full(cause);
                    }
                }

                @Override
                public void failed(IOException cause) {
                    if (owner != null) {
                        owner.failed(cause);
                    }
                }

                @Override
                public void recovered() {
                    if (owner != null) {
                        owner.recovered();
                    }
                }

                @Override
                public void notKept(Effect.Returned returned) {
                    if (owner != null) {
                        owner.notKept(returned);
                    }
                }

                @Override
                public boolean standsByRefused() {
                    return owner != null && owner.standsByRefused();
                }
            };
        }
    }
}
