package io.plinth.kvcache.loader.behind;

import io.plinth.kvcache.loader.behind.BehindBatch.Accepting;
import io.plinth.kvcache.loader.behind.BehindBatch.Done;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guarded by its lock, held for moments only: the writes that wait to be handed on, one for each key, the last. Loops give writes in;
 * the thread {@code behind} writes and syncs what came meanwhile in one go, which acknowledges it; then it is handed on by threads of its
 * loader. A key's writes are handed on one after the other, and what came while one was under way is handed on next.
 */
public final class BehindQueue implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BehindQueue.class);
    private static final long FIRST_PAUSE = 100;
    private static final long BUSY_PAUSE = 20;
    private static final String FULL = "the queue of writes is full";
    private static final int MOST_SLOWED = 100_000;
    private static final long ROOM_PAUSE = 1_000;
    private static final long MOST_ROOM_PAUSE = 64_000;

    /** What a key's last write leaves, null where it removes the key. */
    public record Pending(byte @Nullable [] value) {}

    private final BehindStore store;
    private final BehindConfig config;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final BehindItems items = new BehindItems();
    private final PriorityQueue<BehindItem> due;
    private final Lanes lanes = new Lanes();
    private final ArrayDeque<Slowed> slowed = new ArrayDeque<>();
    private final List<Accepting> accepting = new ArrayList<>();
    private final List<Done> done = new ArrayList<>();
    private final BehindCounts counts = new BehindCounts();
    private final Refusals refusals;
    private final List<Thread> threads = new ArrayList<>();
    private Hands hands = (write, then) -> false;
    private boolean stopping;
    private boolean closed;
    private @Nullable String broken;

    private record Slowed(List<BehindWrite> writes, Consumer<@Nullable Refusal> then, long deadline) {}

    /** Takes up what an earlier process left. */
    public BehindQueue(BehindStore store, BehindConfig config, SetAside aside, Clock clock) throws IOException {
        this.store = store;
        this.refusals = new Refusals(store, aside, counts, clock);
        this.config = config;
        this.clock = clock;
        this.due = new PriorityQueue<>((a, b) -> Long.compare(a.dueMillis, b.dueMillis));
        lock.lock();
        try {
            store.scan((key, body) -> plan(items.left(BehindRecord.read(key, body)), 0));
        } finally {
            lock.unlock();
        }
        if (items.size() > 0) {
            LOG.info("{} accepted writes wait to be handed on", items.size());
        }
    }

    /** Begins to hand on. */
    public void start(Hands to, ThreadFactory factory) {
        hands = to;
        for (Runnable each : List.<Runnable>of(this::writes, this::handsOn)) {
            Thread thread = factory.newThread(each);
            threads.add(thread);
            thread.start();
        }
    }

    private void plan(BehindItem item, long dueMillis) {
        if (!item.planned && items.holds(item)) {
            item.planned = true;
            item.dueMillis = dueMillis;
            due.add(item);
            work.signalAll();
        }
    }

    private void planLeft(BehindItem item) {
        if (item.waits()) {
            plan(item, clock.millis() + config.delay().toMillis());
        }
    }

    /** Accepts writes, all or none; {@code then} gets null once they are on the disk, else why not. From any thread; waits for nothing. */
    public void accept(List<BehindWrite> writes, Consumer<@Nullable Refusal> then) {
        String refusal;
        lock.lock();
        try {
            refusal = stopping ? "the node stops" : broken;
            if (refusal == null && slowed.isEmpty() && items.fit(writes, config)) {
                give(writes, then);
                return;
            }
            if (refusal == null && config.whenFull() == BehindConfig.FullMode.SLOW && slowed.size() < MOST_SLOWED) {
                slowed.add(new Slowed(
                        writes, then, clock.millis() + config.patience().toMillis()));
                work.signalAll();
                return;
            }
            counts.refused.increment();
        } finally {
            lock.unlock();
        }
        then.accept(new Refusal(refusal == null ? FULL : refusal, false, refusal == null));
    }

    private void give(List<BehindWrite> writes, Consumer<@Nullable Refusal> then) {
        long now = clock.millis();
        for (int i = 0; i < writes.size(); i++) {
            accepting.add(items.give(writes.get(i), now, counts, i == writes.size() - 1 ? then : null));
        }
        work.signalAll();
    }

    /** The thread that alone writes the store. */
    private void writes() {
        BehindBatch batch = new BehindBatch();
        while (take(batch)) {
            Refusals.Kept kept = refusals.keep(batch.done);
            stay(kept.staying());
            batch.done.forEach(each -> forget(each, batch));
            Refusal failure = batch.store(store);
            written(batch.accepting, failure);
            batch.tell(failure);
            // Behind the store, and no sooner: what came meanwhile is in the cache already.
            kept.refused(batch.gone, hands);
            batch.clear(failure);
            if (failure != null && failure.full()) {
                awaitRoom(batch);
            }
        }
    }

    /** Refuses what comes, and tries now and then whether there is room again. */
    private void awaitRoom(BehindBatch batch) {
        long pause = ROOM_PAUSE;
        while (refuseMeanwhile(batch, pause)) {
            try {
                recovered(batch, batch.again(store));
                LOG.warn("there is room again: writes are accepted for later");
                return;
            } catch (NoRoomException e) {
                LOG.debug("no room yet", e);
            } catch (IOException | RuntimeException e) {
                LOG.error("the queue of writes cannot be opened again; it is tried in {} ms", pause, e);
                pause = Math.min(2 * pause, MOST_ROOM_PAUSE);
            }
        }
    }

    /** False where the node stops. */
    private boolean refuseMeanwhile(BehindBatch batch, long pause) {
        Refusal refusal;
        lock.lock();
        try {
            awaitStop(pause);
            refusal = new Refusal(String.valueOf(broken), false, true);
            // What a loader has by now waits, too: its record cannot be taken out yet.
            batch.take(accepting, new ArrayList<>());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
        batch.tell(refusal);
        batch.clear(refusal);
        return !stopping();
    }

    /** With the lock. */
    private void awaitStop(long pause) throws InterruptedException {
        long left = TimeUnit.MILLISECONDS.toNanos(pause);
        while (left > 0 && !stopping) {
            left = work.awaitNanos(left);
        }
    }

    /** Of what was refused the store says what it has. */
    private void recovered(BehindBatch batch, List<BehindRecord> found) {
        lock.lock();
        try {
            for (BehindItem item : items.recover(batch.unsure, found, done)) {
                plan(item, clock.millis() + config.delay().toMillis());
            }
            batch.unsure.clear();
            broken = null;
            admitSlowed();
        } finally {
            lock.unlock();
        }
    }

    private boolean take(BehindBatch batch) {
        lock.lock();
        try {
            while (accepting.isEmpty() && done.isEmpty() && !stopping) {
                work.awaitUninterruptibly();
            }
            return batch.take(accepting, done) || !stopping;
        } finally {
            lock.unlock();
        }
    }

    private void stay(List<Done> refused) {
        lock.lock();
        try {
            long dueMillis = clock.millis() + config.retry().toMillis();
            refused.stream().filter(Done::last).forEach(each -> plan(each.item(), dueMillis));
        } finally {
            lock.unlock();
        }
    }

    /** A write was handed on: its record goes, unless a later one of the key was given in meanwhile. */
    private void forget(Done each, BehindBatch batch) {
        lock.lock();
        try {
            BehindItem item = each.item();
            if (item.number == each.number()) {
                if (items.remove(item)) {
                    batch.gone.add(item);
                    admitSlowed();
                }
            } else {
                item.attempts = 0;
                item.refusals = 0;
                item.acceptedMillis = clock.millis();
                planLeft(item);
            }
        } finally {
            lock.unlock();
        }
    }

    private void admitSlowed() {
        for (Slowed first = slowed.peek(); first != null && items.fit(first.writes, config); first = slowed.peek()) {
            slowed.poll();
            give(first.writes, first.then);
        }
    }

    private void written(List<Accepting> batch, @Nullable Refusal failure) {
        lock.lock();
        try {
            if (failure != null) {
                broken = failure.reason();
                return;
            }
            for (Accepting each : batch) {
                each.item().durable =
                        Math.max(each.item().durable, each.record().number());
                planLeft(each.item());
            }
        } finally {
            lock.unlock();
        }
    }

    /** The thread that gives writes to their loaders when their time has come. */
    private void handsOn() {
        while (!stopping()) {
            BehindItem item = nextDue();
            if (item == null) {
                continue;
            }
            try {
                byte[] key = item.name.recordKey();
                byte[] body = store.get(key);
                if (body == null) {
                    again(item, BUSY_PAUSE);
                    continue;
                }
                BehindRecord record = BehindRecord.read(key, body);
                if (!hands.on(record.write(), failure -> handed(item, record.number(), failure))) {
                    again(item, BUSY_PAUSE);
                }
            } catch (IOException | RuntimeException | Error e) {
                LOG.error("an accepted write cannot be handed on", e);
                again(item, config.retry().toMillis());
            }
        }
    }

    /** Waits until an item's time comes; null where something else was to be done. */
    private @Nullable BehindItem nextDue() {
        List<Slowed> late = new ArrayList<>();
        BehindItem found = null;
        boolean busy = false;
        lock.lock();
        try {
            while (!stopping && !busy && found == null && late.isEmpty()) {
                long now = clock.millis();
                while (!slowed.isEmpty() && Objects.requireNonNull(slowed.peek()).deadline <= now) {
                    late.add(slowed.remove());
                    counts.refused.increment();
                }
                BehindItem first = due.peek();
                if (first != null && first.dueMillis <= now) {
                    due.remove();
                    busy = !lanes.enter(
                            first,
                            hands.most(first.name.loader()),
                            config.handOver().bytes());
                    found = busy ? null : first;
                } else if (late.isEmpty()) {
                    long until = first == null ? now + 1_000 : first.dueMillis;
                    Slowed waiting = slowed.peek();
                    long pause = (waiting == null ? until : Math.min(until, waiting.deadline)) - now;
                    work.awaitNanos(TimeUnit.MILLISECONDS.toNanos(Math.clamp(pause, 1, 1_000)));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopping = true;
        } finally {
            if (stopping) {
                late.addAll(slowed);
                slowed.clear();
            }
            lock.unlock();
        }
        late.forEach(each -> BehindBatch.tell(each.then, new Refusal(FULL, false, true)));
        return found;
    }

    private boolean stopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    private void again(BehindItem item, long pause) {
        lock.lock();
        try {
            over(item);
            plan(item, clock.millis() + pause);
        } finally {
            lock.unlock();
        }
    }

    /** With the lock: an attempt is over, and the loader's next may begin. */
    private void over(BehindItem item) {
        item.planned = false;
        if (lanes.leave(item, hands.most(item.name.loader()), config.handOver().bytes(), due)) {
            work.signalAll();
        }
    }

    private void handed(BehindItem item, long number, @Nullable Failure failure) {
        boolean tells;
        lock.lock();
        try {
            over(item);
            item.refusals = failure != null && failure.forGood() ? item.refusals + 1 : 0;
            (failure == null ? counts.handedOn : counts.failures).increment();
            if (failure == null || item.refusals >= config.refusals()) {
                item.ended = number;
                done.add(new Done(item, number, failure == null ? null : failure.reason()));
                work.signalAll();
                return;
            }
            long now = clock.millis();
            long pause = Math.min(config.retry().toMillis(), FIRST_PAUSE << Math.min(item.attempts, 20));
            item.attempts++;
            plan(item, now + pause);
            tells = !stopping && lanes.tells(item, now);
        } finally {
            lock.unlock();
        }
        if (tells) {
            LOG.warn(
                    "loader {} does not take a write that was accepted; it is tried again: {}",
                    item.name.loader(),
                    failure.reason());
        }
    }

    /** Whether a key has a write that waits. */
    public boolean waits(String loader, byte[] key) {
        lock.lock();
        try {
            return items.has(new BehindItem.Name(loader, key));
        } finally {
            lock.unlock();
        }
    }

    /** Visits what an earlier process left; before the start. */
    public void each(Consumer<BehindWrite> seen) throws IOException {
        store.scan((key, body) -> seen.accept(BehindRecord.read(key, body).write()));
    }

    /**
     * What a key's last accepted write leaves; null where none waits. Where that cannot be read it is not known what the key's value is, also
     * not from its loader. Not on an event loop.
     */
    public @Nullable Pending pending(String loader, byte[] key) throws IOException {
        if (!waits(loader, key)) {
            return null;
        }
        byte[] name = BehindRecord.key(loader, key);
        byte[] body = store.get(name);
        return body == null
                ? null
                : new Pending(BehindRecord.read(name, body).write().value());
    }

    /** Keys with a write that waits. */
    public int size() {
        lock.lock();
        try {
            return items.size();
        } finally {
            lock.unlock();
        }
    }

    /** What the values of waiting writes take. */
    public long bytes() {
        lock.lock();
        try {
            return items.bytes();
        } finally {
            lock.unlock();
        }
    }

    /** How long the write that came first has waited, in milliseconds. */
    public long ageMillis() {
        lock.lock();
        try {
            return items.ageMillis(clock.millis());
        } finally {
            lock.unlock();
        }
    }

    /** What came of writes. */
    public BehindCounts counts() {
        return counts;
    }

    /** Accepts no more and hands no more on. */
    public void stop() {
        lock.lock();
        try {
            stopping = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        stop();
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        store.close();
    }
}
