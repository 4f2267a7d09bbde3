package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that makes copies: hashes, sets and sorted sets. What changed is brought together by the hashes of elements, as many at
 * a time as a share of memory has room for; what did not is written from where it lies.
 */
final class ElementCopy {
    /** Of the memory that copies may take, what elements brought together take in the image at most: they take more with their tables. */
    private static final int SHARE = 8;

    private final KeyHash hasher;
    private final Spool spool;
    private final long memory;
    private final long nowMillis;

    /** {@code hasher} is that of the image; where a count is to be found, elements wait in the spool. */
    ElementCopy(KeyHash hasher, Spool spool, long memory, long nowMillis) {
        this.hasher = hasher;
        this.spool = spool;
        this.memory = memory;
        this.nowMillis = nowMillis;
    }

    /** Sees an element where it lies: a field and its value, or a member and its score. */
    private interface Visitor {
        void element(ByteBuffer element, @Nullable ByteBuffer value, long number) throws RdbException;
    }

    private static void forEach(LargeValue large, int part, Visitor visitor) throws IOException {
        ByteBuffer in = large.elements(part);
        try {
            while (in.hasRemaining()) {
                ByteBuffer element = Values.view(in);
                ByteBuffer value = large.type() == ValueType.HASH ? Values.view(in) : null;
                visitor.element(element, value, large.type() == ValueType.SET ? 0 : in.getLong());
            }
        } catch (RdbException e) {
            throw new IOException("copy: an element: " + e.getMessage(), e);
        }
    }

    private boolean over(long expireAt) {
        return expireAt > 0 && expireAt <= nowMillis;
    }

    /** What writing a key came to. */
    enum Written {
        /** Nothing of it is there any more. */
        NOTHING,
        /** All of it. */
        WHOLE,
        /** All but the expiries of its fields. */
        WITHOUT_EXPIRIES
    }

    /** Writes one that did not change. */
    Written write(LargeValue large, int db, RdbFileWriter out) throws IOException {
        long[] found = new long[2];
        boolean hash = large.type() == ValueType.HASH;
        for (int i = 0; i < large.parts(); i++) {
            forEach(large, i, (element, value, number) -> {
                found[0] += hash && over(number) ? 0 : 1;
                found[1] += hash && number > 0 ? 1 : 0;
            });
        }
        if (found[0] == 0) {
            return Written.NOTHING;
        }
        RdbWriter to = out.key(db, large.key(), ChangedKey.expiry(large.expireAt()), code(large.type()));
        to.length(found[0]);
        for (int i = 0; i < large.parts(); i++) {
            forEach(large, i, (element, value, number) -> {
                if (hash && over(number)) {
                    return;
                }
                to.string(element);
                if (value != null) {
                    to.string(value);
                } else if (large.type() == ValueType.SORTED_SET) {
                    to.score(Double.longBitsToDouble(number));
                }
            });
        }
        return found[1] > 0 ? Written.WITHOUT_EXPIRIES : Written.WHOLE;
    }

    private static int code(ValueType type) {
        return switch (type) {
            case HASH -> RdbWriter.HASH;
            case SET -> RdbWriter.SET;
            case SORTED_SET -> RdbWriter.ZSET_2;
            default -> throw new IllegalStateException("copy: " + type + " (expected: one of elements)");
        };
    }

    /** Writes one whose elements changed. */
    Written write(ChangedKey key, ValueType type, RdbFileWriter out) throws IOException {
        long ranges = 1 + key.bytes() / Math.max(1, memory / SHARE);
        if (ranges == 1) {
            return whole(brought(key, type, 0, KeyTable.END), key, out);
        }
        spool.clear();
        RdbWriter to = RdbWriter.ofVersion10(spool, nowMillis);
        long count = 0;
        boolean expiries = false;
        for (long i = 0; i < ranges; i++) {
            Value some = brought(key, type, KeyTable.END * i / ranges, KeyTable.END * (i + 1) / ranges);
            expiries |= expiries(some);
            count += elements(some, to);
        }
        if (count == 0) {
            return Written.NOTHING;
        }
        key.begin(out, code(type)).length(count);
        spool.moveTo(out);
        return expiries ? Written.WITHOUT_EXPIRIES : Written.WHOLE;
    }

    /** Writes a value, where something of it is there. */
    Written whole(Value value, ChangedKey key, RdbFileWriter out) {
        boolean nothing = value instanceof HashValue hash ? hash.living(nowMillis) == 0 : value.size() == 0;
        if (nothing) {
            return Written.NOTHING;
        }
        key.write(out, value);
        return expiries(value) ? Written.WITHOUT_EXPIRIES : Written.WHOLE;
    }

    private static boolean expiries(Value value) {
        return value instanceof HashValue hash && hash.firstExpiry() != 0;
    }

    private long elements(Value value, RdbWriter to) {
        long[] count = new long[1];
        switch (value) {
            case HashValue hash ->
                hash.forEach((field, content) -> {
                    if (hash.firstExpiry() == 0 || !over(hash.fieldExpiry(field, 0, field.length))) {
                        to.string(field);
                        to.string(content);
                        count[0]++;
                    }
                });
            case SetValue set ->
                set.forEach(member -> {
                    to.string(member);
                    count[0]++;
                });
            case SortedSetValue sorted ->
                sorted.forEach((member, score) -> {
                    to.string(member);
                    to.score(score);
                    count[0]++;
                });
            default -> throw new IllegalStateException("copy: " + value.type() + " (expected: one of elements)");
        }
        return count[0];
    }

    /** Its elements whose hashes are among those from one on, before another, as they are now. */
    private Value brought(ChangedKey key, ValueType type, long from, long upto) throws IOException {
        boolean all = from == 0 && upto == KeyTable.END;
        Value before = key.value();
        Value value = all && before != null ? before : empty(type);
        Elements into = new Elements(value, from, upto);
        if (!all && before != null) {
            into.addAll(before);
        }
        LargeValue large = key.large();
        for (int i = 0; large != null && i < large.parts(); i++) {
            if (large.overlaps(i, from, upto)) {
                forEach(
                        large,
                        i,
                        (element, content, number) -> into.add(
                                ChangeRecord.bytes(element),
                                content == null ? null : ChangeRecord.bytes(content),
                                number));
            }
        }
        key.forEach((change, valueAt) -> into.change(change));
        return value;
    }

    private Value empty(ValueType type) {
        return switch (type) {
            case HASH -> new HashValue(hasher);
            case SET -> new SetValue(hasher);
            default -> new SortedSetValue(hasher);
        };
    }

    /** Those of one range of hashes. */
    private final class Elements {
        private final Value value;
        private final long from;
        private final long upto;

        Elements(Value value, long from, long upto) {
            this.value = value;
            this.from = from;
            this.upto = upto;
        }

        private boolean has(byte[] element) {
            long hash = hasher.hash(0, element, 0, element.length) & 0xffff_ffffL;
            return hash >= from && hash < upto;
        }

        void addAll(Value before) {
            switch (before) {
                case HashValue hash ->
                    hash.forEach((field, content) ->
                            add(field, content, Math.max(0, hash.fieldExpiry(field, 0, field.length))));
                case SetValue set -> set.forEach(member -> add(member, null, 0));
                case SortedSetValue sorted ->
                    sorted.forEach((member, score) -> add(member, null, Double.doubleToRawLongBits(score)));
                default -> throw new IllegalStateException("copy: " + before.type());
            }
        }

        void add(byte[] element, byte @Nullable [] content, long number) {
            if (!has(element)) {
                return;
            }
            switch (value) {
                case HashValue hash
                when content != null -> {
                    hash.put(element, content, Packing.DEFAULT);
                    if (number > 0) {
                        hash.expireField(element, number);
                    }
                }
                case SetValue set -> set.add(element, Packing.DEFAULT);
                case SortedSetValue sorted -> sorted.put(element, Double.longBitsToDouble(number), Packing.DEFAULT);
                default -> throw new IllegalStateException("copy: an element of a " + value.type());
            }
        }

        void change(ChangeRecord change) throws RdbException {
            byte[] element = ChangeRecord.bytes(change.field());
            if (!has(element)) {
                return;
            }
            switch (value) {
                case HashValue hash -> hash(hash, element, change);
                case SetValue set -> {
                    switch (change.kind()) {
                        case MEMBER -> set.add(element, Packing.DEFAULT);
                        case MEMBER_GONE -> set.remove(element, 0, element.length);
                        default -> throw misfit(change);
                    }
                }
                case SortedSetValue sorted -> {
                    switch (change.kind()) {
                        case SCORE ->
                            sorted.put(
                                    element,
                                    Double.longBitsToDouble(ChangeRecord.number(change.value(), 0)),
                                    Packing.DEFAULT);
                        case MEMBER_GONE -> sorted.remove(element, 0, element.length);
                        default -> throw misfit(change);
                    }
                }
                default -> throw misfit(change);
            }
        }

        private static void hash(HashValue hash, byte[] field, ChangeRecord change) throws RdbException {
            switch (change.kind()) {
                case FIELD -> hash.put(field, ChangeRecord.bytes(change.value()), Packing.DEFAULT);
                case FIELD_VALUE -> hash.put(field, ChangeRecord.bytes(change.value()), Packing.DEFAULT, true);
                case FIELD_GONE -> hash.remove(field, 0, field.length);
                case FIELD_EXPIRY -> hash.expireField(field, ChangeRecord.number(change.value(), 0));
                default -> throw misfit(change);
            }
        }

        private static RdbException misfit(ChangeRecord change) {
            return new RdbException(change.kind() + " (expected: one of elements)");
        }
    }
}
