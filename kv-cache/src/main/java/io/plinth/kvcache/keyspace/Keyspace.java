package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.store.Databases;
import io.plinth.kvcache.keyspace.store.Hashed;
import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.store.Region;
import io.plinth.kvcache.keyspace.store.Slabs;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.keyspace.write.Charges;
import io.plinth.kvcache.keyspace.write.Durability;
import io.plinth.kvcache.keyspace.write.KeyWatch;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: the 256 segments, the memory they share, and what runs over all of them. */
public final class Keyspace {
    /** Fixed when a data folder is made: {@code slot % 256} names a slot's segment. */
    public static final int SEGMENTS = 256;
    /** As many as Redis has by default; a cluster uses only the first. */
    public static final int DATABASES = Databases.COUNT;

    /** What a key takes beside its record: its place in the table and in the queue of eviction. */
    public static final int KEY_SHARE = Records.SHARE;
    /** What an expiry takes beside its record. */
    public static final int EXPIRY_SHARE = Records.WHEEL_SHARE;

    static final int SEGMENT_BITS = 8;

    /** At one visit the evictor takes this share of a segment, so that segments shrink in proportion to their size. */
    private static final int EVICTION_SHARE_BITS = 6;
    /** So often it visits all of them at most for each MiB that is wanted. */
    private static final int ROUNDS = 8;

    private static final int EXPIRED_PER_VISIT = 64;

    /** Shared by as many segments each, so that few pages are half empty, and few segments wait for one another. */
    private static final int SLABS = 16;

    private final Region region = new Region();
    private final Slabs[] slabs = new Slabs[SLABS];
    private final Segment[] segments = new Segment[SEGMENTS];
    private final Hashed[] tables = new Hashed[SEGMENTS];
    private final KeyHash hasher;
    private final MemoryBudget memory;
    private final ReentrantLock evicting = new ReentrantLock();
    private final ScriptTurn turn = new ScriptTurn();
    private final AtomicLong units = new AtomicLong();
    private final long startMillis;
    private int hand;
    private volatile Eviction eviction;
    private volatile long epoch;
    private volatile long wheelNow;
    private volatile Packing packing = Packing.DEFAULT;
    private volatile @Nullable KeyWatch watch;
    private volatile Durability durability = Durability.NONE;
    private final Annotations annotations = new Annotations();
    private final Databases databases = new Databases();

    public Keyspace(long memoryLimit, Eviction eviction, long nowMillis, RandomGenerator random) {
        this.hasher = new KeyHash(random.nextLong());
        this.memory = new MemoryBudget(memoryLimit);
        this.eviction = eviction;
        this.startMillis = this.wheelNow = nowMillis;
        Arrays.setAll(slabs, i -> new Slabs(region, memory::passing));
        for (int i = 0; i < SEGMENTS; i++) {
            Records records = new Records(region, slabs[i % SLABS], hasher);
            tables[i] = records.hashed();
            segments[i] = new Segment(this, i, records, eviction, nowMillis);
        }
    }

    /** The segment of a slot. */
    public Segment segment(int slot) {
        return segments[slot & SEGMENTS - 1];
    }

    /** Where the keys of a slot have their bytes. */
    public Slabs slabs(int slot) {
        return slabs[(slot & SEGMENTS - 1) % SLABS];
    }

    /** The records of the segment of a slot by their hashes. */
    public Hashed byHash(int slot) {
        return tables[slot & SEGMENTS - 1];
    }

    /** A segment by its number. */
    public Segment at(int index) {
        return segments[index];
    }

    /** Which of the records' databases each is that clients name. */
    public Databases databases() {
        return databases;
    }

    /** Exchanges two databases as clients name them; with all segments locked. */
    public void exchange(int one, int other, long nowMillis) {
        for (Segment segment : segments) {
            segment.watches().exchange(one, other, nowMillis);
        }
        databases.become(databases.now().exchanged(one, other));
        for (Segment segment : segments) {
            segment.waits().exchanged(one, other);
        }
        segments[0].changes().exchanged(databases.now().bytes());
    }

    /** What keys are hashed with. */
    public KeyHash hasher() {
        return hasher;
    }

    /** How large collections may be and stay packed. */
    public Packing packing() {
        return packing;
    }

    /** Changes how large collections may be and stay packed; present ones follow when they are next changed. */
    public void packing(Packing next) {
        packing = next;
    }

    void added(KeyRef key) {
        KeyWatch told = watch;
        if (told != null) {
            told.added(key);
        }
    }

    void missed(KeyRef key) {
        KeyWatch told = watch;
        if (told != null) {
            told.missed(key);
        }
    }

    /** Fields of a hash were removed as their time was over. With its segment's lock. */
    public void fieldsOver(int db, byte[] key, boolean last) {
        KeyWatch told = watch;
        if (told != null) {
            told.fieldsOver(db, key, last);
        }
    }

    /** Changes who hears of these; null for nobody. */
    public void watch(@Nullable KeyWatch by) {
        watch = by;
    }

    /** Who may write from a script. */
    public ScriptTurn turn() {
        return turn;
    }

    /** What the keys take and may take. */
    public MemoryBudget memory() {
        return memory;
    }

    /** The epoch of the slot table that changes are made under. */
    public long epoch() {
        return epoch;
    }

    /** Names the epoch of the slot table that changes are made under from now on. */
    public void epoch(long number) {
        epoch = number;
    }

    /** A number for the changes of one transaction. */
    public long nextUnit() {
        return units.incrementAndGet();
    }

    int seconds(long nowMillis) {
        return (int) ((nowMillis - startMillis) / 1000);
    }

    /** Seconds since an entry was last used. */
    public long idleSeconds(Entry entry, long nowMillis) {
        return Math.max(0, seconds(nowMillis) - entry.touched());
    }

    long wheelNow() {
        return wheelNow;
    }

    /** Removes a reader of the stream of changes where nobody wants it any more by the time a segment is free. */
    public void unlisten(ChangeListener listener, java.util.function.BooleanSupplier unwanted) {
        for (Segment segment : segments) {
            segment.soon(() -> {
                if (unwanted.getAsBoolean()) {
                    segment.changes().unlisten(listener);
                }
            });
        }
    }

    /** Adds a reader of the stream of changes, once. */
    public void listen(ChangeListener listener) {
        each(segment -> segment.changes().listen(listener));
    }

    /** Adds a reader of one segment's changes, once. With its lock. */
    public void listen(int segment, ChangeListener listener) {
        segments[segment].changes().listen(listener);
    }

    /** Takes it away. With the segment's lock. */
    public void unlisten(int segment, ChangeListener listener) {
        segments[segment].changes().unlisten(listener);
    }

    /** Changes who hears what a segment's keys take; null for nobody. With its lock. */
    public void charges(int segment, @Nullable Charges by) {
        segments[segment].changes().charges(by);
    }

    /** Who knows more of keys than their values. */
    public Annotations annotations() {
        return annotations;
    }

    /** Something else is known of a key. With its segment's lock. */
    public void annotated(Segment segment, Entry entry, Annotations.Kind kind, byte[] known) {
        segment.changes().changed(Change.Kind.ANNOTATED, entry, kind.field(), known);
    }

    /** What has to happen before a client is told that its write was made. */
    public Durability durability() {
        return durability;
    }

    /** Says so, before anybody is connected. */
    public void durability(Durability journal) {
        durability = journal;
    }

    /** The number of a segment's last change; with its lock. */
    public long sequence(int segment) {
        return segments[segment].changes().sequence();
    }

    /** Has a segment go on from the number an earlier life came to. */
    public void sequence(int segment, long last) {
        Segment changed = segments[segment];
        changed.lock();
        try {
            changed.changes().sequence(last);
        } finally {
            changed.unlock();
        }
    }

    /** Visits the next keys of a segment in the order of their hashes, over ones included; answers where to go on. With its lock. */
    public long walk(int segment, long from, Consumer<Entry> visitor) {
        return segments[segment].scan(from, visitor);
    }

    /** Runs under each segment's lock in turn. */
    public void each(Consumer<Segment> action) {
        for (Segment segment : segments) {
            segment.lock();
            try {
                action.accept(segment);
            } finally {
                segment.unlock();
            }
        }
    }

    /** How many keys a database has. */
    public long keys(int db) {
        long[] sum = new long[1];
        each(segment -> sum[0] += segment.counted().database(db));
        return sum[0];
    }

    /** How many of them have an expiry. */
    public long expiring(int db) {
        long[] sum = new long[1];
        each(segment -> sum[0] += segment.counted().expiring(db));
        return sum[0];
    }

    /** Sums over all segments, read without their locks: what is changed meanwhile is in it or not. Waits for no script. */
    public KeyspaceStats stats() {
        long[] sum = new long[6];
        for (Segment segment : segments) {
            SegmentCounts counts = segment.counts();
            sum[0] += counts.hits;
            sum[1] += counts.misses;
            sum[2] += counts.expired;
            sum[3] += counts.evicted;
            sum[5] += segment.bytes();
            for (int db = 0; db < DATABASES; db++) {
                sum[4] += segment.counted().database(db);
            }
        }
        return new KeyspaceStats(sum[0], sum[1], sum[2], sum[3], sum[4], sum[5]);
    }

    /** Bounds in milliseconds of {@link #expiryLags}. */
    public static long[] lagBounds() {
        return SegmentCounts.lagBounds();
    }

    /** How many keys that nobody looked at went how long after their time, by {@link #lagBounds}; the last went later. */
    public long[] expiryLags() {
        long[] sums = new long[SegmentCounts.lagBounds().length + 1];
        for (Segment segment : segments) {
            long[] own = segment.counts().lags;
            for (int i = 0; i < sums.length; i++) {
                sums[i] += own[i];
            }
        }
        return sums;
    }

    /** Starts the counts anew. */
    public void resetStats() {
        each(segment -> segment.counts().reset());
    }

    /** Which keys may be evicted. */
    public Eviction eviction() {
        return eviction;
    }

    /** Changes which keys may be evicted. */
    public void eviction(Eviction next) {
        eviction = next;
        for (Segment segment : segments) {
            segment.soon(() -> segment.eviction(eviction));
        }
    }

    /** Changes how much the keys may take from the next write on; 0 lifts the limit. */
    public void memoryLimit(long bytes) {
        memory.limit(bytes);
        for (Segment segment : segments) {
            segment.soon(segment::report);
        }
    }

    /** Whether so much is taken that nothing more is to be kept beside keys; where keys are evicted, a little over is not much. */
    public boolean crowded() {
        return memory.over(eviction != Eviction.NONE);
    }

    /**
     * Evicts until {@code more} bytes fit; answers whether they do. Called before a command that needs memory, and before
     * its segments are locked, so that no command loses the entry it works on.
     */
    public boolean makeRoom(long more) {
        if (memory.fits(more)) {
            return true;
        }
        return eviction != Eviction.NONE && evict(more);
    }

    private boolean evict(long more) {
        evicting.lock();
        try {
            int idle = 0;
            for (long left = ROUNDS * SEGMENTS * (1 + (more >> 20)); left > 0 && idle < 2 * SEGMENTS; left--) {
                // Asked once: other loops take what was just freed, and are asked to free it again.
                if (memory.fits(more)) {
                    return true;
                }
                Segment segment = segments[hand];
                hand = hand + 1 & SEGMENTS - 1;
                if (!segment.tryLock()) {
                    idle++;
                    continue;
                }
                try {
                    long freed = segment.evict(Math.max(1, segment.bytes() >> EVICTION_SHARE_BITS));
                    idle = freed == 0 ? idle + 1 : 0;
                } finally {
                    segment.unlock();
                }
            }
            return memory.fits(more);
        } finally {
            evicting.unlock();
        }
    }

    /** Bytes of native memory that records take. */
    public long inRecords() {
        return Arrays.stream(slabs).mapToLong(Slabs::bytes).sum();
    }

    /** Bytes of native memory that pages with records take. */
    public long inPages() {
        return region.inUse();
    }

    /** Gives memory that no record is in back to the machine. */
    public void purge() {
        region.purge();
    }

    /** Bytes of native memory the machine gave for records; pages that are free again included. */
    public long resident() {
        return region.resident();
    }

    /** What comes before visits for expiry of every {@code step}th segment from {@code first}. */
    public void visits(int first, int step, long nowMillis) {
        wheelNow = nowMillis;
        if (first == 0) {
            long records = inRecords();
            memory.unused(region.inUse() - records);
            memory.inNative(records);
        }
        for (int i = first; i < SLABS; i += step) {
            slabs[i].lookAgain();
        }
    }

    /** Removes some of what is over in a segment; answers whether no more is to be done now. */
    public boolean expire(int segment, long nowMillis) {
        return segments[segment].advance(nowMillis, EXPIRED_PER_VISIT);
    }

    /**
     * One step of a scan from {@code cursor}, under one segment's lock; answers the cursor to go on from, 0 at the end.
     * A cursor is the segment's number above a 32-bit hash: every key of that segment with a smaller hash was visited.
     */
    public long scan(long cursor, long nowMillis, Consumer<Entry> visitor) {
        int index = (int) (cursor >>> 32);
        if (index < 0 || index >= SEGMENTS) {
            return 0;
        }
        Segment segment = segments[index];
        long next;
        segment.lock();
        try {
            next = segment.bytes() == 0
                    ? KeyTable.END
                    : segment.scan(cursor & 0xffff_ffffL, entry -> {
                        if (nowMillis <= entry.expireAt()) {
                            visitor.accept(entry);
                        }
                    });
        } finally {
            segment.unlock();
        }
        if (next < KeyTable.END) {
            return (long) index << 32 | next;
        }
        return index + 1 == SEGMENTS ? 0 : (index + 1L) << 32;
    }

    /** Whether a cursor names a segment that has no keys, so that a step there costs nothing; looked up without its lock. */
    public boolean nothingAt(long cursor) {
        int index = (int) (cursor >>> 32);
        return index >= 0 && index < SEGMENTS && segments[index].bytes() == 0;
    }

    /** A key of the database, each about as likely; null when there is none. */
    public byte @Nullable [] random(int db, long nowMillis, RandomGenerator random) {
        int start = random.nextInt(SEGMENTS);
        for (int i = 0; i < SEGMENTS; i++) {
            Segment segment = segments[start + i & SEGMENTS - 1];
            segment.lock();
            try {
                if (segment.counted().database(db) == 0) {
                    continue;
                }
                Entry entry = segment.random(random);
                if (entry != null && entry.db() == db && nowMillis <= entry.expireAt()) {
                    return entry.key();
                }
                Entry[] found = new Entry[1];
                segment.forEach(other -> {
                    if (other.db() == db && nowMillis <= other.expireAt()) {
                        found[0] = other;
                    }
                });
                if (found[0] != null) {
                    return found[0].key();
                }
            } finally {
                segment.unlock();
            }
        }
        return null;
    }
}
