package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.store.Databases;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.keyspace.write.Hashes;
import io.plinth.kvcache.keyspace.write.Lists;
import io.plinth.kvcache.keyspace.write.Sets;
import io.plinth.kvcache.keyspace.write.SortedSets;
import io.plinth.kvcache.keyspace.write.Strings;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Owned by recovery: does again what records say. Changes of a transaction wait for its end; those without one never happened. What
 * the snapshot has already is left out. An effect that does not fit what is there, because something before it was lost, removes
 * its key: a cache may forget, not invent.
 */
public final class Replay {
    /** Nothing is over yet while it is read: an expiry may have been taken away later. */
    private static final long BEFORE_ALL = 0;

    private static final byte[] NONE = {};

    private final Keyspace keyspace;
    private final @Nullable Coverage coverage;
    private final long nowMillis;
    private final long[] sequences;
    private final Map<Long, OpenUnit> open = new HashMap<>();
    private final KeyRef key = new KeyRef();
    private long applied;
    private long misfits;
    private @Nullable List<byte[]> libraries;

    /** {@code sequences} has the number of each segment's last change that is known, and is kept up to date. */
    public Replay(Keyspace keyspace, @Nullable Coverage coverage, long nowMillis, long[] sequences) {
        this.keyspace = keyspace;
        this.coverage = coverage;
        this.nowMillis = nowMillis;
        this.sequences = sequences;
    }

    /** How many changes were made again. */
    public long applied() {
        return applied;
    }

    /** The libraries of functions there were in the end; null where none of what was read says so. */
    public @Nullable List<byte[]> libraries() {
        return libraries;
    }

    /** How many did not fit. */
    public long misfits() {
        return misfits;
    }

    /** Reads one record. */
    public void record(ByteBuffer record) {
        switch (EffectCodec.kind(record)) {
            case EffectCodec.LIFE -> open.clear();
            case EffectCodec.END -> {
                record.get();
                OpenUnit whole = open.remove(record.getLong());
                if (whole != null) {
                    whole.run();
                }
            }
            case EffectCodec.LIBRARIES -> {
                try {
                    libraries = EffectCodec.libraries(record);
                } catch (RdbException | BufferUnderflowException e) {
                    misfits++;
                }
            }
            case EffectCodec.DATABASES -> {
                record.get();
                long unit = record.getLong();
                try {
                    Databases.Order order = Databases.Order.of(Values.block(record));
                    inUnit(unit, () -> {
                        keyspace.databases().become(order);
                        applied++;
                    });
                } catch (RdbException | BufferUnderflowException | IllegalArgumentException e) {
                    misfits++;
                }
            }
            default -> {
                try {
                    change(EffectCodec.read(record, keyspace.hasher(), keyspace.packing()));
                } catch (RdbException | BufferUnderflowException e) {
                    misfits++;
                }
            }
        }
    }

    private void change(Change change) {
        int index = change.slot() & Keyspace.SEGMENTS - 1;
        sequences[index] = Math.max(sequences[index], change.sequence());
        if (change.unit() == 0 || change.kind() == Change.Kind.FLUSHED) {
            inUnit(change.unit(), () -> apply(change));
        } else {
            unit(change.unit()).add(change, () -> apply(change));
        }
    }

    private void inUnit(long unit, Runnable done) {
        if (unit == 0) {
            done.run();
        } else {
            unit(unit).add(done);
        }
    }

    private OpenUnit unit(long unit) {
        return open.computeIfAbsent(unit, u -> new OpenUnit());
    }

    private void apply(Change change) {
        int index = change.slot() & Keyspace.SEGMENTS - 1;
        Segment segment = keyspace.at(index);
        segment.lock();
        try {
            if (change.kind() == Change.Kind.FLUSHED) {
                flush(segment, index, change);
            } else {
                one(segment, index, change);
            }
            applied++;
        } finally {
            segment.unlock();
        }
    }

    /** Removes what was there then: not what the snapshot has from later. */
    private void flush(Segment segment, int index, Change change) {
        Coverage known = coverage;
        if (known == null) {
            segment.flush(change.db());
            return;
        }
        List<byte[]> going = new ArrayList<>();
        segment.forEach(entry -> {
            if (entry.db() == change.db() && known.of(index, entry.db(), entry.key()) < change.sequence()) {
                going.add(entry.key());
            }
        });
        for (byte[] name : going) {
            Entry entry = segment.peek(key.set(keyspace.hasher(), change.db(), name, 0, name.length), BEFORE_ALL);
            if (entry != null) {
                segment.delete(entry);
            }
        }
        known.settle(index, change.db(), change.sequence());
    }

    private void one(Segment segment, int index, Change change) {
        byte[] name = change.key();
        long covered = coverage == null ? 0 : coverage.of(index, change.db(), name);
        if (change.sequence() <= covered) {
            return;
        }
        key.set(keyspace.hasher(), change.db(), name, 0, name.length);
        try {
            if (!whole(segment, change)) {
                part(segment, change, covered != Coverage.LOST);
            } else if (covered == Coverage.LOST && coverage != null && change.kind() != Change.Kind.EXPIRY) {
                switch (change.kind()) {
                    case DELETED, EXPIRED, EVICTED -> coverage.gone(index, change.db(), name, change.sequence());
                    default -> coverage.settle(index, change.db(), name, change.sequence());
                }
            }
        } catch (RuntimeException e) {
            misfit(segment);
        }
    }

    private void misfit(Segment segment) {
        misfits++;
        Entry entry = segment.peek(key, BEFORE_ALL);
        if (entry != null) {
            segment.delete(entry);
        }
    }

    /** A change that needs nothing of what was before; answers whether it was one. */
    private boolean whole(Segment segment, Change change) {
        switch (change.kind()) {
            case STRING -> {
                byte[] form = change.field();
                segment.putValue(
                        key,
                        new StringValue(
                                given(change.value()), StringForm.of(form == null || form.length == 0 ? 0 : form[0])),
                        change.expireAt(),
                        nowMillis);
            }
            case VALUE -> {
                Value content = change.content();
                if (content == null) {
                    throw new IllegalStateException("effect: no value");
                }
                segment.putValue(key, content, change.expireAt(), nowMillis);
            }
            case EXPIRY, DELETED, EXPIRED, EVICTED -> {
                Entry entry = segment.peek(key, BEFORE_ALL);
                if (entry == null) {
                    return true;
                }
                if (change.kind() == Change.Kind.EXPIRY) {
                    segment.expireAt(entry, change.expireAt());
                } else {
                    segment.delete(entry);
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static byte[] given(byte @Nullable [] bytes) {
        return bytes == null ? NONE : bytes;
    }

    private static long number(byte @Nullable [] bytes) {
        return ByteBuffer.wrap(given(bytes)).getLong();
    }

    private void part(Segment segment, Change change, boolean mayBegin) {
        Entry entry = segment.peek(key, BEFORE_ALL);
        if (entry == null && !mayBegin) {
            return;
        }
        byte[] field = given(change.field());
        byte[] value = given(change.value());
        switch (change.kind()) {
            case PART -> string(segment, present(entry), field, value);
            case ANNOTATED -> {
                Annotations.Kind kind = Annotations.Kind.of(field);
                if (present(entry).isString() || kind != Annotations.Kind.MARKS) {
                    annotated(kind, value);
                }
            }
            case FIELD -> Hashes.put(segment, hash(segment, entry), field, value);
            case FIELD_VALUE -> Hashes.put(segment, present(entry), field, value, true);
            case FIELD_GONE -> Hashes.remove(segment, present(entry), field, 0, field.length);
            case FIELD_EXPIRY -> Hashes.expire(segment, present(entry), field, number(value));
            case HEAD, TAIL ->
                Lists.push(
                        segment,
                        entry == null ? segment.addEmpty(key, new ListValue(), nowMillis) : entry,
                        change.kind() == Change.Kind.HEAD,
                        value);
            case ELEMENT -> Lists.set(segment, inside(entry, number(field), 1), number(field), value);
            case INSERTED -> Lists.insert(segment, inside(entry, number(field), 0), number(field), value);
            case CUT ->
                Lists.remove(segment, inside(entry, number(field), number(value)), number(field), number(value));
            case MEMBER ->
                Sets.add(
                        segment,
                        entry == null ? segment.addEmpty(key, new SetValue(keyspace.hasher()), nowMillis) : entry,
                        field);
            case MEMBER_GONE -> {
                Entry there = present(entry);
                if (there.value() instanceof SetValue) {
                    Sets.remove(segment, there, field);
                } else {
                    SortedSets.remove(segment, there, field);
                }
            }
            case SCORE ->
                SortedSets.put(
                        segment,
                        entry == null ? segment.addEmpty(key, new SortedSetValue(keyspace.hasher()), nowMillis) : entry,
                        field,
                        Double.longBitsToDouble(number(value)));
            case STREAM ->
                StreamEffects.apply(
                        segment,
                        entry == null ? segment.addEmpty(key, new StreamValue(), nowMillis) : entry,
                        new String(field, StandardCharsets.US_ASCII),
                        value);
            default -> throw new IllegalStateException("effect: " + change.kind() + " (expected: of a part)");
        }
    }

    private void annotated(Annotations.Kind kind, byte[] known) {
        if (!keyspace.annotations().restore(kind, key, known, nowMillis)) {
            throw new IllegalStateException("effect: no room for what is known of a key");
        }
    }

    private void string(Segment segment, Entry entry, byte[] field, byte[] value) {
        ByteBuffer place = ByteBuffer.wrap(field);
        long at = place.getLong();
        if (!entry.isString() || place.getLong() != entry.length() || at < 0 || at > Integer.MAX_VALUE - value.length) {
            throw new IllegalStateException("effect: on another string");
        }
        Strings.put(keyspace, segment, entry, (int) at, value);
    }

    private Entry hash(Segment segment, @Nullable Entry entry) {
        return entry == null ? segment.addEmpty(key, new HashValue(keyspace.hasher()), nowMillis) : entry;
    }

    private static Entry present(@Nullable Entry entry) {
        if (entry == null) {
            throw new IllegalStateException("effect: on a key that is not there");
        }
        return entry;
    }

    private static Entry inside(@Nullable Entry entry, long index, long count) {
        Entry there = present(entry);
        if (index < 0 || count < 0 || index + count > there.list().size()) {
            throw new IllegalStateException("effect: on elements that are not there");
        }
        return there;
    }
}
