package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: fields and values in the order they came; packed, or in a table. */
public final class HashValue implements Value {
    private static final int BASE = 40;
    private static final int FIELDS_A_MILLI = 1_000;

    private final KeyHash hasher;
    private @Nullable ListPack pack;
    private @Nullable ElementTable table;
    private boolean large;
    /** Whether a field ever had an expiry since it is small. */
    private boolean expiring;

    /** Not later than the first field's expiry; 0 where no field has one. */
    private long firstExpiry;

    public HashValue(KeyHash hasher) {
        this(hasher, new ListPack());
    }

    /** Of fields and values in turn. */
    public HashValue(KeyHash hasher, ListPack pack) {
        this.hasher = hasher;
        this.pack = pack;
    }

    @Override
    public ValueType type() {
        return ValueType.HASH;
    }

    @Override
    public Value copy() {
        HashValue copy = new HashValue(hasher);
        ListPack packed = pack;
        if (packed != null) {
            copy.pack = packed.copy();
            return copy;
        }
        copy.pack = null;
        copy.large = large;
        copy.expiring = expiring;
        copy.firstExpiry = firstExpiry;
        copy.table = table().copy();
        return copy;
    }

    private ElementTable table() {
        ElementTable present = table;
        if (present == null) {
            throw new IllegalStateException("hash: packed (expected: a table)");
        }
        return present;
    }

    @Override
    public long size() {
        ListPack packed = pack;
        return packed != null ? packed.count() / 2 : table().size();
    }

    @Override
    public long bytes() {
        ListPack packed = pack;
        return BASE + (packed != null ? packed.bytes() : table().bytes());
    }

    @Override
    public String encoding() {
        if (large) {
            return "hashtable";
        }
        return expiring ? "listpackex" : "listpack";
    }

    /** The packed fields and values in turn; null where they are in a table. */
    @Override
    public @Nullable ListPack packed() {
        return pack;
    }

    @Override
    public @Nullable Elements elements() {
        ElementTable held = table;
        return held == null ? packed() : held.log();
    }

    /** The value of a field, or null. */
    public byte @Nullable [] get(byte[] buffer, int offset, int length) {
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.find(packed.first(), buffer, offset, length, 1);
            return at == ListPack.END ? null : packed.get(packed.next(at));
        }
        int position = table().find(buffer, offset, length);
        return position < 0 ? null : table().value(position);
    }

    /** Writes the value of a field as a bulk, or a null. */
    public void write(byte[] buffer, int offset, int length, ReplyWriter out) {
        ListPack packed = pack;
        if (packed == null) {
            int position = table().find(buffer, offset, length);
            if (position < 0) {
                out.nullBulk();
            } else {
                table().writeValue(position, out);
            }
            return;
        }
        int at = packed.find(packed.first(), buffer, offset, length, 1);
        if (at == ListPack.END) {
            out.nullBulk();
        } else {
            packed.bulk(packed.next(at), out);
        }
    }

    /** Sets a field, which loses its expiry; answers whether it is new. */
    public boolean put(byte[] field, byte[] value, Packing packing) {
        return put(field, value, packing, false);
    }

    /** Sets a field, which keeps its expiry where that is wanted; answers whether it is new. */
    public boolean put(byte[] field, byte[] value, Packing packing, boolean keepExpiry) {
        if (!large && (field.length > packing.hashValue() || value.length > packing.hashValue())) {
            unpack();
            large = true;
        }
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.find(packed.first(), field, 0, field.length, 1);
            if (at != ListPack.END) {
                packed.replace(packed.next(at), value);
                return false;
            }
            packed.append(field);
            packed.append(value);
        } else {
            ElementTable held = table();
            int position = held.find(field, 0, field.length);
            if (position >= 0) {
                held.value(position, value);
                if (!keepExpiry) {
                    held.number(position, 0);
                }
                return false;
            }
            held.add(field, value);
        }
        if (!large && size() > packing.hashEntries()) {
            unpack();
            large = true;
        } else if (packed != null && packed.length() > Blocks.LONGEST_PLACE) {
            // No place has it as one run; found by hashes it is found sooner, too.
            unpack();
        }
        return true;
    }

    private void unpack() {
        ListPack packed = pack;
        if (packed == null) {
            return;
        }
        ElementTable next = new ElementTable(hasher, true);
        for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
            byte[] field = packed.get(at);
            at = packed.next(at);
            next.add(field, packed.get(at));
        }
        packed.release();
        pack = null;
        table = next;
    }

    /** Removes a field; answers whether it was there. */
    public boolean remove(byte[] buffer, int offset, int length) {
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.find(packed.first(), buffer, offset, length, 1);
            if (at != ListPack.END) {
                packed.remove(at, 2);
            }
            return at != ListPack.END;
        }
        int position = table().find(buffer, offset, length);
        if (position >= 0) {
            table().remove(position);
        }
        return position >= 0;
    }

    /** Visits all fields and values. */
    public void forEach(BiConsumer<byte[], byte[]> visitor) {
        ListPack packed = pack;
        if (packed != null) {
            for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
                byte[] field = packed.get(at);
                at = packed.next(at);
                visitor.accept(field, packed.get(at));
            }
            return;
        }
        ElementTable held = table();
        for (int i = 0; i < held.positions(); i++) {
            if (held.has(i)) {
                visitor.accept(held.member(i), held.value(i));
            }
        }
    }

    /** Writes all fields, or values, or both in turn, as bulks. */
    public void write(boolean fields, boolean values, ReplyWriter out) {
        ListPack packed = pack;
        if (packed != null) {
            boolean field = true;
            for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
                if (field ? fields : values) {
                    packed.bulk(at, out);
                }
                field = !field;
            }
            return;
        }
        ElementTable held = table();
        for (int i = 0; i < held.positions(); i++) {
            if (held.has(i) && fields) {
                held.writeMember(i, out);
            }
            if (held.has(i) && values) {
                held.writeValue(i, out);
            }
        }
    }

    /** Visits fields and values from a cursor's place; answers the next cursor, 0 at the end. A small hash is visited whole. */
    public long scan(long from, BiConsumer<byte[], byte[]> visitor) {
        if (!large) {
            forEach(visitor);
            return 0;
        }
        ElementTable held = table();
        return held.scan(from, position -> visitor.accept(held.member(position), held.value(position)));
    }

    /** A field and its value, each field as likely; the hash is never empty. */
    public byte[][] random(RandomGenerator random) {
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.seek(2 * random.nextInt(packed.count() / 2));
            return new byte[][] {packed.get(at), packed.get(packed.next(at))};
        }
        int position = table().random(random);
        return new byte[][] {table().member(position), table().value(position)};
    }

    /** Not later than the first field's expiry in Unix milliseconds; 0 where no field has one. */
    public long firstExpiry() {
        return firstExpiry;
    }

    /** When a field is over, in Unix milliseconds; 0 for never, -1 where there is no such field. */
    public long fieldExpiry(byte[] buffer, int offset, int length) {
        ListPack packed = pack;
        if (packed != null) {
            return packed.find(packed.first(), buffer, offset, length, 1) == ListPack.END ? -1 : 0;
        }
        int position = table().find(buffer, offset, length);
        return position < 0 ? -1 : table().number(position);
    }

    /** Gives a field that is there an expiry, or with 0 none. */
    public void expireField(byte[] field, long expireAt) {
        if (expireAt != 0) {
            unpack();
            expiring = true;
        }
        if (pack == null) {
            int position = table().find(field, 0, field.length);
            if (position >= 0) {
                table().number(position, expireAt);
            }
            if (expireAt != 0 && (firstExpiry == 0 || expireAt < firstExpiry)) {
                firstExpiry = expireAt;
            }
        }
    }

    /** How many fields are not over. */
    public long living(long nowMillis) {
        if (firstExpiry == 0 || firstExpiry > nowMillis || pack != null) {
            return size();
        }
        long over = 0;
        for (int i = 0; i < table().positions(); i++) {
            long at = table().number(i);
            over += at != 0 && at <= nowMillis ? 1 : 0;
        }
        return size() - over;
    }

    /** When fields are looked for that are over; 0 for never. In a large hash that is done seldom, since each is looked at. */
    public long nextLook(long nowMillis) {
        return firstExpiry == 0 || pack != null
                ? 0
                : Math.max(firstExpiry, nowMillis + table().positions() / FIELDS_A_MILLI);
    }

    /** The fields that are over, and a new {@link #firstExpiry} among the others. */
    public java.util.List<byte[]> overdue(long nowMillis) {
        java.util.List<byte[]> over = new java.util.ArrayList<>();
        if (firstExpiry == 0 || firstExpiry > nowMillis || pack != null) {
            return over;
        }
        long first = 0;
        for (int i = 0; i < table().positions(); i++) {
            long at = table().number(i);
            if (at == 0) {
                continue;
            }
            if (at <= nowMillis) {
                over.add(table().member(i));
            } else if (first == 0 || at < first) {
                first = at;
            }
        }
        firstExpiry = first;
        return over;
    }
}
