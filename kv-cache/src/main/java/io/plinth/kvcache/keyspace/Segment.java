package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its own lock: one of the 256 parts of a keyspace. Commands run on their connection's loop while they hold it.
 *
 * <p>Every change goes through {@link #changed}, the one point that numbers it and hands it to the listeners.
 */
public final class Segment {
    private static final byte[] NO_BYTES = {};
    private static final int SLOTS = Slots.COUNT / Keyspace.SEGMENTS;
    private static final int WHEEL_SLACK = 1024;
    private final ReentrantLock lock = new ReentrantLock();
    private final Keyspace keyspace;
    private final KeyTable table = new KeyTable();
    private final S3Fifo fifo = new S3Fifo();
    private final ExpiryWheel wheel;
    private final ExpiryWheel.Owner wheelOwner = new ExpiryWheel.Owner() {
        @Override
        public void expire(Entry entry) {
            remove(entry, Change.Kind.EXPIRED);
        }

        @Override
        public void rearm() {
            table.forEach(Segment.this::rearm);
        }
    };
    private final int[] slotKeys = new int[SLOTS];
    private final int[] dbKeys = new int[Keyspace.DATABASES];
    private final int[] dbExpiring = new int[Keyspace.DATABASES];
    private final SegmentCounts counts = new SegmentCounts();
    private ChangeListener.All listeners = ChangeListener.All.NONE;
    private final SegmentWatches watches = new SegmentWatches(this);
    private final SegmentWaits waits = new SegmentWaits(this);
    /** What was to be done under the lock while somebody else had it. */
    private final Queue<Runnable> later = new ConcurrentLinkedQueue<>();

    private Eviction eviction;
    private int expiring;
    private long bytes;
    private long unreported;
    private long sequence;
    private long unit;

    Segment(Keyspace keyspace, Eviction eviction, long nowMillis) {
        this.keyspace = keyspace;
        this.eviction = eviction;
        this.wheel = new ExpiryWheel(nowMillis);
    }

    /** Takes the lock; the same thread may take it again. {@link SegmentsHeldException} where a script has it for long. */
    public void lock() {
        keyspace.turn().acquire(lock);
    }

    /** Gives the lock back. */
    public void unlock() {
        lock.unlock();
    }

    /** Takes the lock where that needs no waiting. */
    public boolean tryLock() {
        return lock.tryLock();
    }

    /** Whether this thread has the lock. */
    public boolean held() {
        return lock.isHeldByCurrentThread();
    }

    /** Does a thing under the lock: now where nobody else has it, else at the next visit for expiry. Waits for nothing. */
    public void soon(Runnable action) {
        if (!lock.tryLock()) {
            later.add(action);
            return;
        }
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    void unit(long number) {
        unit = number;
    }

    /** What was looked up, expired and evicted here. */
    public SegmentCounts counts() {
        return counts;
    }

    /** The key's entry, counted as used and as a hit or a miss; null when absent or over. */
    public @Nullable Entry read(KeyRef key, long nowMillis) {
        Entry entry = find(key, nowMillis);
        if (entry == null) {
            counts.misses++;
        } else {
            counts.hits++;
        }
        return entry;
    }

    /** The key's entry, counted as used; null when absent or over. */
    public @Nullable Entry find(KeyRef key, long nowMillis) {
        Entry entry = peek(key, nowMillis);
        if (entry != null) {
            entry.touch(keyspace.seconds(nowMillis));
        }
        return entry;
    }

    /** The key's entry, not counted as used; null when absent or over. */
    public @Nullable Entry peek(KeyRef key, long nowMillis) {
        assert held();
        Entry entry = table.find(key);
        if (entry != null && nowMillis > entry.expireAt) {
            remove(entry, Change.Kind.EXPIRED);
            return null;
        }
        return entry;
    }

    /** Makes the key this string, whatever it was; keeps the array. */
    public void putString(KeyRef key, byte[] value, long expireAt, long nowMillis) {
        Entry entry = peek(key, nowMillis);
        if (entry == null) {
            entry = add(key, value, nowMillis);
        } else {
            replace(entry, value, StringForm.STORED);
            entry.touch(keyspace.seconds(nowMillis));
        }
        moveExpiry(entry, expireAt);
        changed(Change.Kind.STRING, entry, null, value);
    }

    /** Gives a string another value and keeps its expiry. */
    public void setString(Entry entry, byte[] value, StringForm form) {
        replace(entry, value, form);
        changed(Change.Kind.STRING, entry, null, value);
    }

    private void replace(Entry entry, byte[] value, StringForm form) {
        long before = entry.bytes();
        entry.value = value;
        entry.form = form;
        resized(entry, entry.bytes() - before);
    }

    /** Adds an empty collection; the caller puts the first element into it at once. */
    public Entry addEmpty(KeyRef key, Value value, long nowMillis) {
        return add(key, value, nowMillis);
    }

    /**
     * Ends a change of a collection, which took {@code before} bytes until then: accounts for it, and tells what happened. A key
     * whose collection has become empty goes with it.
     */
    public void mutated(Entry entry, long before, Change.Kind kind, byte @Nullable [] field, byte @Nullable [] value) {
        resized(entry, entry.bytes() - before);
        if (entry.value().size() == 0 && kind != Change.Kind.STREAM) {
            remove(entry, Change.Kind.DELETED);
        } else {
            changed(kind, entry, field, value);
        }
    }

    /** How large collections may be and stay packed. */
    public Packing packing() {
        return keyspace.packing();
    }

    /** Whether somebody reads the stream of changes, so that an effect is worth describing. */
    public boolean heard() {
        return listeners.any();
    }

    /** Makes the key a string that was not stored as sent. The key is absent. */
    public void addString(KeyRef key, byte[] value, StringForm form, long nowMillis) {
        Entry entry = add(key, value, nowMillis);
        entry.form = form;
        changed(Change.Kind.STRING, entry, null, value);
    }

    /** Makes the key this value, whatever it was; keeps the value. */
    public void putValue(KeyRef key, Value value, long expireAt, long nowMillis) {
        if (value instanceof StringValue string) {
            putString(key, string.string(), expireAt, nowMillis);
            Entry entry = table.find(key);
            if (entry != null) {
                entry.form = string.form();
            }
            return;
        }
        Entry old = peek(key, nowMillis);
        if (old != null) {
            remove(old, Change.Kind.DELETED);
        }
        Entry entry = add(key, value, nowMillis);
        moveExpiry(entry, expireAt);
        changed(Change.Kind.VALUE, entry, null, null);
    }

    /** Gives a key another expiry, {@link Entry#NEVER} for none. */
    public void expireAt(Entry entry, long expireAt) {
        moveExpiry(entry, expireAt);
        changed(Change.Kind.EXPIRY, entry, null, null);
    }

    /** Removes a key by command. */
    public void delete(Entry entry) {
        remove(entry, Change.Kind.DELETED);
    }

    private Entry add(KeyRef key, Object value, long nowMillis) {
        assert held();
        Entry entry = new Entry(key, value);
        entry.touched = keyspace.seconds(nowMillis);
        table.add(entry);
        slotKeys[entry.slot >> Keyspace.SEGMENT_BITS]++;
        dbKeys[entry.db]++;
        account(entry.bytes());
        if (eviction == Eviction.ALL_KEYS) {
            fifo.added(entry);
        }
        return entry;
    }

    private void remove(Entry entry, Change.Kind kind) {
        assert held();
        table.remove(entry);
        slotKeys[entry.slot >> Keyspace.SEGMENT_BITS]--;
        dbKeys[entry.db]--;
        fifo.removed(entry);
        account(-entry.bytes());
        if (entry.expireAt != Entry.NEVER) {
            expiring--;
            dbExpiring[entry.db]--;
        }
        entry.dead = true;
        if (kind == Change.Kind.EXPIRED) {
            counts.expired++;
        } else if (kind == Change.Kind.EVICTED) {
            counts.evicted++;
        }
        changed(kind, entry, null, null);
        // A place in the wheel may hold the entry for a while yet; not so its value.
        entry.value = NO_BYTES;
    }

    private void resized(Entry entry, long delta) {
        account(delta);
        fifo.resized(entry, delta);
    }

    private void account(long delta) {
        bytes += delta;
        unreported += delta;
        if (Math.abs(unreported) >= keyspace.memory().batch()) {
            keyspace.memory().report(unreported);
            unreported = 0;
        }
    }

    private void moveExpiry(Entry entry, long expireAt) {
        assert held();
        long before = entry.expireAt;
        if (before == expireAt) {
            return;
        }
        entry.expireAt = expireAt;
        if (before == Entry.NEVER || expireAt == Entry.NEVER) {
            int delta = before == Entry.NEVER ? 1 : -1;
            expiring += delta;
            dbExpiring[entry.db] += delta;
            if (eviction == Eviction.VOLATILE && delta > 0) {
                fifo.added(entry);
            } else if (eviction == Eviction.VOLATILE) {
                fifo.removed(entry);
            }
        }
        if (expireAt != Entry.NEVER) {
            wheel.arm(entry);
            if (wheel.places() > 2 * expiring + WHEEL_SLACK) {
                wheel.reset(keyspace.wheelNow());
                wheelOwner.rearm();
            }
        }
    }

    private void rearm(Entry entry) {
        entry.timerTick = 0;
        if (entry.expireAt != Entry.NEVER) {
            wheel.arm(entry);
        }
    }

    /** Does what was put off and removes what is over, at most {@code budget} keys; answers whether it got through. */
    boolean advance(long nowMillis, int budget) {
        if (!lock.tryLock()) {
            return true;
        }
        try {
            for (Runnable action = later.poll(); action != null; action = later.poll()) {
                action.run();
            }
            return wheel.advance(nowMillis, budget, wheelOwner);
        } finally {
            lock.unlock();
        }
    }

    /** Evicts about this many bytes; answers how many it did, 0 when nothing here may go. */
    long evict(long wanted) {
        assert held();
        long before = bytes;
        while (before - bytes < wanted) {
            Entry victim = fifo.victim();
            if (victim == null) {
                break;
            }
            remove(victim, Change.Kind.EVICTED);
        }
        report();
        return before - bytes;
    }

    /** Brings the shared count up to date. */
    void report() {
        assert held();
        keyspace.memory().report(unreported);
        unreported = 0;
    }

    /** Changes which keys may be evicted. */
    void eviction(Eviction next) {
        assert held();
        eviction = next;
        fifo.clear();
        table.forEach(entry -> {
            entry.queue = Entry.UNLINKED;
            entry.previous = null;
            entry.next = null;
            if (next == Eviction.ALL_KEYS || (next == Eviction.VOLATILE && entry.expireAt != Entry.NEVER)) {
                fifo.added(entry);
            }
        });
    }

    /** Removes every key of a database. */
    public void flush(int db) {
        assert held();
        if (dbKeys[db] == 0) {
            return;
        }
        sequence++;
        if (listeners.any()) {
            listeners.changed(new Change(
                    Change.Kind.FLUSHED,
                    db,
                    -1,
                    keyspace.epoch(),
                    sequence,
                    unit,
                    NO_BYTES,
                    null,
                    null,
                    Entry.NEVER,
                    null));
        }
        List<Entry> going = table.of(db);
        ChangeListener.All kept = listeners;
        listeners = ChangeListener.All.NONE;
        long numbered = sequence;
        going.forEach(entry -> remove(entry, Change.Kind.DELETED));
        sequence = numbered;
        listeners = kept;
    }

    private void changed(Change.Kind kind, Entry entry, byte @Nullable [] field, byte @Nullable [] value) {
        assert held();
        sequence++;
        if (listeners.any()) {
            listeners.changed(new Change(
                    kind,
                    entry.db,
                    entry.slot,
                    keyspace.epoch(),
                    sequence,
                    unit,
                    entry.key,
                    field,
                    value,
                    entry.expireAt,
                    kind == Change.Kind.VALUE ? entry.value() : null));
        }
    }

    void listen(ChangeListener listener) {
        listeners = listeners.without(listener).with(listener);
    }

    void unlisten(ChangeListener listener) {
        listeners = listeners.without(listener);
    }

    boolean present(int db, byte[] key) {
        return table.find(new KeyRef().set(keyspace.hasher(), db, key, 0, key.length)) != null;
    }

    SegmentWatches watches() {
        return watches;
    }

    /** Who waits for keys here. */
    public SegmentWaits waits() {
        return waits;
    }

    /** Visits the entries of one step of a scan, over ones included; answers where to go on, or {@link KeyTable#END}. */
    long scan(long from, Consumer<Entry> visitor) {
        assert held();
        return table.scan(from, visitor);
    }

    /** Visits every entry, over ones included; the visitor changes nothing. */
    public void forEach(Consumer<Entry> visitor) {
        assert held();
        table.forEach(visitor);
    }

    /** Some entry, null only when the segment is empty. */
    @Nullable
    Entry random(RandomGenerator random) {
        assert held();
        return table.near(random.nextInt(table.capacity()));
    }

    /** How many keys a database has here. */
    public int keys(int db) {
        return dbKeys[db];
    }

    /** How many of them have an expiry. */
    public int expiring(int db) {
        return dbExpiring[db];
    }

    /** How many keys a slot of this segment has. */
    public int slotKeys(int slot) {
        return slotKeys[slot >> Keyspace.SEGMENT_BITS];
    }

    /** What its keys take. */
    public long bytes() {
        return bytes;
    }

    /** Places taken in the expiry wheel, leftovers included. */
    int places() {
        return wheel.places();
    }

    /** For tests: whether the counts agree with what is there. */
    void verify() {
        long[] sums = new long[4];
        table.forEach(entry -> {
            sums[0]++;
            sums[1] += entry.bytes();
            sums[2] += entry.expireAt == Entry.NEVER ? 0 : 1;
            sums[3] += entry.queue == Entry.UNLINKED ? 0 : entry.bytes();
        });
        if (sums[0] != table.size()
                || sums[0] != Arrays.stream(dbKeys).sum()
                || sums[0] != Arrays.stream(slotKeys).sum()
                || sums[1] != bytes
                || sums[2] != expiring
                || sums[3] != fifo.bytes()) {
            throw new IllegalStateException("segment - keys=" + sums[0] + " table=" + table.size() + " bytes=" + bytes
                    + " counted=" + sums[1] + " queued=" + fifo.bytes() + " counted=" + sums[3]);
        }
    }
}
