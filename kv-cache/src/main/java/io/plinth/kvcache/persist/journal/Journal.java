package io.plinth.kvcache.persist.journal;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.write.Durability;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
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
 */
public final class Journal implements ChangeListener, Durability, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    /** A position that nothing written comes to. */
    private static final long NEVER = 1L << 62;

    /** How long changes are gathered where nobody waits for them. */
    private static final long GATHER = TimeUnit.MILLISECONDS.toNanos(5);

    private static final String FULL =
            "MISCONF Errors writing to the AOF file: the disk is slower than the clients (journal-buffer is full)";

    private final JournalStore store;
    private final boolean always;
    private final long bufferLimit;
    private final LongSupplier nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private final List<Waiter> waiters = new ArrayList<>();
    private final List<Task> tasks = new ArrayList<>();
    private final Thread thread;
    private ByteSink batch = new ByteSink();
    private ByteSink spare = new ByteSink();
    private boolean closed;
    private volatile long position;
    /** Changes that were not taken: nobody is told that they are on disk. */
    private volatile long refused;

    private volatile ObjLongConsumer<String> moments = (kind, took) -> {};
    private volatile long durable;
    private volatile long syncs;
    private volatile @Nullable String refusal;

    private record Waiter(long position, Runnable then) {}

    private interface Action {
        int run() throws IOException;
    }

    private record Task(Action action, CompletableFuture<Integer> done) {}

    /** Begins; {@code always} has clients wait until their changes are on disk, else they are there within a second. */
    public Journal(JournalStore store, boolean always, long bufferLimit, LongSupplier nanos, ThreadFactory threads) {
        this.store = store;
        this.always = always;
        this.bufferLimit = bufferLimit;
        this.nanos = nanos;
        this.thread = threads.newThread(this::work);
        thread.start();
    }

    @Override
    public void changed(Change change) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.write(change, batch);
            finish(at);
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
        lock.lock();
        try {
            int at = begin();
            EffectCodec.libraries(codes, batch);
            finish(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void exchanged(byte[] stored, long unit) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.databases(stored, unit, batch);
            finish(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void ended(long unit) {
        lock.lock();
        try {
            int at = begin();
            EffectCodec.end(unit, batch);
            finish(at);
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
    private void finish(int at) {
        if (closed || failed()) {
            batch.cut(at);
            refused = refused + 1;
            return;
        }
        batch.u4(at, batch.size() - at - 4);
        position = position + batch.size() - at;
        if (at == 0) {
            wake.signal();
        }
        if (batch.size() > bufferLimit && refusal == null) {
            refusal = FULL;
        }
    }

    private boolean failed() {
        String why = refusal;
        return why != null && !why.equals(FULL);
    }

    @Override
    public long position() {
        long lost = refused;
        return !always ? 0 : lost == 0 ? position : NEVER + lost;
    }

    @Override
    public boolean reached(long wanted) {
        return !always || durable >= wanted;
    }

    @Override
    public void whenReached(long wanted, Runnable then) {
        lock.lock();
        try {
            if (!reached(wanted) && !failed() && !closed) {
                waiters.add(new Waiter(wanted, then));
                return;
            }
        } finally {
            lock.unlock();
        }
        then.run();
    }

    @Override
    public @Nullable String refusal() {
        return refusal;
    }

    /** How many times it was synced. */
    public long syncs() {
        return syncs;
    }

    /** Bytes of changes that are not written yet. */
    public long waiting() {
        lock.lock();
        try {
            return batch.size();
        } finally {
            lock.unlock();
        }
    }

    /** About how many bytes of segments there are. */
    public long bytes() {
        return store.bytes();
    }

    /** Ends the segment; the answer is the one that has every change from now on. */
    public CompletableFuture<Integer> roll() {
        return later(store::roll);
    }

    /** Writes and syncs what was changed before. */
    public CompletableFuture<Integer> flushed() {
        return later(() -> {
            store.sync();
            return 0;
        });
    }

    /** Deletes the segments before one. */
    public CompletableFuture<Integer> dropBefore(int segment) {
        return later(() -> {
            store.dropBefore(segment);
            return segment;
        });
    }

    private CompletableFuture<Integer> later(Action action) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        lock.lock();
        try {
            String why = refusal;
            if (closed || failed()) {
                done.completeExceptionally(new IOException(why == null ? "journal: closed" : why));
            } else {
                tasks.add(new Task(action, done));
                wake.signal();
            }
        } finally {
            lock.unlock();
        }
        return done;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread counts
    private void work() {
        long synced = nanos.getAsLong();
        boolean dirty = false;
        List<Task> due = List.of();
        try {
            while (true) {
                ByteSink full;
                long upto;
                lock.lock();
                try {
                    if (!await(dirty, synced)) {
                        return;
                    }
                    full = batch;
                    batch = spare;
                    spare = full;
                    upto = position;
                    due = List.copyOf(tasks);
                    tasks.clear();
                } finally {
                    lock.unlock();
                }
                long begun = nanos.getAsLong();
                if (full.size() > 0) {
                    store.append(ByteBuffer.wrap(full.array(), 0, full.size()));
                    full.clear();
                    dirty = true;
                    moments.accept("aof-write", nanos.getAsLong() - begun);
                }
                if (dirty && (always || nanos.getAsLong() - synced >= SECOND)) {
                    long before = nanos.getAsLong();
                    store.sync();
                    syncs = syncs + 1;
                    synced = nanos.getAsLong();
                    moments.accept(always ? "aof-fsync-always" : "aof-fsync", synced - before);
                    dirty = false;
                }
                for (Task task : due) {
                    run(task);
                }
                reached(upto, dirty);
            }
        } catch (IOException | RuntimeException | Error e) {
            // A fault of a mapped file is an Error, too: whatever it is, nobody may be told that a write is on disk.
            fail(e);
        } finally {
            due.forEach(task -> task.done.completeExceptionally(new IOException("journal: not written")));
            end();
        }
    }

    private static void run(Task task) throws IOException {
        try {
            task.done.complete(task.action.run());
        } catch (IOException e) {
            task.done.completeExceptionally(e);
            throw e;
        }
    }

    /** Waits for something to do; answers false at the end. With the lock. */
    private boolean await(boolean dirty, long synced) {
        try {
            while (batch.size() == 0 && tasks.isEmpty()) {
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

    private void reached(long upto, boolean dirty) {
        List<Runnable> ready = new ArrayList<>();
        lock.lock();
        try {
            if (!dirty) {
                durable = upto;
            }
            if (FULL.equals(refusal) && batch.size() <= bufferLimit / 2) {
                refusal = null;
            }
            for (Iterator<Waiter> all = waiters.iterator(); all.hasNext(); ) {
                Waiter waiter = all.next();
                if (waiter.position <= upto) {
                    all.remove();
                    ready.add(waiter.then);
                }
            }
        } finally {
            lock.unlock();
        }
        ready.forEach(Runnable::run);
    }

    private void fail(Throwable cause) {
        LOG.error("journal: cannot be written; writes are refused until a restart: {}", cause.getMessage(), cause);
        refusal = "MISCONF Errors writing to the AOF file: "
                + String.valueOf(cause.getMessage()).replace('\r', ' ').replace('\n', ' ');
    }

    /** Nobody waits for what does not come. */
    private void end() {
        List<Waiter> left;
        List<Task> undone;
        lock.lock();
        try {
            closed = true;
            left = List.copyOf(waiters);
            waiters.clear();
            undone = List.copyOf(tasks);
            tasks.clear();
        } finally {
            lock.unlock();
        }
        left.forEach(waiter -> waiter.then.run());
        undone.forEach(task -> task.done.completeExceptionally(new IOException("journal: closed")));
        try {
            store.close();
        } catch (IOException | RuntimeException e) {
            LOG.error("journal: could not be closed: {}", e.getMessage(), e);
        }
    }

    /** Writes and syncs the rest. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            wake.signal();
        } finally {
            lock.unlock();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
