package io.plinth.kvcache.persist;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.persist.copy.Copies;
import io.plinth.kvcache.persist.journal.ChronicleStore;
import io.plinth.kvcache.persist.journal.Damage;
import io.plinth.kvcache.persist.journal.Journal;
import io.plinth.kvcache.persist.journal.JournalState;
import io.plinth.kvcache.persist.snapshot.Snapshots;
import io.plinth.kvcache.persist.snapshot.Snapshots.Saved;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Called by the node's runner, and by any loop to save: journal and snapshots of one node. One thread writes snapshots. */
public final class Persistence implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Persistence.class);
    private static final long SEGMENT = 64 << 20;
    private static final int CHECK_SECONDS = 5;
    private static final int MEND_SECONDS = 1;

    private final Keyspace keyspace;
    private final PersistSettings settings;
    /** Whether the stop leaves a snapshot. */
    private volatile boolean leaves;

    private final Clock clock;
    private final LongSupplier nanos;
    private final ThreadFactory threads;
    private final List<? extends ScheduledExecutorService> loops;
    private final Functions functions;
    private final AtomicLong functionChanges = new AtomicLong();
    private final Snapshots snapshots;
    private final Copies copies;
    private final Path journalFolder;
    private final ScheduledExecutorService saver;
    private final AtomicReference<SaveKind> saving = new AtomicReference<>(SaveKind.NONE);
    /** What is to be written when nothing is. */
    private final Set<SaveKind> scheduled = ConcurrentHashMap.newKeySet();

    private final RetryPause pause = new RetryPause();
    private final RetryPause mending = new RetryPause();
    private final RoomGuess guess = new RoomGuess();
    private volatile @Nullable Journal journal;
    private int journalFrom;
    private volatile boolean started;
    private volatile SaveCounts saves = SaveCounts.NONE;
    private volatile long changesAtSave;
    private volatile int damages;
    private volatile int torn;

    /** {@code loops} serve clients, and encode snapshots between their commands. */
    public Persistence(
            Keyspace keyspace,
            PersistSettings settings,
            Clock clock,
            LongSupplier nanos,
            ThreadFactory threads,
            List<? extends ScheduledExecutorService> loops,
            Functions functions) {
        this.keyspace = keyspace;
        this.settings = settings;
        this.leaves = settings.snapshotOnStop() && !settings.journals();
        this.clock = clock;
        this.nanos = nanos;
        this.threads = threads;
        this.functions = functions;
        this.loops = List.copyOf(loops);
        this.snapshots = new Snapshots(
                settings.folder().resolve("snapshots"),
                keyspace,
                clock,
                nanos,
                settings.journalBuffer(),
                functions::all);
        this.copies = new Copies(
                settings.folder().resolve("copies"),
                snapshots,
                functions::all,
                this.loops,
                settings.copies(),
                clock,
                threads);
        this.journalFolder = settings.folder().resolve("journal");
        this.saver = Executors.newSingleThreadScheduledExecutor(threads);
        this.saves = saves.started(clock.millis(), 0);
    }

    /** What fills a node that nothing was left for. */
    @FunctionalInterface
    public interface Filling {
        /** Answers whether it did. */
        boolean fill() throws IOException;
    }

    /** Brings back what an earlier process left, and has the journal hear of every change from then on. */
    public Recovery start() throws IOException {
        return start(() -> false);
    }

    /** The same; where nothing was left the keys come from elsewhere. */
    public Recovery start(Filling elsewhere) throws IOException {
        long began = nanos.getAsLong();
        copies.clear();
        Recovery recovery = Recovery.run(keyspace, snapshots.all(), journalFolder, clock.millis(), settings.keeps());
        saves = saves.started(clock.millis(), recovery.keys());
        for (Damage damage : recovery.damages()) {
            LOG.warn("damaged: {}; the rest is kept", damage);
        }
        for (Damage tail : recovery.torn()) {
            LOG.warn("torn by a crash: {}; what was not on disk then is not back", tail);
        }
        damages = recovery.damages().size();
        torn = recovery.torn().size();
        if (recovery.snapshot() != null || recovery.changes() > 0) {
            LOG.info(
                    "{} keys of a snapshot and {} changes of the journal are back after {} ms; {} changes did not fit",
                    recovery.keys(),
                    recovery.changes(),
                    (nanos.getAsLong() - began) / 1_000_000,
                    recovery.misfits());
        }
        leaveOut(recovery.journalFrom());
        recovery.libraries().forEach(this::load);
        boolean filled = recovery.nothing() && elsewhere.fill();
        TreeMap<Integer, Path> left = ChronicleStore.segments(journalFolder);
        // A number before what the snapshot says would not be read at the next start.
        journalFrom = Math.max(recovery.journalFrom(), left.isEmpty() ? 1 : left.lastKey() + 1);
        if (settings.journals()) {
            Journal begun = new Journal(
                    new ChronicleStore(journalFolder, SEGMENT, journalFrom),
                    settings.always(),
                    settings.journalBuffer(),
                    nanos,
                    threads);
            journal = begun;
            keyspace.listen(begun);
            keyspace.durability(begun);
        } else if (!left.isEmpty()) {
            // The journal ends here: what it says would be old at the next start.
            snapshots.save(null, journalFrom, false, List.of());
            try (ChronicleStore store = new ChronicleStore(journalFolder, SEGMENT, journalFrom)) {
                store.dropBefore(journalFrom);
            }
        }
        if (filled && settings.keeps()) {
            write(false);
        }
        if (recovery.once()) {
            snapshots.drop();
        }
        changesAtSave = changes();
        started = true;
        if (settings.snapshotEvery() != null) {
            long millis = settings.snapshotEvery().toMillis();
            saver.scheduleWithFixedDelay(this::changedSave, millis, millis, TimeUnit.MILLISECONDS);
        }
        if (settings.journals()) {
            saver.scheduleWithFixedDelay(this::shorten, CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
            saver.scheduleWithFixedDelay(this::mend, MEND_SECONDS, MEND_SECONDS, TimeUnit.SECONDS);
        }
        return recovery;
    }

    /** What follows changes that no disk has was not gone on from, and would be in the way of what is written from now on. */
    private void leaveOut(int journalFrom) throws IOException {
        int dropped = ChronicleStore.dropUnreadable(journalFolder, journalFrom);
        if (dropped > 0) {
            LOG.warn("journal: {} segments that were begun behind changes the disk did not take are left out", dropped);
        }
    }

    private void load(byte[] code) {
        try {
            functions.load(code);
        } catch (RuntimeException e) {
            LOG.warn("a library of functions is not back, and kept for the next start: {}", e.getMessage());
            functions.keep(code);
        }
    }

    /** These are the libraries of functions from now on. Waits for nothing. */
    public void libraries(List<byte[]> codes) {
        functionChanges.incrementAndGet();
        Journal present = journal;
        if (present != null) {
            present.libraries(codes);
        }
    }

    private void changedSave() {
        if (changesSinceSave() > 0 && begins(SaveKind.SAVE)) {
            report(new CompletableFuture<>());
        }
    }

    private void shorten() {
        Journal present = journal;
        if (present != null
                && present.bytes() > settings.journalSize()
                && pause.over(nanos.getAsLong())
                && begins(SaveKind.REWRITE)) {
            report(new CompletableFuture<>());
        }
    }

    private boolean begins(SaveKind kind) {
        return saving.compareAndSet(SaveKind.NONE, kind);
    }

    /** Has a snapshot take the place of a journal that lacks something, where there may be room for one. */
    private void mend() {
        Journal present = journal;
        if (present != null
                && present.state() == JournalState.BROKEN
                && mending.over(nanos.getAsLong())
                && guess.allows(roomForSnapshot(), nanos.getAsLong())
                && begins(SaveKind.REWRITE)) {
            report(new CompletableFuture<>());
            if (saves.lastFailed()) {
                mending.failed(nanos.getAsLong());
            } else {
                mending.succeeded();
            }
        }
    }

    private boolean roomForSnapshot() {
        try {
            long wanted = Math.min(snapshots.bytes(), keyspace.memory().used());
            return Files.getFileStore(settings.folder()).getUsableSpace() > wanted;
        } catch (IOException | UncheckedIOException e) {
            // The latter is what a folder says that fails while it is listed; it would end all later tries.
            LOG.debug("snapshot: not known whether there is room", e);
            return true;
        }
    }

    /** Begins a snapshot that a client asked for by SAVE or BGSAVE; null where one is being written. */
    public @Nullable CompletableFuture<Saved> save() {
        return begin(SaveKind.SAVE);
    }

    /** Begins a snapshot; null where one is being written. What it completes with is said on the thread that writes it. */
    public @Nullable CompletableFuture<Saved> begin(SaveKind kind) {
        if (!begins(kind)) {
            return null;
        }
        CompletableFuture<Saved> done = new CompletableFuture<>();
        try {
            saver.execute(() -> report(done));
        } catch (RejectedExecutionException e) {
            saving.set(SaveKind.NONE);
            done.completeExceptionally(e);
        }
        return done;
    }

    /** Writes one when none is being written any more; however often it is asked for until then, one. */
    public void schedule(SaveKind kind) {
        if (scheduled.add(kind)) {
            later(kind, new CompletableFuture<>());
        }
    }

    /** Writes one as soon as none is being written. */
    public CompletableFuture<Saved> next(SaveKind kind) {
        CompletableFuture<Saved> done = new CompletableFuture<>();
        later(kind, done);
        return done;
    }

    private void later(SaveKind kind, CompletableFuture<Saved> done) {
        try {
            saver.execute(() -> due(kind, done));
        } catch (RejectedExecutionException e) {
            scheduled.remove(kind);
            done.completeExceptionally(e);
        }
    }

    /** On the thread that writes, which so has nothing in hand; what is to be written otherwise has a task behind this one. */
    private void due(SaveKind kind, CompletableFuture<Saved> done) {
        if (!begins(kind)) {
            later(kind, done);
            return;
        }
        scheduled.remove(kind);
        if (saver.isShutdown()) {
            // A stop waits for what is being written, and for nothing that is not yet.
            saving.set(SaveKind.NONE);
            done.completeExceptionally(new IOException("snapshot: not written: the node stops"));
        } else {
            report(done);
        }
    }

    /** Whether one is to be written when none is being written any more. */
    public boolean isScheduled(SaveKind kind) {
        return scheduled.contains(kind);
    }

    /** What of it /metrics shows. */
    public void register(Metrics metrics) {
        metrics.gauge("kvcache_recovery_damages", "Damaged places the start found in what was kept.", this::damages);
        metrics.gauge("kvcache_recovery_torn", "Ends of the journal's segments that a crash tore.", this::torn);
    }

    /** How many places of what an earlier process left were damaged. */
    public int damages() {
        return damages;
    }

    /** How many ends of its journal's segments a crash had torn. */
    public int torn() {
        return torn;
    }

    /** What the snapshot that is being written is for. */
    public SaveKind saving() {
        return Objects.requireNonNull(saving.get());
    }

    private void report(CompletableFuture<Saved> done) {
        try {
            Saved saved = write(false);
            pause.succeeded();
            saving.set(SaveKind.NONE);
            done.complete(saved);
        } catch (IOException | RuntimeException | Error e) {
            // Also where memory was short: an error that got past here would end all later ones.
            saves = saves.failed();
            pause.failed(nanos.getAsLong());
            saving.set(SaveKind.NONE);
            done.completeExceptionally(e);
            LOG.warn("snapshot: not written: {}", e.getMessage(), e);
        }
    }

    private Saved write(boolean atStop) throws IOException {
        long changes = changes();
        saves = saves.begun(clock.millis());
        Saved saved = snapshots.save(journal, journalFrom, atStop, started && !atStop ? loops : List.of());
        changesAtSave = changes;
        saves = saves.succeeded(clock.millis(), saved.millis());
        LOG.info(
                "snapshot of {} keys, {} bytes, in {} ms; a segment was held for at most {} us",
                saved.keys(),
                saved.bytes(),
                saved.millis(),
                saved.longestHoldMicros());
        return saved;
    }

    /** Changes counted by segments; read without their locks. */
    private long changes() {
        long sum = functionChanges.get();
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            sum += keyspace.sequence(i);
        }
        return sum;
    }

    /** About how many changes the last snapshot lacks. */
    public long changesSinceSave() {
        return Math.max(0, changes() - changesAtSave);
    }

    /** When a snapshot was written last, or the node began. */
    public long lastSaveMillis() {
        return saves.lastMillis();
    }

    /** Whether the last one failed. */
    public boolean lastFailed() {
        return saves.lastFailed();
    }

    /** How snapshots went. */
    public SaveCounts saves() {
        return saves.saving(saving.get() != SaveKind.NONE);
    }

    /** What is set. */
    public PersistSettings settings() {
        return settings;
    }

    /** Files of all keys for who copies this node. */
    public Copies copies() {
        return copies;
    }

    /** The journal; null where there is none. */
    public @Nullable Journal journal() {
        return journal;
    }

    /** What the stop leaves, whatever the file says: a snapshot, or nothing. A journal needs no snapshot: it is complete. */
    public void atStop(boolean snapshot, boolean nothing) {
        leaves = !settings.journals() && (snapshot || (leaves && !nothing));
    }

    /** Leaves a snapshot where that is wanted, and ends the journal. */
    @Override
    public void close() {
        copies.close();
        saver.shutdown();
        try {
            if (!saver.awaitTermination(1, TimeUnit.HOURS)) {
                LOG.warn("snapshot: not finished");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (started && leaves) {
            started = false;
            try {
                if (keyspace.stats().keys() > 0
                        || !functions.all().isEmpty()
                        || !snapshots.all().isEmpty()) {
                    write(true);
                }
            } catch (IOException | RuntimeException e) {
                LOG.warn("snapshot at the stop: not written: {}", e.getMessage(), e);
            }
        }
        started = false;
        Journal present = journal;
        if (present != null) {
            if (present.state() == JournalState.BROKEN) {
                report(new CompletableFuture<>());
            }
            present.close();
        }
    }
}
