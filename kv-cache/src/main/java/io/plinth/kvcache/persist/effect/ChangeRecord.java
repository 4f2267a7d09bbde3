package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A change as a record has it, read where it lies: of a large value nothing is copied. For a record whose {@link EffectCodec#slot} says
 * that it is one.
 *
 * @param kind what happened
 * @param db the database
 * @param sequence the segment's own count
 * @param unit the same for the changes of one transaction; 0 for a change that stands alone
 * @param key the key
 * @param field as {@link io.plinth.kvcache.keyspace.Change} has it
 * @param value the same
 * @param expireAt the same
 * @param content the payload of DUMP of the collection, where there is one
 */
public record ChangeRecord(
        Kind kind,
        int db,
        long sequence,
        long unit,
        byte[] key,
        @Nullable ByteBuffer field,
        @Nullable ByteBuffer value,
        long expireAt,
        @Nullable ByteBuffer content) {
    /** Slot and epoch. */
    private static final int UNUSED = Short.BYTES + Long.BYTES;

    /** Behind kind, has, db, slot, epoch, sequence and unit. */
    private static final int KEY_AT = 3 + UNUSED + 2 * Long.BYTES;

    /** Reads one. */
    public static ChangeRecord read(ByteBuffer record) throws RdbException {
        ByteBuffer in = record.duplicate();
        Kind kind = EffectCodec.KINDS.get(in.get() & 0xff);
        int has = in.get();
        int db = in.get() & 0xff;
        in.position(in.position() + UNUSED);
        long sequence = in.getLong();
        long unit = in.getLong();
        byte[] key = Values.block(in);
        ByteBuffer field = (has & EffectCodec.FIELD) == 0 ? null : Values.view(in);
        ByteBuffer value = (has & EffectCodec.VALUE) == 0 ? null : Values.view(in);
        long expireAt = (has & EffectCodec.EXPIRY) == 0 ? Entry.NEVER : in.getLong();
        ByteBuffer content = (has & EffectCodec.CONTENT) == 0 ? null : Values.payload(in);
        return new ChangeRecord(kind, db, sequence, unit, key, field, value, expireAt, content);
    }

    /** Where in its record the value stands, its length first. */
    public int valueAt() {
        return KEY_AT + Integer.BYTES + key.length + (field == null ? 0 : Integer.BYTES + field.remaining());
    }

    /** One of the numbers of eight bytes that a field or a value has. */
    public static long number(@Nullable ByteBuffer bytes, int index) {
        if (bytes == null) {
            throw new IllegalStateException("change: without its number");
        }
        return bytes.getLong(index * Long.BYTES);
    }

    /** A field's or a value's bytes, a copy; none where there is none. */
    public static byte[] bytes(@Nullable ByteBuffer of) {
        byte[] bytes = new byte[of == null ? 0 : of.remaining()];
        if (of != null) {
            of.duplicate().get(bytes);
        }
        return bytes;
    }
}
