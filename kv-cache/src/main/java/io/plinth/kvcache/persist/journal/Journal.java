package io.plinth.kvcache.persist.journal;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.write.Durability;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes changes from all loops, in an order that each segment's own agrees with, and has one thread write and sync them. A loop only
 * copies a record into memory; what it hands over is guarded by one short lock. A thread that syncs meanwhile gathers the next batch.
 * Where a batch cannot be written {@link JournalState} says what becomes of it and of what follows.
 */
public final class Journal implements ChangeListener, Durability, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    private static final String NOT_WRITTEN = "journal: not written";
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** How long changes are gathered where nobody waits for them. */
    private static final long GATHER = TimeUnit.MILLISECONDS.toNanos(5);

    /** How much has to fit before writes are taken again, so that they are not refused again at once. */
    private static final long ROOM = 4 << 20;

    private final JournalStore store;
    private final boolean always;
    private final long bufferLimit;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private final Waiters waiters = new Waiters();
    private final List<JournalTask> tasks = new ArrayList<>();
    private final Thread thread;
    private ByteSink batch = new ByteSink();
    private boolean closed;
    /** Counts the bytes of changes, of those that are dropped as well: a snapshot has them on the disk later. */
    private volatile long position;
    /** Behind the last change that a client waits for: not for keys that are over or make room. */
    private volatile long promised;

    private volatile ObjLongConsumer<String> moments = (kind, took) -> {};
    private volatile long durable;
    private volatile long syncs;
    private final JournalHealth health = new JournalHealth(lock.newCondition());

    // Owned by the thread, as is the batch it writes.
    private final JournalBatch taken = new JournalBatch();
    private List<JournalTask> due = List.of();
    private long synced;
    private boolean dirty;
    private boolean last;

    /** Begins; {@code always} has clients wait until their changes are on disk, else they are there within a second. */
    public Journal(JournalStore store, boolean always, long bufferLimit, LongSupplier nanos, ThreadFactory threads) {
        this.store = store;
        this.always = always;
        this.bufferLimit = bufferLimit;
        this.nanos = nanos;
        this.synced = nanos.getAsLong();
        this.thread = threads.newThread(this::work);
        thread.start();
    }

    @Override
    public void changed(Change change) {
        lock.lock();
        try {
            if (change.isPiece()) {
                health.awaitTaken(() -> !closed && batch.size() > 0 && batch.size() + Change.PIECE > bufferLimit / 2);
            }
            int at = begin();
            EffectCodec.write(change, batch);
            Change.Kind kind = change.kind();
            finish(at, kind != Change.Kind.EXPIRED && kind != Change.Kind.EVICTED);
        } finally {
            lock.unlock();
        }
    }

    /** Is told how many nanoseconds each write and each sync takes, by the names LATENCY has for these. */
    public void moments(ObjLongConsumer<String> to) {
        moments = to;
    }

    /** These are the libraries of functions from now on. */
    public void libraries(List<byte[]> codes) {
        locked(() -> {
            int at = begin();
            EffectCodec.libraries(codes, batch);
            finish(at, true);
        });
    }

    @Override
    public void exchanged(byte[] stored, long unit) {
        locked(() -> {
            int at = begin();
            EffectCodec.databases(stored, unit, batch);
            finish(at, true);
        });
    }

    @Override
    public void ended(long unit) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.end(unit, batch);
            finish(at, true);
        } finally {
            lock.unlock();
        }
    }

    private int begin() {
        int at = batch.size();
        batch.u4(0);
        return at;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // guarded by the lock
    private void finish(int at, boolean isAwaited) {
        position = position + batch.size() - at;
        promised = isAwaited ? position : promised;
        if (closed || health.is(JournalState.BROKEN)) {
            batch.cut(at);
            return;
        }
        batch.u4(at, batch.size() - at - 4);
        if (at == 0) {
            wake.signal();
        }
        if (batch.size() > bufferLimit) {
            if (health.is(JournalState.NO_ROOM)) {
                // Of clients nothing comes, but keys are over or make room.
                broken("more was changed meanwhile than journal-buffer keeps", null);
            } else {
                health.behind(true);
            }
        }
    }

    /** With the lock. */
    private void broken(@Nullable String why, @Nullable Throwable cause) {
        health.broken(why, cause);
        batch.clear();
        wake.signal();
    }

    @Override
    public long position() {
        return always ? promised : 0;
    }

    @Override
    public boolean reached(long wanted) {
        return !always || durable >= wanted;
    }

    @Override
    public void whenReached(long wanted, Runnable then) {
        lock.lock();
        try {
            if (!reached(wanted) && health.is(JournalState.WRITING) && !closed) {
                waiters.add(wanted, then);
                return;
            }
        } finally {
            lock.unlock();
        }
        then.run();
    }

    @Override
    public @Nullable String refusal() {
        return health.refusal();
    }

    @Override
    public boolean fails() {
        return !health.is(JournalState.WRITING);
    }

    /** What it does with changes. */
    public JournalState state() {
        return health.state();
    }

    /** How many times it was synced. */
    public long syncs() {
        return syncs;
    }

    /** Bytes of changes that are not written yet. */
    public long waiting() {
        lock.lock();
        try {
            return (long) batch.size() + taken.left();
        } finally {
            lock.unlock();
        }
    }

    /** About how many bytes of segments there are. */
    public long bytes() {
        return store.bytes();
    }

    /**
     * A snapshot begins: ends the segment, or where something of the changes is lost begins anew; the answer is the segment that has every
     * change from now on.
     */
    public CompletableFuture<Integer> nextSegment() {
        return later(() -> {
            if (!health.is(JournalState.BROKEN)) {
                return store.roll();
            }
            int from = store.anew();
            locked(health::anew);
            return from;
        });
    }

    /** Writes and syncs what was changed before. */
    public CompletableFuture<Integer> flushed() {
        return later(() -> {
            whole();
            store.sync();
            return 0;
        });
    }

    /** A snapshot is on the disk that has everything before a segment: deletes those before. */
    public CompletableFuture<Integer> covered(int segment) {
        return later(() -> {
            whole();
            store.dropBefore(segment);
            locked(health::covered);
            return segment;
        });
    }

    /** There is no such snapshot; {@code known}: that no start finds it, so that what was begun anew for it may go. */
    public CompletableFuture<Integer> uncovered(boolean known) {
        return later(() -> {
            locked(health::uncovered);
            if (known) {
                store.abandon();
            }
            return 0;
        });
    }

    private void whole() throws IOException {
        if (health.is(JournalState.BROKEN)) {
            throw new IOException(health.refusal());
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private CompletableFuture<Integer> later(JournalTask.Action action) {
        JournalTask task = new JournalTask(action);
        lock.lock();
        try {
            if (closed || health.is(JournalState.NO_ROOM)) {
                task.undone(closed ? "journal: closed" : String.valueOf(health.refusal()));
            } else {
                tasks.add(task);
                wake.signal();
            }
        } finally {
            lock.unlock();
        }
        return task.done();
    }

    private void work() {
        try {
            while (take()) {
                try {
                    round();
                } catch (IOException | RuntimeException | Error e) {
                    // A fault of a mapped file is an Error, too: whatever it is, nobody may be told that a write is on
                    // disk.
                    locked(() -> broken(e.getMessage(), e));
                    cutOff();
                } finally {
                    due.forEach(task -> task.undone(NOT_WRITTEN));
                    due = List.of();
                }
            }
        } finally {
            end();
        }
    }

    private void round() throws IOException {
        if (health.is(JournalState.BROKEN)) {
            taken.clear();
            dirty = false;
        }
        NoRoomException full = taken.left() == 0 ? null : write();
        if (full != null && health.is(JournalState.ANEW)) {
            throw full;
        }
        // Also where there is no room: what was written before is on the disk within its second.
        if (dirty && (always || full != null || nanos.getAsLong() - synced >= SECOND)) {
            sync();
        }
        if (full != null) {
            locked(() -> health.noRoom(full));
            cutOff();
            return;
        }
        for (JournalTask task : due) {
            task.run();
        }
        reached();
    }

    /** Writes the batch; where there is no room for it the rest stays. */
    private @Nullable NoRoomException write() throws IOException {
        long begun = nanos.getAsLong();
        try {
            if (health.is(JournalState.NO_ROOM)) {
                store.reserve(taken.left() + ROOM);
            }
            dirty = true;
            taken.write(store);
        } catch (NoRoomException e) {
            return e;
        }
        moments.accept("aof-write", nanos.getAsLong() - begun);
        if (health.is(JournalState.NO_ROOM)) {
            locked(health::roomAgain);
        }
        return null;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread counts
    private void sync() throws IOException {
        long before = nanos.getAsLong();
        store.sync();
        syncs = syncs + 1;
        synced = nanos.getAsLong();
        moments.accept(always ? "aof-fsync-always" : "aof-fsync", synced - before);
        dirty = false;
    }

    /** Nobody waits for what does not come, or not soon. */
    private void cutOff() {
        List<Runnable> waiting = new ArrayList<>();
        locked(() -> waiting.addAll(waiters.take(Long.MAX_VALUE)));
        waiting.forEach(Runnable::run);
    }

    /** Waits for something to do and takes it; answers false at the end. */
    private boolean take() {
        lock.lock();
        try {
            boolean full = health.is(JournalState.NO_ROOM);
            if ((full && last) || !(full ? awaitRoom() : await())) {
                return false;
            }
            if (taken.left() == 0) {
                batch = taken.swap(batch, position);
                health.taken();
            }
            due = List.copyOf(tasks);
            tasks.clear();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** With the lock. Waits until it is time to try whether there is room; at the end once more. */
    private boolean awaitRoom() {
        try {
            long left = SECOND;
            while (left > 0 && !closed && health.is(JournalState.NO_ROOM)) {
                left = wake.awaitNanos(left);
            }
            last = closed;
        } catch (InterruptedException e) {
            return false;
        }
        return true;
    }

    /** With the lock. Waits for changes, tasks, the time to sync or what is left where it broke; answers false at the end. */
    private boolean await() {
        try {
            while (batch.size() == 0 && tasks.isEmpty() && taken.left() == 0) {
                if (closed) {
                    return false;
                }
                if (!dirty) {
                    wake.await();
                } else if (wake.awaitNanos(SECOND - (nanos.getAsLong() - synced)) <= 0) {
                    return true;
                }
            }
            if (!always && !closed && tasks.isEmpty()) {
                // Not a signal but the time is waited for: more changes come along.
                long left = GATHER;
                while (left > 0 && tasks.isEmpty() && !closed) {
                    left = wake.awaitNanos(left);
                }
            }
        } catch (InterruptedException e) {
            return false;
        }
        return true;
    }

    private void reached() {
        List<Runnable> ready;
        lock.lock();
        try {
            if (!health.is(JournalState.WRITING)) {
                return;
            }
            if (!dirty) {
                durable = taken.upto();
            }
            if (batch.size() <= bufferLimit / 2) {
                health.behind(false);
            }
            ready = waiters.take(taken.upto());
        } finally {
            lock.unlock();
        }
        ready.forEach(Runnable::run);
    }

    private void end() {
        locked(() -> {
            closed = true;
            health.taken();
            due = List.copyOf(tasks);
        });
        due.forEach(task -> task.undone("journal: closed"));
        boolean whole = health.is(JournalState.WRITING);
        if (!whole) {
            LOG.error("journal: the last changes are not in it: {}", health.refusal());
        }
        cutOff();
        try {
            if (whole) {
                store.close();
            } else {
                store.giveUp();
            }
        } catch (IOException | RuntimeException | Error e) {
            LOG.error("journal: could not be closed: {}", e.getMessage(), e);
        }
    }

    /** Writes and syncs the rest. */
    @Override
    public void close() {
        locked(() -> {
            closed = true;
            wake.signal();
        });
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
