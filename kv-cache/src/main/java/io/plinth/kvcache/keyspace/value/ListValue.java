package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: elements in one packed run of bytes while the list is small, then in nodes. */
public final class ListValue implements Value {
    private static final int BASE = 24;

    /** The elements, or else the nodes have them. */
    private @Nullable ListPack pack;

    private @Nullable ListNodes nodes;
    private boolean large;

    public ListValue() {
        this(new ListPack());
    }

    /** Of these elements. */
    public ListValue(ListPack elements) {
        pack = elements;
    }

    @Override
    public @Nullable ListPack packed() {
        return pack;
    }

    @Override
    public @Nullable Elements elements() {
        ListPack packed = pack;
        return packed != null ? packed : nodes;
    }

    private ListNodes nodes() {
        ListNodes present = nodes;
        if (present == null) {
            throw new IllegalStateException("list: packed (expected: in nodes)");
        }
        return present;
    }

    @Override
    public ValueType type() {
        return ValueType.LIST;
    }

    @Override
    public Value copy() {
        ListPack packed = pack;
        if (packed != null) {
            return new ListValue(packed.copy());
        }
        ListValue copy = new ListValue();
        copy.pack = null;
        copy.nodes = nodes().copy();
        copy.large = large;
        return copy;
    }

    @Override
    public long size() {
        ListPack packed = pack;
        return packed != null ? packed.count() : nodes().size();
    }

    @Override
    public long bytes() {
        ListPack packed = pack;
        return BASE + (packed != null ? packed.bytes() : nodes().bytes());
    }

    @Override
    public String encoding() {
        return large ? "quicklist" : "listpack";
    }

    /** How many runs of bytes there are. */
    public int runs() {
        ListPack packed = pack;
        return packed == null ? nodes().nodes() : 1;
    }

    /** One of the runs of bytes, which follow each other; the first is 0. */
    public ListPack run(int number) {
        ListPack packed = pack;
        return packed == null ? nodes().node(number) : packed;
    }

    /** Whether one run does for another element instead of so many bytes; then it has room for that. */
    private boolean packs(byte[] value, int gone, int added, Packing packing) {
        ListPack packed = pack;
        if (packed == null) {
            return false;
        }
        long more = (long) ListPackForm.entrySize(value) - gone;
        if (packed.length() + more > Blocks.LONGEST_PLACE
                || !packing.listFits(packed.used() + more, packed.count() + added)) {
            return false;
        }
        packed.reserve((int) Math.max(0, more));
        return true;
    }

    /** The nodes, or those that there are to be, which have the one run: {@link #grown} makes them so when the change is done. */
    private ListNodes unpacked() {
        ListPack packed = pack;
        if (packed == null) {
            return nodes();
        }
        if (packed.inRecord()) {
            packed.leave();
        }
        ListNodes next = new ListNodes();
        if (packed.count() > 0) {
            next.add(0, packed);
        }
        return next;
    }

    private void grown(ListNodes in, Packing packing) {
        nodes = in;
        pack = null;
        large = large || !packing.listFits(in.used(), (int) Math.min(in.size(), Integer.MAX_VALUE));
    }

    private void shrunk(Packing packing) {
        ListNodes in = nodes;
        if (in == null || in.nodes() > 1) {
            return;
        }
        ListPack only = in.nodes() == 0 ? new ListPack() : in.node(0);
        if (only.used() <= packing.listBytes() / 2 && only.count() <= Math.max(1, packing.listEntries() / 2)) {
            large = false;
            pack = only;
            nodes = null;
        }
    }

    /** Adds an element at an end. */
    public void push(boolean left, byte[] value, Packing packing) {
        ListPack packed = pack;
        if (packed != null && packs(value, 0, 1, packing)) {
            packed.insert(left ? 0 : packed.length(), value);
        } else {
            ListNodes in = unpacked();
            in.push(left, value);
            grown(in, packing);
        }
    }

    /** Removes and answers the element at an end; null when empty. */
    public byte @Nullable [] pop(boolean left, Packing packing) {
        ListPack packed = pack;
        if (packed == null) {
            byte[] value = nodes().pop(left);
            shrunk(packing);
            return value;
        }
        int at = left ? packed.first() : packed.last();
        if (at == ListPack.END) {
            return null;
        }
        byte[] value = packed.get(at);
        packed.remove(at, 1);
        return value;
    }

    private static boolean inside(ListPack packed, long index) {
        return index >= -packed.count() && index < packed.count();
    }

    /** The element at an index, negative from the end; null outside. */
    public byte @Nullable [] get(long index) {
        ListPack packed = pack;
        if (packed != null) {
            return inside(packed, index) ? packed.get(packed.seek((int) index)) : null;
        }
        long place = nodes().place(index);
        return place == ListNodes.NOWHERE
                ? null
                : nodes().node(ListNodes.number(place)).get(ListNodes.offset(place));
    }

    /** Puts another element at an index that is inside, and not negative. */
    public void set(long index, byte[] value, Packing packing) {
        if (index >= size()) {
            return;
        }
        ListPack packed = pack;
        int at = packed == null ? 0 : packed.seek((int) index);
        if (packed != null && packs(value, packed.sizeOf(at), 0, packing)) {
            packed.replace(at, value);
            packed.shrink();
        } else {
            ListNodes in = unpacked();
            in.set(in.place(index), value);
            grown(in, packing);
            shrunk(packing);
        }
    }

    /** Puts an element before the one at an index; at the size it becomes the last. */
    public void insert(long index, byte[] value, Packing packing) {
        if (index >= size()) {
            push(false, value, packing);
            return;
        }
        ListPack packed = pack;
        if (packed != null && packs(value, 0, 1, packing)) {
            packed.insert(packed.seek((int) index), value);
        } else {
            ListNodes in = unpacked();
            in.insert(in.place(index), value);
            grown(in, packing);
        }
    }

    /** Removes the element at an index that is inside. */
    public void remove(long index, Packing packing) {
        remove(index, 1, packing);
    }

    /** Removes {@code count} elements from an index on, which is not negative. */
    public void remove(long index, long count, Packing packing) {
        ListPack packed = pack;
        if (packed == null) {
            nodes().remove(index, count);
            shrunk(packing);
        } else if (count > 0 && index < packed.count()) {
            packed.remove(packed.seek((int) index), (int) Math.min(count, packed.count()));
        }
    }

    /** Visits {@code count} elements from an index on, which is not negative. */
    public void range(long from, long count, Consumer<byte[]> visitor) {
        range(from, count, (run, at) -> visitor.accept(run.get(at)));
    }

    /** Writes {@code count} elements from an index on, which is not negative, as bulks. */
    public void write(long from, long count, ReplyWriter out) {
        range(from, count, (run, at) -> run.bulk(at, out));
    }

    private interface Each {
        void visit(ListPack run, int at);
    }

    private void range(long from, long count, Each visitor) {
        if (count <= 0 || from >= size()) {
            return;
        }
        ListPack packed = pack;
        long place = packed == null ? nodes().place(from) : packed.seek((int) from);
        int number = ListNodes.number(place);
        ListPack run = run(number);
        int at = ListNodes.offset(place);
        for (long left = Math.min(count, size() - from); left > 0; left--) {
            if (at == ListPack.END) {
                number++;
                run = run(number);
                at = run.first();
            }
            visitor.visit(run, at);
            at = run.next(at);
        }
    }

    /** Visits the indexes of equal elements, from either end, until the visitor has enough or {@code compared} were looked at. */
    public void find(byte[] value, boolean fromEnd, long compared, LongPredicate more) {
        long left = compared == 0 ? Long.MAX_VALUE : compared;
        long index = fromEnd ? size() - 1 : 0;
        int runs = runs();
        for (int i = 0; i < runs; i++) {
            ListPack run = run(fromEnd ? runs - 1 - i : i);
            int at = fromEnd ? run.last() : run.first();
            while (at != ListPack.END) {
                if (left-- == 0 || (run.is(at, value, 0, value.length) && !more.test(index))) {
                    return;
                }
                at = fromEnd ? run.previous(at) : run.next(at);
                index += fromEnd ? -1 : 1;
            }
        }
    }

    /** Adds a packed node's elements, when a list is read from elsewhere. */
    public void append(ListPack node, Packing packing) {
        ListPack packed = pack;
        boolean first = packed != null && packed.count() == 0;
        if (first && node.length() <= Blocks.LONGEST_PLACE && packing.listFits(node.used(), node.count())) {
            pack = node;
        } else if (node.length() <= Blocks.LONGEST_PLACE) {
            ListNodes in = unpacked();
            in.add(in.nodes(), node);
            grown(in, packing);
            // As in Redis: nodes stay as they came, and what has several is no longer one listpack.
            large |= in.nodes() > 1;
        } else {
            for (int at = node.first(); at != ListPack.END; at = node.next(at)) {
                push(false, node.get(at), packing);
            }
        }
    }
}
