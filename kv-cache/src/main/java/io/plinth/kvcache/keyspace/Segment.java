package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.store.Census;
import io.plinth.kvcache.keyspace.store.ExpiryWheel;
import io.plinth.kvcache.keyspace.store.Hashed;
import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.store.S3Fifo;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.store.Taken;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Hashes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its own lock: one of the 256 parts of a keyspace. Commands run on their connection's loop while they hold it.
 *
 * <p>Every change goes through {@link SegmentChanges#changed}, the one point that numbers it and hands it to the listeners.
 */
public final class Segment {
    private final ReentrantLock lock = new ReentrantLock();
    private final Keyspace keyspace;
    private final int index;
    private final Records records;
    private final S3Fifo fifo;
    private final ExpiryWheel wheel;
    private final ExpiryWheel.Owner wheelOwner = new ExpiryWheel.Owner() {
        @Override
        public int visit(int hash, long nowMillis) {
            return expire(hash, nowMillis);
        }

        @Override
        public void rearm() {
            records.hashed().arm(wheel, keyspace.wheelNow());
        }
    };
    private final KeyCounts keys = new KeyCounts();
    private final SegmentCounts counts = new SegmentCounts();
    private final SegmentChanges changes;
    private final SegmentWatches watches;
    private final SegmentWaits waits;
    private final PutOff putOff = new PutOff();
    private final Entry visited;
    private Eviction eviction;
    private long unreported;

    Segment(Keyspace keyspace, int index, Records records, Eviction eviction, long nowMillis) {
        this.keyspace = keyspace;
        this.changes = new SegmentChanges(keyspace, index);
        this.watches = new SegmentWatches(keyspace, this);
        this.waits = new SegmentWaits(keyspace, this);
        this.index = index;
        this.records = records;
        this.visited = new Entry(records, index, 0, 0);
        this.fifo = new S3Fifo(records);
        this.eviction = eviction;
        this.wheel = new ExpiryWheel(nowMillis, index);
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
        putOff.soon(lock, action);
    }

    /** What was looked up, expired and evicted here. */
    public SegmentCounts counts() {
        return counts;
    }

    /** The key's entry, counted as used and as a hit or a miss; null when absent or over. */
    public @Nullable Entry read(KeyRef key, long nowMillis) {
        return counted(key, find(key, nowMillis));
    }

    /** The same, not counted as used. */
    public @Nullable Entry look(KeyRef key, long nowMillis) {
        return counted(key, peek(key, nowMillis));
    }

    private @Nullable Entry counted(KeyRef key, @Nullable Entry entry) {
        if (entry != null) {
            counts.hits++;
        } else {
            counts.misses++;
            keyspace.missed(key);
        }
        return entry;
    }

    /** The key's entry, counted as used; null when absent or over. */
    public @Nullable Entry find(KeyRef key, long nowMillis) {
        Entry entry = peek(key, nowMillis);
        if (entry != null) {
            records.uses().used(entry.handle, keyspace.seconds(nowMillis));
        }
        return entry;
    }

    /** The key's entry, not counted as used; null when absent or over. */
    public @Nullable Entry peek(KeyRef key, long nowMillis) {
        assert held();
        int handle = records.find(key.hash(), key.db(), key.buffer(), key.offset(), key.length());
        if (handle == 0) {
            return null;
        }
        Entry entry = entry(key.hash(), handle);
        if (nowMillis > records.expireAt(handle)) {
            remove(entry, Change.Kind.EXPIRED);
            return null;
        }
        return entry;
    }

    private Entry entry(int hash, int handle) {
        return new Entry(records, index, hash, handle);
    }

    private Entry entry(long place) {
        return entry(Records.hash(place), Records.handle(place));
    }

    /** Makes the key this string, whatever it was; copies it. */
    public Entry putString(KeyRef key, byte[] value, long expireAt, long nowMillis) {
        return putString(key, value, 0, value.length, StringForm.STORED, expireAt, nowMillis);
    }

    /** Makes the key the string of so many bytes from an offset on, whatever it was; copies them. */
    public void putString(KeyRef key, byte[] buffer, int from, int length, long expireAt, long nowMillis) {
        putString(key, buffer, from, length, StringForm.STORED, expireAt, nowMillis);
    }

    /** The same, and how the string came to be. */
    public Entry putString(
            KeyRef key, byte[] buffer, int from, int length, StringForm form, long expireAt, long nowMillis) {
        Entry entry = peek(key, nowMillis);
        if (entry == null) {
            int handle = records.addString(
                    key.hash(), key.db(), key.slot(), key.buffer(), key.offset(), key.length(), buffer, from, length);
            records.strings().form(handle, form);
            entry = add(key, handle, nowMillis);
            keyspace.added(key);
        } else {
            replace(entry, buffer, from, length, form);
            records.uses().used(entry.handle, keyspace.seconds(nowMillis));
        }
        moveExpiry(entry, expireAt);
        changes.string(entry, form);
        return entry;
    }

    /** Makes the key a string that came in pieces, whatever it was. */
    public void putString(KeyRef key, Arrival value, StringForm form, long expireAt, long nowMillis) {
        changes.arrived(this, records, key, value, form, expireAt, nowMillis);
    }

    /** Has a long string of whole pages leave its key, which is to go now; null for another one. */
    public @Nullable Arrival leaving(Entry entry) {
        return changes.leaving(this, records, entry);
    }

    /** Gives a string another value and keeps its expiry. */
    public void setString(Entry entry, byte[] value, StringForm form) {
        replace(entry, value, 0, value.length, form);
        changes.string(entry, form);
    }

    private void replace(Entry entry, byte[] buffer, int from, int length, StringForm form) {
        long before = entry.bytes();
        entry.handle = records.string(entry.hash, entry.handle, buffer, from, length);
        records.strings().form(entry.handle, form);
        entry.forget();
        resized(entry.hash, entry.handle, entry.bytes() - before);
    }

    /** Adds a collection; into an empty one the caller puts the first element at once. */
    public Entry addEmpty(KeyRef key, Value value, long nowMillis) {
        Entry entry = addValue(key, value, nowMillis);
        keyspace.added(key);
        return entry;
    }

    private Entry addValue(KeyRef key, Value value, long nowMillis) {
        int handle = records.addCollection(
                key.hash(), key.db(), key.slot(), key.buffer(), key.offset(), key.length(), value);
        return add(key, handle, nowMillis).holding(value);
    }

    /**
     * Ends a change of a collection, which took {@code before} bytes until then: accounts for it, and tells what happened. A key
     * whose collection has become empty goes with it.
     */
    public void mutated(Entry entry, long before, Change.Kind kind, byte @Nullable [] field, byte @Nullable [] value) {
        assert held();
        entry.changed();
        resized(entry.hash, entry.handle, entry.bytes() - before);
        if (kind != Change.Kind.STREAM && entry.isEmpty()) {
            remove(entry, Change.Kind.DELETED);
        } else {
            changes.changed(kind, entry, field, value);
        }
    }

    /** How large collections may be and stay packed. */
    public Packing packing() {
        return keyspace.packing();
    }

    /** Whether somebody reads the stream of changes, so that an effect is worth describing. */
    public boolean heard() {
        return changes.heard();
    }

    /** Makes the key this value, whatever it was; keeps the value, but for a string. */
    public void putValue(KeyRef key, Value value, long expireAt, long nowMillis) {
        if (value instanceof StringValue string) {
            putString(key, string.string(), 0, string.string().length, string.form(), expireAt, nowMillis);
            return;
        }
        Entry old = peek(key, nowMillis);
        if (old != null) {
            remove(old, Change.Kind.DELETED);
        }
        Entry entry = old == null ? addEmpty(key, value, nowMillis) : addValue(key, value, nowMillis);
        moveExpiry(entry, expireAt);
        lookAt(entry, value);
        changes.changed(Change.Kind.VALUE, entry, null, null);
    }

    /** Gives a key another expiry, {@link Entry#NEVER} for none. */
    public void expireAt(Entry entry, long expireAt) {
        moveExpiry(entry, expireAt);
        changes.changed(Change.Kind.EXPIRY, entry, null, null);
    }

    /** memcached's clients know this of a string: flags, a CAS number, and the bits of an entry. It ends with the next value. */
    public void mark(Entry entry, int flags, long cas, int bits) {
        assert held();
        long before = entry.bytes();
        entry.mark(flags, cas, bits);
        resized(entry.hash, entry.handle, entry.bytes() - before);
    }

    /** Removes a key by command. */
    public void delete(Entry entry) {
        remove(entry, Change.Kind.DELETED);
    }

    Entry add(KeyRef key, int handle, long nowMillis) {
        assert held();
        records.uses().touched(handle, keyspace.seconds(nowMillis));
        keys.count(key.slot() >> Keyspace.SEGMENT_BITS, key.db(), 1);
        account(key.hash(), handle, records.bytes(handle), 1);
        if (eviction == Eviction.ALL_KEYS) {
            fifo.added(key.hash(), handle);
        }
        return entry(key.hash(), handle);
    }

    /** Removes a key for this reason. */
    public void remove(Entry entry, Change.Kind kind) {
        assert held();
        int handle = entry.handle;
        int db = records.db(handle);
        keys.count(records.slotHigh(handle), db, -1);
        fifo.removed(handle);
        account(entry.hash, handle, -records.bytes(handle), -1);
        keys.expires(db, records.expireAt(handle), Entry.NEVER);
        counts.gone(kind);
        changes.changed(kind, entry, null, null);
        entry.leave();
        records.remove(entry.hash, handle);
        entry.handle = 0;
    }

    /** Removes the keys with this hash whose time is over, and arms the others; answers how many went. */
    private int expire(int hash, long nowMillis) {
        int gone = 0;
        Hashed hashed = records.hashed();
        for (int handle = hashed.overdue(hash, nowMillis); handle != 0; handle = hashed.overdue(hash, nowMillis)) {
            counts.late(nowMillis - records.expireAt(handle));
            remove(entry(hash, handle), Change.Kind.EXPIRED);
            gone++;
        }
        for (int each = hashed.fieldsOver(hash, nowMillis); each != 0; each = hashed.fieldsOver(hash, nowMillis)) {
            gone += Hashes.over(keyspace, this, entry(hash, each), nowMillis);
        }
        long next = hashed.earliest(hash, nowMillis);
        if (next != Entry.NEVER) {
            wheel.arm(hash, next);
        }
        return gone;
    }

    void resized(int hash, int handle, long delta) {
        account(hash, handle, delta, 0);
        fifo.resized(handle, delta);
    }

    private void account(int hash, int handle, long delta, int added) {
        changes.charge(records, hash, handle, delta, added);
        records.taken().add(records.type(handle), delta);
        unreported += delta;
        if (Math.abs(unreported) >= keyspace.memory().batch()) {
            report();
        }
    }

    void moveExpiry(Entry entry, long expireAt) {
        assert held();
        long before = entry.expireAt();
        if (before == expireAt) {
            return;
        }
        long bytes = entry.bytes();
        entry.handle = records.expireAt(entry.hash, entry.handle, expireAt);
        entry.forget();
        resized(entry.hash, entry.handle, entry.bytes() - bytes);
        keys.expires(entry.db(), before, expireAt);
        if (before == Entry.NEVER) {
            queueExpiring(entry, 1);
            wheel.arm(entry.hash, expireAt);
        } else if (expireAt == Entry.NEVER) {
            queueExpiring(entry, -1);
        } else {
            wheel.rearm(entry.hash, before, expireAt);
        }
        wheel.tidy(keys.expiring(), keyspace.wheelNow(), wheelOwner);
    }

    /** Sees to it that a hash is looked at when fields are over. */
    public void lookAt(Entry entry, Value value) {
        if (value instanceof HashValue hash && hash.firstExpiry() != 0) {
            wheel.tidy(keys.expiring(), keyspace.wheelNow(), wheelOwner);
            wheel.arm(entry.hash, hash.firstExpiry());
        }
    }

    private void queueExpiring(Entry entry, int delta) {
        if (eviction == Eviction.VOLATILE && delta > 0) {
            fifo.added(entry.hash, entry.handle);
        } else if (eviction == Eviction.VOLATILE) {
            fifo.removed(entry.handle);
        }
    }

    /** Does what was put off and removes what is over, about {@code budget} keys; answers whether it got through. */
    boolean advance(long nowMillis, int budget) {
        if (!lock.tryLock()) {
            return true;
        }
        try {
            putOff.run();
            changes.visited(nowMillis);
            records.compact();
            records.growing().trim(keyspace.seconds(nowMillis), this::resized);
            return wheel.advance(nowMillis, budget, wheelOwner);
        } finally {
            lock.unlock();
        }
    }

    /** Evicts about this many bytes; answers how many it did, 0 when nothing here may go. */
    long evict(long wanted) {
        assert held();
        long before = bytes();
        while (before - bytes() < wanted) {
            long victim = fifo.victim();
            if (victim == 0) {
                break;
            }
            remove(entry(victim), Change.Kind.EVICTED);
        }
        report();
        return before - bytes();
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
        records.forEach(place -> {
            int handle = Records.handle(place);
            records.uses().unqueue(handle);
            if (next == Eviction.ALL_KEYS || (next == Eviction.VOLATILE && records.expireAt(handle) != Entry.NEVER)) {
                fifo.added(Records.hash(place), handle);
            }
        });
    }

    /** Removes every key of a database. */
    public void flush(int db) {
        assert held();
        if (keys.database(db) == 0) {
            return;
        }
        changes.flushed(db);
        List<Entry> going = new ArrayList<>();
        records.forEach(place -> {
            if (records.db(Records.handle(place)) == db) {
                going.add(entry(place));
            }
        });
        changes.silently(() -> going.forEach(entry -> remove(entry, Change.Kind.DELETED)));
    }

    /** Its stream of changes. */
    SegmentChanges changes() {
        return changes;
    }

    SegmentWatches watches() {
        return watches;
    }

    /** Who waits for keys here. */
    public SegmentWaits waits() {
        return waits;
    }

    /** Visits those of one step of a scan, over ones included, with an entry of the visit; answers where to go on, or {@link KeyTable#END}. */
    long scan(long from, Consumer<Entry> visitor) {
        assert held();
        return records.scan(from, place -> visitor.accept(visited.at(place)));
    }

    /** Visits every entry, over ones included; the visitor changes nothing. */
    public void forEach(Consumer<Entry> visitor) {
        assert held();
        records.forEach(place -> visitor.accept(entry(place)));
    }

    /** Some entry, null only when the segment is empty. */
    public @Nullable Entry random(RandomGenerator random) {
        assert held();
        long place = records.hashed().near(random.nextInt(records.hashed().places()));
        return place == 0 ? null : entry(place);
    }

    /** How many keys slots and databases have here. */
    public KeyCounts counted() {
        return keys;
    }

    /** What its keys take. */
    public long bytes() {
        return records.taken().bytes();
    }

    /** The same by type. */
    public Taken taken() {
        return records.taken();
    }

    /** Places taken in the expiry wheel, leftovers included. */
    int places() {
        return wheel.places();
    }

    /** For tests: whether the counts agree with what is there. */
    void verify() {
        Census.of(records).verify(records, keys::are, bytes(), fifo.bytes());
    }
}
