package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.wire.Numbers;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: different members; sorted integers, packed, or in a table. */
public final class SetValue implements Value {
    private static final int BASE = 48;

    private final KeyHash hasher;
    private long @Nullable [] integers = new long[2];
    private int count;
    private @Nullable ListPack pack;
    private @Nullable MemberTable table;

    public SetValue(KeyHash hasher) {
        this.hasher = hasher;
    }

    @Override
    public ValueType type() {
        return ValueType.SET;
    }

    @Override
    public Value copy() {
        SetValue copy = new SetValue(hasher);
        long[] sorted = integers;
        ListPack packed = pack;
        copy.integers = sorted == null ? null : sorted.clone();
        copy.count = count;
        copy.pack = packed == null ? null : packed.copy();
        MemberTable from = table;
        if (from != null) {
            MemberTable to = new MemberTable(hasher);
            for (int i = 0; i < from.positions(); i++) {
                byte[] member = from.member(i);
                if (member != null) {
                    to.add(member);
                }
            }
            copy.table = to;
        }
        return copy;
    }

    private MemberTable table() {
        MemberTable present = table;
        if (present == null) {
            throw new IllegalStateException("set: packed (expected: a table)");
        }
        return present;
    }

    @Override
    public long size() {
        if (integers != null) {
            return count;
        }
        ListPack packed = pack;
        return packed != null ? packed.count() : table().size();
    }

    @Override
    public long bytes() {
        long[] sorted = integers;
        if (sorted != null) {
            return BASE + Value.arrayBytes(8L * sorted.length);
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

    /** The members in ascending order where all are integers in their sorted form; otherwise null. */
    public long @Nullable [] sorted() {
        long[] sorted = integers;
        return sorted == null ? null : Arrays.copyOf(sorted, count);
    }

    private int search(long[] sorted, long value) {
        return Arrays.binarySearch(sorted, 0, count, value);
    }

    /** Whether these bytes are a member. */
    public boolean contains(byte[] buffer, int offset, int length) {
        long[] sorted = integers;
        if (sorted != null) {
            return Numbers.isLong(buffer, offset, length) && search(sorted, Numbers.parse(buffer, offset, length)) >= 0;
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

    /** Adds a member, keeping the array; answers whether it is new. */
    public boolean add(byte[] member, Packing packing) {
        long[] sorted = integers;
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
        table().add(member);
        return true;
    }

    private boolean addInteger(long[] sorted, long value, Packing packing) {
        int at = search(sorted, value);
        if (at >= 0) {
            return false;
        }
        at = -at - 1;
        long[] next = count == sorted.length ? Arrays.copyOf(sorted, count + 2 + count / 4) : sorted;
        System.arraycopy(sorted, at, next, at + 1, count - at);
        next[at] = value;
        integers = next;
        count++;
        if (count > packing.intsetEntries()) {
            toTable(next);
        }
        return true;
    }

    private void leaveIntegers(long[] sorted, Packing packing, int added) {
        int longest = 0;
        for (int i = 0; i < count; i++) {
            longest = Math.max(longest, Numbers.bytes(sorted[i]).length);
        }
        if (count < packing.setEntries() && longest <= packing.setValue() && added <= packing.setValue()) {
            ListPack packed = new ListPack();
            for (int i = 0; i < count; i++) {
                packed.append(sorted[i]);
            }
            pack = packed;
            integers = null;
        } else {
            toTable(sorted);
        }
    }

    private void toTable(long[] sorted) {
        MemberTable next = new MemberTable(hasher);
        for (int i = 0; i < count; i++) {
            next.add(Numbers.bytes(sorted[i]));
        }
        integers = null;
        table = next;
    }

    private void unpack(ListPack packed) {
        MemberTable next = new MemberTable(hasher);
        for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
            next.add(packed.get(at));
        }
        pack = null;
        table = next;
    }

    /** Removes a member; answers whether it was there. */
    public boolean remove(byte[] buffer, int offset, int length) {
        long[] sorted = integers;
        if (sorted != null) {
            int at =
                    Numbers.isLong(buffer, offset, length) ? search(sorted, Numbers.parse(buffer, offset, length)) : -1;
            if (at >= 0) {
                System.arraycopy(sorted, at + 1, sorted, at, count - at - 1);
                count--;
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
        long[] sorted = integers;
        ListPack packed = pack;
        if (sorted != null) {
            for (int i = 0; i < count; i++) {
                visitor.accept(Numbers.bytes(sorted[i]));
            }
        } else if (packed != null) {
            for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
                visitor.accept(packed.get(at));
            }
        } else {
            MemberTable held = table();
            for (int i = 0; i < held.positions(); i++) {
                byte[] member = held.member(i);
                if (member != null) {
                    visitor.accept(member);
                }
            }
        }
    }

    /** Visits members from a cursor's place; answers the next cursor, 0 at the end. A packed set is visited whole. */
    public long scan(long from, Consumer<byte[]> visitor) {
        MemberTable held = table;
        if (held == null) {
            forEach(visitor);
            return 0;
        }
        return held.scan(from, position -> {
            byte[] member = held.member(position);
            if (member != null) {
                visitor.accept(member);
            }
        });
    }

    /** A member, each as likely; the set is never empty. */
    public byte[] random(RandomGenerator random) {
        long[] sorted = integers;
        if (sorted != null) {
            return Numbers.bytes(sorted[random.nextInt(count)]);
        }
        ListPack packed = pack;
        if (packed != null) {
            return packed.get(packed.seek(random.nextInt(packed.count())));
        }
        byte[] member = table().member(table().random(random));
        return member == null ? new byte[0] : member;
    }
}
