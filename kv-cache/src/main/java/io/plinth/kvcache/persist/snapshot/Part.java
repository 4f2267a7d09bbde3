package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by recovery: a collection that comes in parts, each {@code db 1 | key | expiry 8 | number 4 | is 1 | form 1 | elements}; before the
 * form the key's tags and marks where it has some, in the first. A part that is missing makes all of them worth nothing.
 */
final class Part {
    /** The value as DUMP has it. */
    static final int WHOLE = 0;

    /** Of {@code is}: no more follow. */
    static final int LAST = 1;
    /** Of {@code is}: tags are there. */
    static final int TAGGED = 2;
    /** Of {@code is}: what else is known of a string is there, behind the tags. */
    static final int MARKED = 4;

    private static final int HASH = 1;
    private static final int SET = 2;
    private static final int SORTED_SET = 3;
    private static final int LIST = 4;
    private static final int STREAM = 5;
    /** Changes of the list that the parts before came to. */
    static final int CHANGES = 6;
    /** Of a long string: how it came to be, how long it is, and its next bytes. */
    static final int STRING = 7;

    final int db;
    final byte[] key;
    final long expireAt;
    final int number;
    final boolean last;
    /** Of the first one. */
    final byte @Nullable [] tags;
    /** Of the first one. */
    final byte @Nullable [] marks;

    private final int form;
    private final ByteBuffer elements;

    private Part(ByteBuffer in) throws RdbException {
        db = in.get();
        key = Values.block(in);
        expireAt = in.getLong();
        number = in.getInt();
        int is = in.get();
        last = (is & LAST) != 0;
        tags = (is & TAGGED) == 0 ? null : Values.block(in);
        marks = (is & MARKED) == 0 ? null : Values.block(in);
        form = in.get();
        elements = in;
    }

    static Part read(ByteBuffer in) throws RdbException {
        return new Part(in);
    }

    /** Whether it is all of the value, as DUMP has it. */
    boolean isWhole() {
        return form == WHOLE;
    }

    /** Whether it has changes of the list that the parts before came to. */
    boolean isChanges() {
        return form == CHANGES;
    }

    /** What its elements are of. */
    ValueType type() throws RdbException {
        return switch (form) {
            case HASH -> ValueType.HASH;
            case SET -> ValueType.SET;
            case SORTED_SET -> ValueType.SORTED_SET;
            case LIST, CHANGES, WHOLE -> ValueType.LIST;
            case STREAM -> ValueType.STREAM;
            case STRING -> ValueType.STRING;
            default -> throw new RdbException("part: " + form + " (expected: of a value)");
        };
    }

    /** What it has, behind what it says of itself. */
    ByteBuffer elements() {
        return elements;
    }

    /** Whether it is of a long string, to be read by {@link #stringForm}, {@link #stringLength} and {@link #piece}. */
    boolean isString() {
        return form == STRING;
    }

    StringForm stringForm() {
        return StringForm.of(elements.get());
    }

    int stringLength() {
        return elements.getInt();
    }

    byte[] piece() throws RdbException {
        return Values.block(elements);
    }

    /** Its bytes of a long string, where they lie. */
    ByteBuffer view() throws RdbException {
        stringForm();
        stringLength();
        return Values.view(elements);
    }

    static int form(ValueType type) {
        return switch (type) {
            case HASH -> HASH;
            case SET -> SET;
            case SORTED_SET -> SORTED_SET;
            case LIST -> LIST;
            case STREAM -> STREAM;
            case STRING -> STRING;
        };
    }

    /** Appends elements from a cursor on until there are enough; answers where to go on, 0 at the end. */
    static long write(Value value, long from, int count, int bytes, ByteSink sink) {
        int enough = sink.size() + bytes;
        long[] left = {count};
        long cursor = from;
        do {
            cursor = switch (value) {
                case HashValue hash ->
                    hash.scan(cursor, (field, content) -> {
                        sink.block(field);
                        sink.block(content);
                        sink.u8(Math.max(0, hash.fieldExpiry(field, 0, field.length)));
                        left[0]--;
                    });
                case SetValue set ->
                    set.scan(cursor, member -> {
                        sink.block(member);
                        left[0]--;
                    });
                case SortedSetValue sorted ->
                    sorted.scan(cursor, (member, score) -> {
                        sink.block(member);
                        sink.u8(Double.doubleToRawLongBits(score));
                        left[0]--;
                    });
                default -> throw new IllegalStateException("part: of a " + value.type());
            };
        } while (cursor != 0 && left[0] > 0 && sink.size() < enough);
        return cursor;
    }

    /** Whether there is something to keep where the parts came to this: a stream is there without entries, too. */
    static boolean kept(Value value) {
        return value.size() > 0 || value.type() == ValueType.STREAM;
    }

    /** Puts the elements into what the parts before came to, or into a new collection; answers that. */
    Value into(@Nullable Value before, Keyspace keyspace) throws RdbException {
        if (form == WHOLE) {
            return Values.read(elements, keyspace.hasher(), keyspace.packing());
        }
        Value value = before != null ? before : empty(keyspace);
        if (form == CHANGES && value instanceof ListValue list) {
            ListParts.change(elements, list, keyspace.packing());
            return list;
        }
        if (value instanceof StreamValue stream) {
            StreamParts.read(
                    elements, stream, (id, fields) -> StreamParts.append(stream, id, fields, keyspace.packing()));
            return stream;
        }
        while (elements.hasRemaining()) {
            byte[] element = Values.block(elements);
            switch (value) {
                case HashValue hash -> {
                    hash.put(element, Values.block(elements), keyspace.packing());
                    long expireAt = elements.getLong();
                    if (expireAt > 0) {
                        hash.expireField(element, expireAt);
                    }
                }
                case SetValue set -> set.add(element, keyspace.packing());
                case SortedSetValue sorted ->
                    sorted.put(element, Double.longBitsToDouble(elements.getLong()), keyspace.packing());
                case ListValue list -> list.push(false, element, keyspace.packing());
                default -> throw new RdbException("part: of a " + value.type());
            }
        }
        return value;
    }

    /** Puts the elements behind those of a list. */
    void push(ListValue list, Packing packing) throws RdbException {
        while (elements.hasRemaining()) {
            list.push(false, Values.block(elements), packing);
        }
    }

    private Value empty(Keyspace keyspace) throws RdbException {
        return switch (form) {
            case HASH -> new HashValue(keyspace.hasher());
            case SET -> new SetValue(keyspace.hasher());
            case SORTED_SET -> new SortedSetValue(keyspace.hasher());
            case LIST -> new ListValue();
            case STREAM -> new StreamValue();
            default -> throw new RdbException("part: " + form + " (expected: one that begins a collection)");
        };
    }
}
