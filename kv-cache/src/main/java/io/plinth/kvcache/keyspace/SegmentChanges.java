package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.write.Charges;
import io.plinth.kvcache.wire.LongArguments;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: numbers the segment's changes and hands them to who listens. */
final class SegmentChanges {
    private static final byte[] NO_BYTES = {};

    private final Keyspace keyspace;
    private ChangeListener.All listeners = ChangeListener.All.NONE;
    private long sequence;
    private final int index;
    private long unit;
    private boolean unended;
    private @Nullable Charges charges;

    SegmentChanges(Keyspace keyspace, int index) {
        this.keyspace = keyspace;
        this.index = index;
    }

    /** The number of the last change. */
    long sequence() {
        return sequence;
    }

    /** Goes on from a number of an earlier life. */
    void sequence(long last) {
        sequence = last;
    }

    /** Whether somebody listens, so that an effect is worth describing. */
    boolean heard() {
        return listeners.any();
    }

    /** Whether the changes of one command are to be told as a transaction. */
    boolean wholeCommands() {
        return listeners.wholeCommands();
    }

    /** What the changes from now on belong to. */
    void unit(long number) {
        if (unended && number != unit) {
            unended = false;
            listeners.ended(unit);
        }
        unit = number;
    }

    void charges(@Nullable Charges by) {
        charges = by;
    }

    /** A key takes so much more, or less; {@code added}: 1 for one that came, -1 for one that goes. */
    void charge(Records records, int hash, int handle, long delta, int added) {
        Charges told = charges;
        if (told != null) {
            told.charge(records, hash, handle, delta, added);
        }
    }

    /** Whether changes belong to one. */
    boolean inUnit() {
        return unit != 0;
    }

    void listen(ChangeListener listener) {
        listeners = listeners.without(listener).with(listener);
    }

    void unlisten(ChangeListener listener) {
        listeners = listeners.without(listener);
    }

    /** The segment is visited for what is over. */
    void visited(long nowMillis) {
        listeners.visited(nowMillis);
    }

    /** A key was changed, or is about to go. */
    void changed(Change.Kind kind, Entry entry, byte @Nullable [] field, byte @Nullable [] value) {
        sequence++;
        if (kind != Change.Kind.EXPIRY && kind != Change.Kind.ANNOTATED) {
            entry.renewed();
        }
        if (listeners.any()) {
            unended = unit != 0;
            listeners.changed(new Change(
                    kind,
                    entry.db(),
                    entry.slot(),
                    keyspace.epoch(),
                    sequence,
                    unit,
                    entry.key(),
                    field,
                    value,
                    entry.expireAt(),
                    kind == Change.Kind.VALUE ? entry.value() : null));
        }
    }

    /** The key is now this string. A long one is told piece by piece, which count together: who listens keeps no copy of all of it. */
    void string(Entry entry, StringForm form) {
        if (!listeners.any()) {
            changed(Change.Kind.STRING, entry, form.mark(), null);
            return;
        }
        int length = entry.length();
        if (length < LongArguments.LONG) {
            changed(Change.Kind.STRING, entry, form.mark(), entry.part(0, length));
            return;
        }
        long own = unit == 0 ? keyspace.nextUnit() : 0;
        if (own != 0) {
            unit(own);
        }
        try {
            changed(Change.Kind.STRING, entry, form.mark(), entry.part(0, Change.PIECE));
            for (int at = Change.PIECE; at < length; at += Change.PIECE) {
                byte[] place = ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(at)
                        .putLong(at)
                        .array();
                changed(Change.Kind.PART, entry, place, entry.part(at, Math.min(Change.PIECE, length - at)));
            }
        } finally {
            if (own != 0) {
                unit(0);
            }
        }
    }

    /** Makes a key a string that came in pieces. */
    void arrived(
            Segment segment,
            Records records,
            KeyRef key,
            Arrival value,
            StringForm form,
            long expireAt,
            long nowMillis) {
        Entry entry = segment.peek(key, nowMillis);
        if (entry == null) {
            int handle = records.addString(
                    key.hash(), key.db(), key.slot(), key.buffer(), key.offset(), key.length(), value);
            records.strings().form(handle, form);
            entry = segment.add(key, handle, nowMillis);
            keyspace.added(key);
        } else {
            long before = entry.bytes();
            entry.handle = records.string(entry.hash, entry.handle, value);
            records.strings().form(entry.handle, form);
            entry.forget();
            segment.resized(entry.hash, entry.handle, entry.bytes() - before);
            records.uses().used(entry.handle, keyspace.seconds(nowMillis));
        }
        segment.moveExpiry(entry, expireAt);
        string(entry, form);
    }

    /** Takes a long string out of the record of a key that is to go. */
    @Nullable
    Arrival leaving(Segment segment, Records records, Entry entry) {
        long before = entry.bytes();
        Arrival leaving = entry.isString() ? records.strings().leaving(entry.handle) : null;
        if (leaving != null) {
            segment.resized(entry.hash, entry.handle, entry.bytes() - before);
        }
        return leaving;
    }

    /** Everything of a database is about to go. */
    void flushed(int db) {
        sequence++;
        if (listeners.any()) {
            unended = unit != 0;
            listeners.changed(new Change(
                    Change.Kind.FLUSHED,
                    db,
                    index,
                    keyspace.epoch(),
                    sequence,
                    unit,
                    NO_BYTES,
                    null,
                    null,
                    Entry.NEVER,
                    null));
        }
    }

    /** Databases were exchanged. With all segments locked, told by one. */
    void exchanged(byte[] stored) {
        sequence++;
        unended = unit != 0;
        listeners.exchanged(stored, unit);
    }

    /** Does what one change before stands for. */
    void silently(Runnable changes) {
        ChangeListener.All kept = listeners;
        long numbered = sequence;
        listeners = ChangeListener.All.NONE;
        try {
            changes.run();
        } finally {
            sequence = numbered;
            listeners = kept;
        }
    }
}
