package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: different members; sorted integers, packed, or in a table. */
public final class SetValue implements Value {
    private static final int BASE = 48;

    private final KeyHash hasher;
    private @Nullable IntegerPack integers;
    private @Nullable ListPack pack;
    private @Nullable ElementTable table;

    public SetValue(KeyHash hasher) {
        this(hasher, new IntegerPack());
    }

    /** Of these members. */
    public SetValue(KeyHash hasher, PackedBytes members) {
        this.hasher = hasher;
        if (members instanceof IntegerPack numbers) {
            integers = numbers;
        } else {
            pack = (ListPack) members;
        }
    }

    @Override
    public @Nullable PackedBytes packed() {
        return integers != null ? integers : pack;
    }

    @Override
    public ValueType type() {
        return ValueType.SET;
    }

    @Override
    public Value copy() {
        SetValue copy = new SetValue(hasher);
        IntegerPack sorted = integers;
        ListPack packed = pack;
        copy.integers = sorted == null ? null : sorted.copy();
        copy.pack = packed == null ? null : packed.copy();
        ElementTable from = table;
        if (from != null) {
            copy.table = from.copy();
        }
        return copy;
    }

    private ElementTable table() {
        ElementTable present = table;
        if (present == null) {
            throw new IllegalStateException("set: packed (expected: a table)");
        }
        return present;
    }

    @Override
    public long size() {
        IntegerPack sorted = integers;
        if (sorted != null) {
            return sorted.count();
        }
        ListPack packed = pack;
        return packed != null ? packed.count() : table().size();
    }

    @Override
    public long bytes() {
        IntegerPack sorted = integers;
        if (sorted != null) {
            return BASE + sorted.bytes();
        }
        ListPack packed = pack;
        return BASE + (packed != null ? packed.bytes() : table().bytes());
    }

    @Override
    public String encoding() {
        if (integers != null) {
            return "intset";
        }
        return pack != null ? "listpack" : "hashtable";
    }

    @Override
    public @Nullable Elements elements() {
        ElementTable held = table;
        return held == null ? packed() : held.log();
    }

    /** The members in ascending order where all are integers in their sorted form; otherwise null. */
    public long @Nullable [] sorted() {
        IntegerPack sorted = integers;
        return sorted == null ? null : sorted.toArray();
    }

    /** Whether these bytes are a member. */
    public boolean contains(byte[] buffer, int offset, int length) {
        IntegerPack sorted = integers;
        if (sorted != null) {
            return Numbers.isLong(buffer, offset, length) && sorted.search(Numbers.parse(buffer, offset, length)) >= 0;
        }
        ListPack packed = pack;
        return packed != null
                ? packed.find(packed.first(), buffer, offset, length, 0) != ListPack.END
                : table().find(buffer, offset, length) >= 0;
    }

    /** Whether these bytes are a member. */
    public boolean contains(byte[] member) {
        return contains(member, 0, member.length);
    }

    /** Adds a member; answers whether it is new. */
    public boolean add(byte[] member, Packing packing) {
        IntegerPack sorted = integers;
        if (sorted != null) {
            if (Numbers.isLong(member, 0, member.length)) {
                return addInteger(sorted, Numbers.parse(member, 0, member.length), packing);
            }
            leaveIntegers(sorted, packing, member.length);
        }
        ListPack packed = pack;
        if (packed != null) {
            if (packed.find(packed.first(), member, 0, member.length, 0) != ListPack.END) {
                return false;
            }
            if (packed.count() < packing.setEntries() && member.length <= packing.setValue()) {
                packed.append(member);
                return true;
            }
            unpack(packed);
        }
        if (table().find(member, 0, member.length) >= 0) {
            return false;
        }
        table().add(member, null);
        return true;
    }

    private boolean addInteger(IntegerPack sorted, long value, Packing packing) {
        int at = sorted.search(value);
        if (at >= 0) {
            return false;
        }
        sorted.insert(-at - 1, value);
        if (sorted.count() > packing.intsetEntries()) {
            toTable(sorted);
        }
        return true;
    }

    private void leaveIntegers(IntegerPack sorted, Packing packing, int added) {
        int longest = 0;
        for (int i = 0; i < sorted.count(); i++) {
            longest = Math.max(longest, Numbers.bytes(sorted.get(i)).length);
        }
        if (sorted.count() < packing.setEntries() && longest <= packing.setValue() && added <= packing.setValue()) {
            ListPack packed = new ListPack();
            for (int i = 0; i < sorted.count(); i++) {
                packed.append(sorted.get(i));
            }
            sorted.release();
            pack = packed;
            integers = null;
        } else {
            toTable(sorted);
        }
    }

    private void toTable(IntegerPack sorted) {
        ElementTable next = new ElementTable(hasher, false);
        for (int i = 0; i < sorted.count(); i++) {
            next.add(Numbers.bytes(sorted.get(i)), null);
        }
        sorted.release();
        integers = null;
        table = next;
    }

    private void unpack(ListPack packed) {
        ElementTable next = new ElementTable(hasher, false);
        for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
            next.add(packed.get(at), null);
        }
        packed.release();
        pack = null;
        table = next;
    }

    /** Removes a member; answers whether it was there. */
    public boolean remove(byte[] buffer, int offset, int length) {
        IntegerPack sorted = integers;
        if (sorted != null) {
            int at = Numbers.isLong(buffer, offset, length) ? sorted.search(Numbers.parse(buffer, offset, length)) : -1;
            if (at >= 0) {
                sorted.remove(at);
            }
            return at >= 0;
        }
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.find(packed.first(), buffer, offset, length, 0);
            if (at != ListPack.END) {
                packed.remove(at, 1);
            }
            return at != ListPack.END;
        }
        int position = table().find(buffer, offset, length);
        if (position >= 0) {
            table().remove(position);
        }
        return position >= 0;
    }

    /** Visits all members. */
    public void forEach(Consumer<byte[]> visitor) {
        IntegerPack sorted = integers;
        ListPack packed = pack;
        if (sorted != null) {
            for (int i = 0; i < sorted.count(); i++) {
                visitor.accept(Numbers.bytes(sorted.get(i)));
            }
        } else if (packed != null) {
            for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
                visitor.accept(packed.get(at));
            }
        } else {
            ElementTable held = table();
            for (int i = 0; i < held.positions(); i++) {
                if (held.has(i)) {
                    visitor.accept(held.member(i));
                }
            }
        }
    }

    /** Writes all members as bulks. */
    public void write(ReplyWriter out) {
        IntegerPack sorted = integers;
        ListPack packed = pack;
        if (sorted != null) {
            for (int i = 0; i < sorted.count(); i++) {
                out.bulkLong(sorted.get(i));
            }
        } else if (packed != null) {
            for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
                packed.bulk(at, out);
            }
        } else {
            ElementTable held = table();
            for (int i = 0; i < held.positions(); i++) {
                if (held.has(i)) {
                    held.writeMember(i, out);
                }
            }
        }
    }

    /** Visits members from a cursor's place; answers the next cursor, 0 at the end. A packed set is visited whole. */
    public long scan(long from, Consumer<byte[]> visitor) {
        ElementTable held = table;
        if (held == null) {
            forEach(visitor);
            return 0;
        }
        return held.scan(from, position -> visitor.accept(held.member(position)));
    }

    /** A member, each as likely; the set is never empty. */
    public byte[] random(RandomGenerator random) {
        IntegerPack sorted = integers;
        if (sorted != null) {
            return Numbers.bytes(sorted.get(random.nextInt(sorted.count())));
        }
        ListPack packed = pack;
        if (packed != null) {
            return packed.get(packed.seek(random.nextInt(packed.count())));
        }
        return table().member(table().random(random));
    }
}
