package io.plinth.kvcache.keyspace.value;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: entries in the order of their ids, in packed nodes, and the groups that read them. */
public final class StreamValue implements Value {
    private static final int BASE = 120;
    private static final int PER_NODE = 72;

    /** Groups by name, byte for character. */
    public final TreeMap<String, StreamGroup> groups = new TreeMap<>();

    private final List<Node> nodes = new ArrayList<>(1);
    private long size;
    private long bytes = BASE;
    private StreamId last = StreamId.MIN;
    private StreamId maxDeleted = StreamId.MIN;
    private long added;

    /** Entries one after another: both differences to the node's first id, the number of fields and values, and these. */
    private static final class Node {
        private final StreamId base;
        private StreamId last;
        private ListPack pack = new ListPack();
        private int count;

        Node(StreamId base) {
            this.base = base;
            this.last = base;
        }

        StreamId id(int at) {
            return new StreamId(base.millis() + pack.integer(at), base.sequence() + pack.integer(pack.next(at)));
        }

        int fields(int at) {
            return (int) pack.integer(pack.next(pack.next(at)));
        }

        int after(int at) {
            int next = at;
            for (int i = 0, count = 3 + fields(at); i < count && next != ListPack.END; i++) {
                next = pack.next(next);
            }
            return next;
        }

        List<byte[]> content(int at) {
            int count = fields(at);
            List<byte[]> content = new ArrayList<>(count);
            int next = pack.next(pack.next(at));
            for (int i = 0; i < count; i++) {
                next = pack.next(next);
                content.add(pack.get(next));
            }
            return content;
        }

        long bytes() {
            return PER_NODE + pack.bytes();
        }
    }

    /** Sees an entry; answers whether to go on. */
    @FunctionalInterface
    public interface Visitor {
        /** {@code fields} are fields and values in turn. */
        boolean visit(StreamId id, List<byte[]> fields);
    }

    @Override
    public ValueType type() {
        return ValueType.STREAM;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long bytes() {
        long sum = bytes;
        for (StreamGroup group : groups.values()) {
            sum += group.bytes();
        }
        return sum;
    }

    @Override
    public String encoding() {
        return "stream";
    }

    @Override
    public Value copy() {
        StreamValue copy = new StreamValue();
        forEach((id, fields) -> {
            copy.append(id, fields, Packing.DEFAULT);
            return true;
        });
        copy.set(last, maxDeleted, added);
        groups.forEach((name, group) -> copy.groups.put(name, group.copy()));
        return copy;
    }

    /** How many packed nodes there are. */
    public int nodes() {
        return nodes.size();
    }

    public StreamId last() {
        return last;
    }

    /** The largest id that was ever deleted. */
    public StreamId maxDeleted() {
        return maxDeleted;
    }

    /** How many entries were ever added. */
    public long added() {
        return added;
    }

    /** Overwrites what is counted. */
    public void set(StreamId lastId, StreamId deleted, long entriesAdded) {
        last = lastId;
        maxDeleted = deleted;
        added = entriesAdded;
    }

    /** The first id; the smallest where there is none. */
    public StreamId first() {
        return nodes.isEmpty()
                ? StreamId.MIN
                : nodes.getFirst().id(nodes.getFirst().pack.first());
    }

    /** Adds an entry with a larger id than any before. */
    public void append(StreamId id, List<byte[]> fields, Packing packing) {
        Node node = nodes.isEmpty() ? null : nodes.getLast();
        if (node == null || full(node, fields, packing)) {
            node = new Node(id);
            nodes.add(node);
            bytes += node.bytes();
        }
        bytes -= node.bytes();
        node.pack.append(id.millis() - node.base.millis());
        node.pack.append(id.sequence() - node.base.sequence());
        node.pack.append(fields.size());
        fields.forEach(node.pack::append);
        node.count++;
        node.last = id;
        bytes += node.bytes();
        size++;
        added++;
        last = id;
    }

    private static boolean full(Node node, List<byte[]> fields, Packing packing) {
        long size = node.pack.used();
        for (byte[] field : fields) {
            size += field.length;
        }
        return (packing.streamBytes() > 0 && size >= packing.streamBytes())
                || (packing.streamEntries() > 0 && node.count >= packing.streamEntries());
    }

    /** Removes an entry; answers whether it was there. */
    public boolean remove(StreamId id) {
        int index = node(id);
        if (index >= nodes.size()) {
            return false;
        }
        Node node = nodes.get(index);
        for (int at = node.pack.first(); at != ListPack.END; at = node.after(at)) {
            int order = node.id(at).compareTo(id);
            if (order >= 0) {
                if (order == 0) {
                    drop(index, at);
                    maxDeleted = id.compareTo(maxDeleted) > 0 ? id : maxDeleted;
                }
                return order == 0;
            }
        }
        return false;
    }

    private void drop(int index, int at) {
        Node node = nodes.get(index);
        bytes -= node.bytes();
        node.pack.remove(at, 3 + node.fields(at));
        node.count--;
        size--;
        if (node.count == 0) {
            nodes.remove(index);
        } else {
            bytes += node.bytes();
        }
    }

    /** The first node whose last id is not smaller. */
    private int node(StreamId id) {
        int low = 0;
        int high = nodes.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (nodes.get(middle).last.compareTo(id) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The fields of an entry, or null. */
    public @Nullable List<byte[]> get(StreamId id) {
        List<List<byte[]>> found = new ArrayList<>(1);
        range(id, id, false, (each, fields) -> {
            found.add(fields);
            return false;
        });
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Visits all entries. */
    public void forEach(Visitor visitor) {
        range(StreamId.MIN, StreamId.MAX, false, visitor);
    }

    /** Visits the entries between two ids, both included, upwards or downwards. */
    public void range(StreamId from, StreamId to, boolean down, Visitor visitor) {
        if (from.compareTo(to) > 0) {
            return;
        }
        int index = down ? Math.min(node(to), nodes.size() - 1) : node(from);
        for (; index >= 0 && index < nodes.size(); index += down ? -1 : 1) {
            Node node = nodes.get(index);
            List<Integer> places = new ArrayList<>(node.count);
            for (int at = node.pack.first(); at != ListPack.END; at = node.after(at)) {
                places.add(at);
            }
            for (int at : down ? places.reversed() : places) {
                StreamId id = node.id(at);
                boolean past = down ? id.compareTo(from) < 0 : id.compareTo(to) > 0;
                if (past) {
                    return;
                }
                boolean inside = id.compareTo(from) >= 0 && id.compareTo(to) <= 0;
                if (inside && !visitor.visit(id, node.content(at))) {
                    return;
                }
            }
        }
    }

    /** Removes entries from the start while more than {@code keep} are left; {@code whole} nodes only where asked for. */
    public long trimToLength(long keep, boolean whole, long limit) {
        long removed = 0;
        while (size > keep && !nodes.isEmpty()) {
            Node node = nodes.getFirst();
            if (limit > 0 && removed + node.count > limit) {
                break;
            }
            if (size - node.count >= keep) {
                removed += node.count;
                dropFirst();
            } else if (whole) {
                break;
            } else {
                drop(0, node.pack.first());
                removed++;
            }
        }
        return removed;
    }

    /** Removes entries from the start that are smaller than an id. */
    public long trimToId(StreamId id, boolean whole, long limit) {
        long removed = 0;
        while (!nodes.isEmpty()) {
            Node node = nodes.getFirst();
            if (limit > 0 && removed + node.count > limit) {
                break;
            }
            if (node.last.compareTo(id) < 0) {
                removed += node.count;
                dropFirst();
            } else if (whole || first().compareTo(id) >= 0) {
                break;
            } else {
                drop(0, node.pack.first());
                removed++;
            }
        }
        return removed;
    }

    private void dropFirst() {
        Node gone = nodes.removeFirst();
        bytes -= gone.bytes();
        size -= gone.count;
    }
}
