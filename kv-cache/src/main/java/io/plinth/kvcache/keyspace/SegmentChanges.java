package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.write.Charges;
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
