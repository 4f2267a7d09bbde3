package io.plinth.mqbroker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that appends to a log. It takes every batch that waits, appends them, syncs once, and reports the durable sequence to
 * the owner's loop: group commit. Where the disk has no room it says so, keeps what follows and tries again until it has; after any other
 * failure it takes nothing more and says so for every batch.
 */
public final class LogWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogWriter.class);
    private static final int BUFFER = 64 << 10;
    private static final long IDLE_MILLIS = 500;
    /** What is put off until there is nothing to do is done this often although there is. */
    private static final long BUSY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final int MOST_BATCHES = 1024;

    /** What the owner hears, on its own executor. */
    public interface Owner {
        /** Every change up to the sequence is durable. */
        void durable(long sequence);

        /** There is no room for what is behind the sequence last reported durable. Nothing is to be promised until it recovers. */
        void full(IOException cause);

        /** Nothing is taken any more, and what is behind the sequence last reported durable is not in the log. */
        void failed(IOException cause);

        /** The log takes changes again. */
        void recovered();

        /** There was no room to keep that a message waits for its time: the log knows nothing of it. */
        default void notKept(Effect.Returned returned) {}

        /** Whether what there was no room for stands all the same and is written later, or has not happened. */
        boolean standsByRefused();
    }

    /** A batch: changes to append, and work to do on this thread behind them. */
    private record Batch(
            List<Change> changes, boolean sync, @Nullable Runnable then) {}

    private final SegmentLog log;
    private final boolean fsync;
    private final ChangeListener listener;
    private final Executor ownerLoop;
    private final Owner owner;
    private final LinkedBlockingQueue<Batch> queue = new LinkedBlockingQueue<>();
    private final LongSupplier nanoTime;
    private final Thread thread;
    private ByteBuf buffer = Unpooled.buffer(BUFFER);
    private volatile boolean closing;
    private @Nullable IOException failure;
    /** Why the log takes nothing for now. */
    private @Nullable NoRoomException full;
    /** How long the record was there was no room for. */
    private int wanted;
    /** What there was no room for, to be written before anything else. */
    private final Refused refused = new Refused();

    /** What the owner was told of a full log and has not heard yet: what it hands over until then is not to be written after all. */
    private int unheard;

    /** The change of the last record, -1 before the first. */
    private long inLog = -1;

    private long appended;
    private long durable;
    private long synced;
    /** When the oldest change that is not durable was appended. */
    private long unsyncedSince;

    private long rested;

    /**
     * Starts the thread.
     *
     * @param fsync whether durable means synced, or only handed to the operating system
     */
    public LogWriter(
            String name,
            SegmentLog log,
            boolean fsync,
            ChangeListener listener,
            Executor ownerLoop,
            Owner owner,
            LongSupplier nanoTime) {
        this.log = log;
        this.fsync = fsync;
        this.listener = listener;
        this.ownerLoop = ownerLoop;
        this.owner = owner;
        this.nanoTime = nanoTime;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    public void start() {
        rested = nanoTime.getAsLong();
        thread.start();
    }

    /**
     * Hands over a batch; the list is not touched any more by the caller.
     *
     * @param sync whether somebody waits for it to be durable; where nobody does, it is synced with the next, or soon
     */
    public void submit(List<Change> changes, boolean sync) {
        queue.add(new Batch(changes, sync, null));
    }

    /** Runs work on the writer's thread, behind everything handed over before. */
    public void execute(Runnable work) {
        queue.add(new Batch(List.of(), false, work));
    }

    private void run() {
        List<Batch> taken = new ArrayList<>();
        try {
            while (true) {
                Batch first = queue.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
                if (first == null) {
                    if (closing) {
                        return;
                    }
                    rest();
                    continue;
                }
                taken.add(first);
                queue.drainTo(taken, MOST_BATCHES);
                write(taken);
                taken.clear();
                if (overdue()) {
                    rest();
                }
                if (closing && queue.isEmpty()) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            fail(new IOException("log writer ended: " + e, e));
            throw e;
        } finally {
            finish();
        }
    }

    /** Changes nobody waits for may come without a pause; they are synced all the same, and the index follows. */
    private boolean overdue() {
        long now = nanoTime.getAsLong();
        return now - rested >= BUSY_NANOS
                || (appended != durable && now - unsyncedSince >= TimeUnit.MILLISECONDS.toNanos(IDLE_MILLIS));
    }

    private void write(List<Batch> batches) {
        if (failure != null) {
            report(failure);
        } else {
            try {
                append(batches);
            } catch (IOException e) {
                fail(e);
            } catch (RuntimeException | InternalError e) {
                // The latter is what the machine makes of a map whose file has no room. Nothing was said of it to
                // anybody: the thread goes on, and answers that it takes nothing any more.
                fail(new IOException("log record: " + e, e));
            }
        }
        for (Batch batch : batches) {
            if (batch.then() != null) {
                batch.then().run();
            }
        }
    }

    private void append(List<Batch> batches) throws IOException {
        boolean sync = false;
        boolean hadRoom = full == null;
        for (Batch batch : batches) {
            sync |= batch.sync();
            for (Change change : batch.changes()) {
                appendOrKeep(change);
            }
        }
        if (sync || full != null) {
            sync();
        } else {
            log.flush();
        }
        // Behind the sync, so that what there was room for is confirmed.
        NoRoomException cause = full;
        if (cause != null && (sync || hadRoom)) {
            unheard++;
            tell(() -> {
                owner.full(cause);
                execute(() -> unheard--);
            });
        }
    }

    private void appendOrKeep(Change change) throws IOException {
        if (inLog < 0) {
            inLog = change.previous();
        }
        if (full == null) {
            try {
                append(change);
                return;
            } catch (NoRoomException e) {
                LOG.error("log write failed; persistent publishes are refused until there is room: {}", e.toString());
                full = e;
                wanted = buffer.writerIndex();
            }
        }
        if (owner.standsByRefused()
                && !refused.add(change)
                && change.effect() instanceof Effect.Returned returned
                && returned.availableAt() > 0) {
            tell(() -> owner.notKept(returned));
        }
    }

    /** Writes what there was no room for, as far as there is. */
    private void retry() throws IOException {
        try {
            log.reserve(wanted);
            for (Change next = refused.first(); next != null; next = refused.first()) {
                append(next);
                refused.removeFirst();
            }
        } catch (NoRoomException e) {
            LOG.debug("no room yet", e);
            return;
        }
        full = null;
        // What made one another needless is settled as well.
        appended = Math.max(appended, refused.newest());
        sync();
        LOG.warn("the log is written again");
        tell(owner::recovered);
    }

    private void sync() throws IOException {
        if (appended == durable) {
            return;
        }
        if (fsync) {
            log.sync();
            synced = appended;
        } else {
            log.flush();
        }
        durable = appended;
        long upTo = appended;
        ownerLoop.execute(() -> owner.durable(upTo));
        listener.synced();
    }

    private void rest() {
        rested = nanoTime.getAsLong();
        if (failure != null) {
            return;
        }
        try {
            if (full != null && (unheard == 0 || owner.standsByRefused())) {
                retry();
            }
            sync();
            // The index must not get ahead of the log, whatever the mode.
            if (appended != synced) {
                log.sync();
                synced = appended;
            }
            if (full == null) {
                listener.idle();
            } else {
                // Segments may go; to copy what is live there is no room.
                listener.synced();
            }
        } catch (IOException e) {
            fail(e);
        } catch (RuntimeException | InternalError e) {
            fail(new IOException("log writer at rest: " + e, e));
        }
    }

    private void append(Change change) throws IOException {
        buffer.clear();
        ChangeCodec.write(buffer, change.previous() == inLog || inLog < 0 ? change : change.behind(inLog));
        long position = log.append(buffer.nioBuffer());
        if (change.effect() instanceof Effect.Enqueued enqueued) {
            enqueued.message().position(position);
        }
        if (appended == durable) {
            unsyncedSince = nanoTime.getAsLong();
        }
        appended = change.sequence();
        inLog = appended;
        listener.appended(change, position);
        if (buffer.capacity() > 16 * BUFFER) {
            buffer = Unpooled.buffer(BUFFER);
        }
    }

    private void fail(IOException cause) {
        if (failure == null) {
            LOG.error("log write failed; persistent publishes are refused until restart: {}", cause.toString());
            failure = cause;
            refused.clear();
        }
        report(cause);
    }

    private void report(IOException cause) {
        tell(() -> owner.failed(cause));
    }

    private void tell(Runnable what) {
        try {
            ownerLoop.execute(what);
        } catch (java.util.concurrent.RejectedExecutionException e) {
            LOG.debug("owner loop has ended", e);
        }
    }

    private void finish() {
        try {
            if (failure == null) {
                if (full != null) {
                    retry();
                }
                if (!refused.isEmpty()) {
                    LOG.warn("{} changes are not in the log: there was no room", refused.size());
                }
                log.sync();
                listener.closed();
            }
            log.close();
        } catch (IOException | RuntimeException | InternalError e) {
            LOG.warn("log did not close: {}", e.toString());
        }
    }

    /** Lets the thread write what was handed over and end; {@link #close} waits for it. */
    public void finishing() {
        closing = true;
        execute(() -> {});
    }

    /** Writes what was handed over, then ends the thread and closes the log. */
    @Override
    public void close() {
        finishing();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
