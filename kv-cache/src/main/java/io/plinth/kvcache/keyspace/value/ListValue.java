package io.plinth.kvcache.keyspace.value;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: elements in packed nodes of a few KiB, one node while the list is small. */
public final class ListValue implements Value {
    private static final int BASE = 56;
    private static final int PER_NODE = 40;

    private final List<ListPack> nodes = new ArrayList<>(1);
    private long size;
    private long bytes = BASE;
    private boolean large;

    public ListValue() {}

    /** Of one small node. */
    public ListValue(ListPack node) {
        add(0, node);
        size = node.count();
    }

    /** Of an empty list its first node. */
    @Override
    public @Nullable ListPack packed() {
        if (nodes.isEmpty()) {
            add(0, new ListPack());
        }
        return large || nodes.size() > 1 ? null : nodes.getFirst();
    }

    @Override
    public ValueType type() {
        return ValueType.LIST;
    }

    @Override
    public Value copy() {
        ListValue copy = new ListValue();
        for (ListPack node : nodes) {
            copy.add(copy.nodes.size(), node.copy());
        }
        copy.size = size;
        copy.large = large;
        return copy;
    }

    private void add(int at, ListPack node) {
        if (nodes.size() == 1) {
            // A list of several nodes is on the heap with all of them.
            nodes.getFirst().leave();
        }
        nodes.add(at, node);
        if (nodes.size() == 2) {
            // What one node takes is not kept up, as it comes and goes with the record.
            bytes = BASE
                    + 2 * PER_NODE
                    + nodes.getFirst().bytes()
                    + nodes.getLast().bytes();
        } else {
            bytes += PER_NODE + node.bytes();
        }
    }

    private void drop(int at) {
        bytes -= PER_NODE + nodes.remove(at).bytes();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long bytes() {
        return nodes.size() == 1 ? BASE + PER_NODE + nodes.getFirst().bytes() : bytes;
    }

    @Override
    public String encoding() {
        return large ? "quicklist" : "listpack";
    }

    /** The packed nodes in order. */
    public List<ListPack> nodes() {
        return nodes;
    }

    /** Adds an element at an end. */
    public void push(boolean left, byte[] value, Packing packing) {
        int at = left ? 0 : nodes.size() - 1;
        ListPack node = nodes.isEmpty() ? null : nodes.get(at);
        if (node == null
                || (node.count() > 0
                        && !packing.listFits(node.used() + (long) ListPack.entrySize(value), node.count() + 1))) {
            node = new ListPack();
            add(left ? 0 : nodes.size(), node);
        }
        bytes -= node.bytes();
        if (left) {
            node.prepend(value);
        } else {
            node.append(value);
        }
        bytes += node.bytes();
        size++;
        grown(packing);
    }

    private void grown(Packing packing) {
        large |= nodes.size() > 1
                || !packing.listFits(nodes.getFirst().used(), nodes.getFirst().count());
        if (large) {
            nodes.getFirst().leave();
        }
    }

    private void shrunk(Packing packing) {
        large &= nodes.size() != 1
                || nodes.getFirst().used() > packing.listBytes() / 2
                || nodes.getFirst().count() > Math.max(1, packing.listEntries() / 2);
    }

    /** Removes and answers the element at an end; null when empty. */
    public byte @Nullable [] pop(boolean left, Packing packing) {
        if (size == 0) {
            return null;
        }
        int at = left ? 0 : nodes.size() - 1;
        ListPack node = nodes.get(at);
        int element = left ? node.first() : node.last();
        byte[] value = node.get(element);
        removeFrom(at, element, 1);
        shrunk(packing);
        return value;
    }

    private void removeFrom(int at, int element, int count) {
        ListPack node = nodes.get(at);
        bytes -= node.bytes();
        node.remove(element, count);
        bytes += node.bytes();
        size -= count;
        if (node.count() == 0) {
            drop(at);
        }
    }

    /** A place in a list: a node and an element of it. */
    private record Place(int node, int element) {}

    private @Nullable Place place(long index) {
        long wanted = index < 0 ? index + size : index;
        if (wanted < 0 || wanted >= size) {
            return null;
        }
        long before = 0;
        for (int i = 0; ; i++) {
            ListPack node = nodes.get(i);
            if (wanted < before + node.count()) {
                return new Place(i, node.seek((int) (wanted - before)));
            }
            before += node.count();
        }
    }

    /** The element at an index, negative from the end; null outside. */
    public byte @Nullable [] get(long index) {
        Place place = place(index);
        return place == null ? null : nodes.get(place.node).get(place.element);
    }

    /** Puts another element at an index that is inside. */
    public void set(long index, byte[] value, Packing packing) {
        Place place = place(index);
        if (place != null) {
            ListPack node = nodes.get(place.node);
            bytes -= node.bytes();
            node.replace(place.element, value);
            bytes += node.bytes();
            split(place.node, packing);
            grown(packing);
            shrunk(packing);
        }
    }

    /** Puts an element before the one at an index; at the size it becomes the last. */
    public void insert(long index, byte[] value, Packing packing) {
        Place place = place(index);
        if (place == null) {
            push(false, value, packing);
            return;
        }
        ListPack node = nodes.get(place.node);
        bytes -= node.bytes();
        node.insert(place.element, value);
        bytes += node.bytes();
        size++;
        split(place.node, packing);
        grown(packing);
    }

    /** Halves a node that has become too large. */
    private void split(int at, Packing packing) {
        ListPack node = nodes.get(at);
        if (node.count() < 2 || packing.listFits(node.used(), node.count())) {
            return;
        }
        bytes -= node.bytes();
        int half = node.count() / 2;
        ListPack second = new ListPack();
        int from = node.seek(half);
        for (int element = from; element != ListPack.END; element = node.next(element)) {
            second.append(node.get(element));
        }
        node.remove(from, node.count() - half);
        bytes += node.bytes();
        add(at + 1, second);
    }

    /** Removes the element at an index that is inside. */
    public void remove(long index, Packing packing) {
        Place place = place(index);
        if (place != null) {
            removeFrom(place.node, place.element, 1);
            shrunk(packing);
        }
    }

    /** Removes {@code count} elements from an index on. */
    public void remove(long index, long count, Packing packing) {
        long left = count;
        while (left > 0) {
            Place place = place(index);
            if (place == null) {
                break;
            }
            ListPack node = nodes.get(place.node);
            int here = 0;
            for (int at = place.element; at != ListPack.END && here < left; at = node.next(at)) {
                here++;
            }
            removeFrom(place.node, place.element, here);
            left -= here;
        }
        if (!nodes.isEmpty()) {
            shrunk(packing);
        }
    }

    /** Visits {@code count} elements from an index on. */
    public void range(long from, long count, Consumer<byte[]> visitor) {
        Place place = count <= 0 ? null : place(from);
        if (place == null) {
            return;
        }
        long left = count;
        int at = place.element;
        for (int i = place.node; i < nodes.size() && left > 0; i++) {
            ListPack node = nodes.get(i);
            for (int element = at; element != ListPack.END && left > 0; element = node.next(element)) {
                visitor.accept(node.get(element));
                left--;
            }
            at = i + 1 < nodes.size() ? nodes.get(i + 1).first() : ListPack.END;
        }
    }

    /** Visits the indexes of equal elements, from either end, until the visitor has enough or {@code compared} were looked at. */
    public void find(byte[] value, boolean fromEnd, long compared, LongPredicate more) {
        long left = compared == 0 ? Long.MAX_VALUE : compared;
        long index = fromEnd ? size - 1 : 0;
        for (int i = 0; i < nodes.size(); i++) {
            ListPack node = nodes.get(fromEnd ? nodes.size() - 1 - i : i);
            int at = fromEnd ? node.last() : node.first();
            while (at != ListPack.END) {
                if (left-- == 0 || (node.is(at, value, 0, value.length) && !more.test(index))) {
                    return;
                }
                at = fromEnd ? node.previous(at) : node.next(at);
                index += fromEnd ? -1 : 1;
            }
        }
    }

    /** Adds a packed node as it is, when a list is read from elsewhere. */
    public void append(ListPack node, Packing packing) {
        add(nodes.size(), node);
        size += node.count();
        grown(packing);
    }
}
