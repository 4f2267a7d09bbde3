package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Changes as records: {@code kind 1 | has 1 | db 1 | slot 2 | epoch 8 | sequence 8 | unit 8 | key} and what the kind has. */
public final class EffectCodec {
    /** The end of a transaction: its number follows. */
    static final int END = 255;
    /** A process begins: numbers of transactions begin anew. */
    static final int LIFE = 254;

    /** All libraries of functions there are from then on. */
    static final int LIBRARIES = 252;

    /** Where databases are from then on, as part of a transaction or not: {@code unit 8 | 16 numbers}. */
    static final int DATABASES = 251;

    /** Behind kind, has and db. */
    private static final int SLOT_AT = 3;

    private static final int UNIT_AT = SLOT_AT + Short.BYTES + 2 * Long.BYTES;

    static final int FIELD = 1;
    static final int VALUE = 2;
    static final int EXPIRY = 4;
    static final int CONTENT = 8;

    /** A kind's place is its number on disk: never changed, only added to. */
    static final List<Kind> KINDS = List.of(
            Kind.STRING,
            Kind.FIELD,
            Kind.FIELD_VALUE,
            Kind.FIELD_GONE,
            Kind.FIELD_EXPIRY,
            Kind.HEAD,
            Kind.TAIL,
            Kind.ELEMENT,
            Kind.INSERTED,
            Kind.CUT,
            Kind.MEMBER,
            Kind.MEMBER_GONE,
            Kind.SCORE,
            Kind.STREAM,
            Kind.VALUE,
            Kind.EXPIRY,
            Kind.DELETED,
            Kind.EXPIRED,
            Kind.EVICTED,
            Kind.FLUSHED,
            Kind.PART,
            Kind.ANNOTATED);

    private static final EnumMap<Kind, Integer> CODES = new EnumMap<>(Kind.class);

    static {
        for (Kind kind : Kind.values()) {
            CODES.put(kind, KINDS.indexOf(kind));
        }
    }

    private EffectCodec() {}

    /** Appends a change. */
    public static void write(Change change, ByteSink out) {
        byte[] field = change.field();
        byte[] value = change.value();
        Value content = change.content();
        boolean expires = change.expireAt() != Entry.NEVER;
        Integer code = CODES.get(change.kind());
        out.u1(code == null ? LIFE - 1 : code);
        out.u1((field == null ? 0 : FIELD)
                | (value == null ? 0 : VALUE)
                | (expires ? EXPIRY : 0)
                | (content == null ? 0 : CONTENT));
        out.u1(change.db());
        out.u2(change.slot());
        out.u8(change.epoch());
        out.u8(change.sequence());
        out.u8(change.unit());
        out.block(change.key());
        if (field != null) {
            out.block(field);
        }
        if (value != null) {
            out.block(value);
        }
        if (expires) {
            out.u8(change.expireAt());
        }
        if (content != null) {
            Values.write(content, out);
        }
    }

    /** Appends the end of a transaction. */
    public static void end(long unit, ByteSink out) {
        out.u1(END);
        out.u8(unit);
    }

    /** Appends the begin of a process. */
    public static void life(ByteSink out) {
        out.u1(LIFE);
    }

    /** Appends what libraries of functions there are now. */
    public static void libraries(List<byte[]> codes, ByteSink out) {
        out.u1(LIBRARIES);
        out.u4(codes.size());
        codes.forEach(out::block);
    }

    /** The libraries of a record that has them. */
    public static List<byte[]> libraries(ByteBuffer in) throws RdbException {
        in.get();
        List<byte[]> codes = new ArrayList<>();
        for (int count = in.getInt(); count > 0; count--) {
            codes.add(Values.block(in));
        }
        return codes;
    }

    /** Appends where databases are now. */
    public static void databases(byte[] stored, long unit, ByteSink out) {
        out.u1(DATABASES);
        out.u8(unit);
        out.block(stored);
    }

    /** The slot of a record that is a change of one; negative for any other. */
    public static int slot(ByteBuffer record) {
        return kind(record) >= KINDS.size() ? -1 : record.getShort(record.position() + SLOT_AT) & 0xffff;
    }

    /** The transaction of a record that is a change. */
    static long unit(ByteBuffer record) {
        return record.getLong(record.position() + UNIT_AT);
    }

    static int kind(ByteBuffer record) {
        return record.get(record.position()) & 0xff;
    }

    /** The change of a record that is one. */
    static Change read(ByteBuffer in, KeyHash hasher, Packing packing) throws RdbException {
        int code = in.get() & 0xff;
        if (code >= KINDS.size()) {
            throw new RdbException("effect: " + code + " (expected: at most " + (KINDS.size() - 1) + ")");
        }
        int has = in.get();
        int db = in.get() & 0xff;
        int slot = in.getShort() & 0xffff;
        long epoch = in.getLong();
        long sequence = in.getLong();
        long unit = in.getLong();
        byte[] key = Values.block(in);
        byte @Nullable [] field = (has & FIELD) == 0 ? null : Values.block(in);
        byte @Nullable [] value = (has & VALUE) == 0 ? null : Values.block(in);
        long expireAt = (has & EXPIRY) == 0 ? Entry.NEVER : in.getLong();
        Value content = (has & CONTENT) == 0 ? null : Values.read(in, hasher, packing);
        return new Change(KINDS.get(code), db, slot, epoch, sequence, unit, key, field, value, expireAt, content);
    }
}
