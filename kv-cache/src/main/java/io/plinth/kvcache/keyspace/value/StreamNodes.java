package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.stream.RadixTree;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: the entries of a stream in packed nodes by the order of their ids, each in native memory once a
 * segment has the stream. When a node is full and what goes when a stream is trimmed is as in Redis.
 *
 * <p>The first may have no entries: where what trimming to an id left of it had been removed before, Redis keeps it, and adds to it.
 *
 * <p>Where the segment has no room a new entry throws, and the entries are as they were.
 */
final class StreamNodes implements Elements {
    /** What a node that is not the first has room for at first. */
    private static final int BEGIN = 1 << 10;

    private static final int OBJECT = 64;
    private static final int FEWEST = 1;
    private static final int MOVED_AT_ONCE = 64 << 10;
    private static final int LOOKED_AT_ONCE = 64;

    private @Nullable StreamNode[] nodes = new StreamNode[FEWEST];
    /** Where the first is, and how many there are. */
    private int first;

    private int count;
    private long size;
    /** What {@link #treeNodes} counted; 0 where it has to count again. */
    private int treeNodes;
    /** What the nodes take. */
    private long bytes;

    private @Nullable Blocks blocks;
    /** Whether a node found no native memory. */
    private boolean outside;

    private boolean moving;
    /** The node that was last looked at, for {@link #compact}. */
    private int looked;

    /** How many entries there are. */
    long size() {
        return size;
    }

    /** How many nodes. */
    int count() {
        return count;
    }

    /** How many nodes Redis's radix tree over these has. Counted anew where a node came or went. */
    int treeNodes() {
        if (treeNodes == 0) {
            RadixTree tree = new RadixTree();
            for (int i = 0; i < count; i++) {
                node(i).key(tree);
            }
            treeNodes = tree.nodes();
        }
        return treeNodes;
    }

    /** A node, the first is 0. */
    StreamNode node(int number) {
        return Objects.requireNonNull(nodes[first + number]);
    }

    /** What all of it takes. */
    long bytes() {
        return OBJECT + Value.arrayBytes(4L * nodes.length) + bytes;
    }

    /** The first id; the smallest where there is none. */
    StreamId first() {
        if (size == 0) {
            return StreamId.MIN;
        }
        StreamNode node = node(node(0).live() == 0 ? 1 : 0);
        return node.id(node.first());
    }

    /** The last id; the smallest where there is none. */
    StreamId top() {
        return size == 0 ? StreamId.MIN : node(count - 1).id(node(count - 1).top());
    }

    /** Adds an entry behind all others. */
    void append(StreamId id, List<byte[]> fields, Packing packing) {
        if (count == 0 || node(count - 1).full(fields, packing)) {
            begin(id, id, fields);
        } else {
            add(id, fields);
        }
    }

    /** Adds an entry to the last node. */
    void add(StreamId id, List<byte[]> fields) {
        StreamNode node = node(count - 1);
        ListPackForm.Writer entry = node.entry(id, fields);
        long before = node.bytes();
        node.pack().reserve(entry.length());
        node.append(id, entry);
        size++;
        bytes += node.bytes() - before;
    }

    /** Begins a node with an entry that is behind all others; what ids are kept over may be smaller. */
    void begin(StreamId base, StreamId id, List<byte[]> fields) {
        ListPackForm.Writer head = StreamNode.head(fields);
        Blocks from = blocks;
        ListPack pack =
                from == null ? new ListPack() : new ListPack(from, Math.max(count == 0 ? 0 : BEGIN, head.length()));
        StreamNode node = new StreamNode(pack, base, head);
        ListPackForm.Writer entry = node.entry(id, fields);
        try {
            pack.reserve(entry.length());
        } catch (RuntimeException e) {
            pack.release();
            throw e;
        }
        if (count > 0) {
            // It will not grow any more.
            measured(node(count - 1), StreamNodes::fit);
        }
        node.append(id, entry);
        size++;
        attach(node);
    }

    /** Begins the first node without entries, as trimming leaves it: fields of the one that was its first, and up to which id it had some. */
    void beginEmpty(StreamId base, StreamId top, List<byte[]> fields) {
        StreamNode node = new StreamNode(new ListPack(), base, StreamNode.head(fields));
        node.had(top);
        attach(node);
    }

    private void attach(StreamNode node) {
        if (first + count == nodes.length) {
            resize();
        }
        nodes[first + count] = node;
        count++;
        treeNodes = 0;
        bytes += node.bytes();
    }

    private static void fit(StreamNode node) {
        node.pack().fit();
    }

    private void measured(StreamNode node, Consumer<StreamNode> change) {
        bytes -= node.bytes();
        change.accept(node);
        bytes += node.bytes();
    }

    /** So that there is room at the end, and not much more than is needed. */
    private void resize() {
        @Nullable StreamNode[] next = new StreamNode[Math.max(FEWEST, count + (count >> 2) + 1)];
        System.arraycopy(nodes, first, next, 0, count);
        nodes = next;
        first = 0;
    }

    /** Forgets so many nodes, whose entries it counts, and gives their memory back. */
    private void drop(int number, int many) {
        for (int i = number; i < number + many; i++) {
            StreamNode gone = node(i);
            size -= gone.live();
            bytes -= gone.bytes();
            gone.pack().release();
        }
        treeNodes = 0;
        if (number == 0) {
            for (int i = 0; i < many; i++) {
                nodes[first + i] = null;
            }
            first += many;
        } else {
            System.arraycopy(nodes, first + number + many, nodes, first + number, count - number - many);
            for (int i = count - many; i < count; i++) {
                nodes[first + i] = null;
            }
        }
        count -= many;
        if (count < nodes.length / 4) {
            resize();
        }
    }

    /** The first node whose last id is not smaller. */
    private int find(StreamId id) {
        if (count > 0 && node(count - 1).compareLast(id) < 0) {
            return count;
        }
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (node(middle).compareLast(id) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Removes an entry; answers whether it was there. */
    boolean remove(StreamId id) {
        int number = find(id);
        int at = number == count ? ListPack.END : node(number).seek(id);
        if (at == ListPack.END || !node(number).id(at).equals(id)) {
            return false;
        }
        remove(number, at);
        return true;
    }

    private void remove(int number, int at) {
        if (node(number).live() == 1) {
            drop(number, 1);
        } else {
            cut(number, at);
        }
    }

    private void cut(int number, int at) {
        StreamNode node = node(number);
        long before = node.bytes();
        node.remove(at);
        size--;
        bytes += node.bytes() - before;
        // What is longer than a place is changed by way of an array.
        outside |= blocks != null && !node.pack().isHoused();
    }

    /** Removes the entries from an id on. */
    void removeFrom(StreamId id) {
        while (size > 0 && top().compareTo(id) >= 0) {
            remove(count - 1, node(count - 1).top());
        }
    }

    /** Visits the entries between two ids, both included, upwards or downwards. */
    void range(StreamId from, StreamId to, boolean down, StreamValue.Visitor visitor) {
        int number = find(down ? to : from);
        if (down && number == count) {
            number--;
        }
        boolean begun = false;
        for (; number >= 0 && number < count; number += down ? -1 : 1) {
            StreamNode node = node(number);
            int at = begun ? (down ? node.top() : node.first()) : begin(node, down ? to : from, down);
            begun = begun || at != ListPack.END;
            if (at != ListPack.END && !visit(node, at, from, to, down, visitor)) {
                return;
            }
        }
    }

    private static int begin(StreamNode node, StreamId id, boolean down) {
        int at = node.seek(id);
        boolean inside = !down || (at != ListPack.END && node.id(at).equals(id));
        return inside ? at : node.previous(at);
    }

    private static boolean visit(
            StreamNode node, int begin, StreamId from, StreamId to, boolean down, StreamValue.Visitor visitor) {
        List<byte[]> names = node.names();
        int at = begin;
        while (at != ListPack.END) {
            StreamId id = node.id(at);
            boolean past = down ? id.compareTo(from) < 0 : id.compareTo(to) > 0;
            if (past || !visitor.visit(id, node.content(at, names))) {
                return false;
            }
            at = down ? node.previous(at) : node.next(at);
        }
        return true;
    }

    /** Removes entries from the start while more than {@code keep} are left; whole nodes only where asked for. */
    long trimToLength(long keep, boolean whole, long limit) {
        int nodesGone = 0;
        long removed = 0;
        while (nodesGone < count && size - removed > keep) {
            int live = node(nodesGone).live();
            if ((limit > 0 && removed + live > limit) || size - removed - live < keep) {
                break;
            }
            removed += live;
            nodesGone++;
        }
        boolean limited =
                nodesGone < count && limit > 0 && removed + node(nodesGone).live() > limit;
        drop(0, nodesGone);
        while (!whole && !limited && size > keep) {
            remove(0, node(0).first());
            removed++;
        }
        return removed;
    }

    /** Removes entries from the start that are smaller than an id. */
    long trimToId(StreamId id, boolean whole, long limit) {
        int nodesGone = 0;
        long removed = 0;
        boolean limited = false;
        while (nodesGone < count && !limited) {
            StreamNode node = node(nodesGone);
            limited = limit > 0 && removed + node.live() > limit;
            if (limited || node.compareLast(id) >= 0) {
                break;
            }
            removed += node.live();
            nodesGone++;
        }
        drop(0, nodesGone);
        while (!whole && !limited && size > 0 && first().compareTo(id) < 0) {
            cut(0, node(0).first());
            removed++;
        }
        return removed;
    }

    /** One with the same, on the heap. */
    StreamNodes copy() {
        StreamNodes copy = new StreamNodes();
        copy.nodes = new StreamNode[Math.max(FEWEST, count)];
        for (int i = 0; i < count; i++) {
            StreamNode node = node(i).copy();
            copy.nodes[i] = node;
            copy.bytes += node.bytes();
        }
        copy.count = count;
        copy.size = size;
        return copy;
    }

    @Override
    public void settle(Blocks to) {
        moving = false;
        if (count == 0 || (blocks != null && !outside)) {
            return;
        }
        Blocks from = blocks == null ? to : blocks;
        blocks = from;
        outside = false;
        for (int i = 0; i < count && !outside; i++) {
            StreamNode node = node(i);
            measured(node, each -> each.pack().settle(from));
            outside = !node.pack().isHoused();
        }
    }

    @Override
    public void moving() {
        moving = blocks != null;
    }

    @Override
    public void stranded() {
        moving = false;
        release();
    }

    @Override
    public void leave() {
        if (!moving) {
            each(ListPack::leave);
        }
    }

    @Override
    public void release() {
        if (!moving) {
            each(ListPack::release);
        }
    }

    private void each(Consumer<ListPack> action) {
        bytes = 0;
        for (int i = 0; i < count; i++) {
            action.accept(node(i).pack());
            bytes += node(i).bytes();
        }
        blocks = null;
        outside = false;
    }

    @Override
    public int compact() {
        int moved = 0;
        for (int i = Math.min(count, LOOKED_AT_ONCE); i > 0 && moved < MOVED_AT_ONCE; i--) {
            looked = looked + 1 < count ? looked + 1 : 0;
            moved += node(looked).pack().compact();
        }
        return moved;
    }
}
