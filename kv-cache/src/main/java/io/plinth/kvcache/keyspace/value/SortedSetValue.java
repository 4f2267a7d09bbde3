package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.wire.Doubles;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: members with scores, in order; packed as member and score in turn, or a table and a tree. */
public final class SortedSetValue implements Value {
    private static final int BASE = 48;
    /** Integers up to here are doubles, too. */
    private static final double EXACT = 1L << 53;

    private final KeyHash hasher;
    private @Nullable ListPack pack;
    private @Nullable ElementTable table;
    private @Nullable ScoreTree tree;

    public SortedSetValue(KeyHash hasher) {
        this(hasher, new ListPack());
    }

    /** Of members and scores in turn, in order. */
    public SortedSetValue(KeyHash hasher, ListPack pack) {
        this.hasher = hasher;
        this.pack = pack;
    }

    /** Sees a member in order. */
    @FunctionalInterface
    public interface Visitor extends ScoreTree.Visitor {}

    @Override
    public ValueType type() {
        return ValueType.SORTED_SET;
    }

    @Override
    public Value copy() {
        SortedSetValue copy = new SortedSetValue(hasher);
        ListPack packed = pack;
        if (packed != null) {
            copy.pack = packed.copy();
        } else {
            copy.pack = null;
            copy.table = new ElementTable(hasher, false);
            tree().range(0, tree().size(), false, copy::addToTree);
        }
        return copy;
    }

    private ElementTable table() {
        ElementTable present = table;
        if (present == null) {
            throw new IllegalStateException("sorted set: packed (expected: a table)");
        }
        return present;
    }

    private ScoreTree tree() {
        ScoreTree present = tree;
        if (present == null) {
            present = new ScoreTree(table());
            table().order(present);
            tree = present;
        }
        return present;
    }

    private void addToTree(byte[] member, double score) {
        int position = table().add(member, null);
        table().number(position, Double.doubleToRawLongBits(score));
        tree().add(score, member, position);
    }

    @Override
    public long size() {
        ListPack packed = pack;
        return packed != null ? packed.count() / 2 : tree().size();
    }

    @Override
    public long bytes() {
        ListPack packed = pack;
        return BASE + (packed != null ? packed.bytes() : table().bytes() + tree().bytes());
    }

    @Override
    public String encoding() {
        return pack != null ? "listpack" : "skiplist";
    }

    @Override
    public @Nullable Elements elements() {
        ElementTable held = table;
        return held == null ? packed() : held.log();
    }

    /** The packed members and scores in turn; null where they are in a table. */
    @Override
    public @Nullable ListPack packed() {
        return pack;
    }

    private static double score(ListPack packed, int at) {
        if (packed.integerAt(at)) {
            return packed.integer(at);
        }
        byte[] text = packed.get(at);
        return Doubles.parse(text, 0, text.length);
    }

    /** A member's score; NaN where there is no such member. */
    public double score(byte[] buffer, int offset, int length) {
        ListPack packed = pack;
        if (packed != null) {
            int at = packed.find(packed.first(), buffer, offset, length, 1);
            return at == ListPack.END ? Double.NaN : score(packed, packed.next(at));
        }
        int position = table().find(buffer, offset, length);
        return position < 0 ? Double.NaN : Double.longBitsToDouble(table().number(position));
    }

    /** A member's score; NaN where there is no such member. */
    public double score(byte[] member) {
        return score(member, 0, member.length);
    }

    /** Sets a member's score where that is another one; answers what it was, NaN where the member is new. */
    public double put(byte[] member, double score, Packing packing) {
        ListPack packed = pack;
        if (packed == null) {
            return putInTable(member, score);
        }
        int at = packed.find(packed.first(), member, 0, member.length, 1);
        if (at == ListPack.END) {
            if (packed.count() / 2 + 1 > packing.zsetEntries() || member.length > packing.zsetValue()) {
                unpack(packed);
                addToTree(member, score);
            } else {
                packed.insert(place(packed, packed.first(), member, score), member, packed(score));
            }
            return Double.NaN;
        }
        double old = score(packed, packed.next(at));
        if (old != score) {
            // Those before it come before the higher score, too.
            int from = score < old ? packed.first() : packed.next(packed.next(at));
            packed.move(at, place(packed, from, member, score), member, packed(score));
        }
        return old;
    }

    /** A score as it is packed: an integer that a double can be, so that a zero has no sign, as since Redis 7.0. */
    private static byte[] packed(double score) {
        return Doubles.bytes(score + 0.0);
    }

    private double putInTable(byte[] member, double score) {
        int position = table().find(member, 0, member.length);
        if (position < 0) {
            addToTree(member, score);
            return Double.NaN;
        }
        double old = Double.longBitsToDouble(table().number(position));
        if (old != score) {
            tree().remove(old, member);
            table().number(position, Double.doubleToRawLongBits(score));
            tree().add(score, member, position);
        }
        return old;
    }

    /** Where the member is before; the length for the end. {@code from}: all before it come before the member. */
    private static int place(ListPack packed, int from, byte[] member, double score) {
        // An integer is below the score where it is below the next integer.
        int at = Math.abs(score) < EXACT ? packed.passBelow(from, (long) Math.ceil(score)) : from;
        while (at != ListPack.END) {
            int scoreAt = packed.next(at);
            double other = score(packed, scoreAt);
            if (other > score || (other == score && Arrays.compareUnsigned(packed.get(at), member) > 0)) {
                break;
            }
            at = packed.next(scoreAt);
        }
        return at == ListPack.END ? packed.length() : at;
    }

    private void unpack(ListPack packed) {
        table = new ElementTable(hasher, false);
        pack = null;
        for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
            byte[] member = packed.get(at);
            at = packed.next(at);
            addToTree(member, score(packed, at));
        }
        packed.release();
    }

    /** Removes a member; answers whether it was there. */
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
        if (position < 0) {
            return false;
        }
        tree().remove(Double.longBitsToDouble(table().number(position)), table().member(position));
        table().remove(position);
        return true;
    }

    /** How many members come before one; negative where it is not there. */
    public int rank(byte[] member) {
        ListPack packed = pack;
        if (packed == null) {
            double score = score(member);
            return Double.isNaN(score) ? -1 : tree().rank(score, member);
        }
        return (int) (packed.search(packed.first(), member, 0, member.length, 1) >> 32);
    }

    /** How many members have a smaller score, or with {@code inclusive} not a larger one. */
    public int below(double score, boolean inclusive) {
        ListPack packed = pack;
        if (packed == null) {
            return tree().below(score, inclusive);
        }
        int below = 0;
        for (int at = packed.first(); at != ListPack.END; at = packed.next(at)) {
            at = packed.next(at);
            double other = score(packed, at);
            if (inclusive ? other > score : other >= score) {
                break;
            }
            below++;
        }
        return below;
    }

    /** Where all scores are equal: how many members are smaller, or with {@code inclusive} not larger. */
    public int belowMember(byte[] member, boolean inclusive) {
        ListPack packed = pack;
        if (packed == null) {
            return tree().belowMember(member, inclusive);
        }
        int below = 0;
        for (int at = packed.first(); at != ListPack.END; at = packed.next(packed.next(at))) {
            int order = Arrays.compareUnsigned(packed.get(at), member);
            if (order > 0 || (order == 0 && !inclusive)) {
                break;
            }
            below++;
        }
        return below;
    }

    /** Visits {@code count} members from a rank on, upwards or downwards; all of them are there. */
    public void range(int from, int count, boolean down, Visitor visitor) {
        ListPack packed = pack;
        if (packed == null) {
            tree().range(from, count, down, visitor);
            return;
        }
        int at = packed.seek(2 * from);
        for (int left = count; left > 0; left--) {
            int scoreAt = packed.next(at);
            visitor.visit(packed.get(at), score(packed, scoreAt));
            if (down) {
                int before = packed.previous(at);
                at = before == ListPack.END ? ListPack.END : packed.previous(before);
            } else {
                at = packed.next(scoreAt);
            }
        }
    }

    /** Visits all members in order. */
    public void forEach(Visitor visitor) {
        range(0, (int) size(), false, visitor);
    }

    /** Visits members from a cursor's place; answers the next cursor, 0 at the end. A packed one is visited whole. */
    public long scan(long from, Visitor visitor) {
        if (pack != null) {
            forEach(visitor);
            return 0;
        }
        ElementTable held = table();
        return held.scan(
                from, position -> visitor.visit(held.member(position), Double.longBitsToDouble(held.number(position))));
    }

    /** A rank, each as likely; never empty. */
    public int random(RandomGenerator random) {
        return random.nextInt((int) size());
    }
}
