package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: the elements of a large list in packed nodes of up to half a page, each in a native place of its
 * own once a segment has the list. A longer element has a node for itself. Nodes are found through a ring, so that both ends are cheap.
 *
 * <p>Where the segment has no room a change throws, and the elements are as they were.
 */
final class ListNodes implements Elements {
    /** No place of an element. */
    static final long NOWHERE = -1;

    private static final int NODE = Blocks.LONGEST_PLACE;
    /** What a new node has room for. */
    private static final int BEGIN = NODE / 16;
    /** Two that follow each other and are together no longer become one. */
    private static final int MERGED = NODE / 2;

    /** A removal leaves two nodes shorter at most, so that so many pairs may have become short. */
    private static final int TOUCHED = 3;

    private static final int OBJECT = 64;
    private static final int MOVED_AT_ONCE = 64 << 10;
    private static final int LOOKED_AT_ONCE = 64;

    private final NodeRing ring = new NodeRing();
    private long size;
    /** What the nodes take. */
    private long bytes;

    private @Nullable Blocks blocks;
    /** Whether a node found no native memory. */
    private boolean outside;
    /** The node that was last asked for, and how many in a row are in native memory; begun anew where nodes come and go. */
    private int asked = -1;

    private int housed;

    private boolean moving;
    /** The node that was last looked at, for {@link #compact}. */
    private int looked;

    /** How many elements there are. */
    long size() {
        return size;
    }

    /** Bytes in use, as Redis counts them of one run. */
    long used() {
        long used = ListPack.EMPTY;
        for (int i = 0; i < nodes(); i++) {
            used += node(i).length();
        }
        return used;
    }

    /** How many nodes. */
    int nodes() {
        return ring.count();
    }

    /** What all of it takes. */
    long bytes() {
        return OBJECT + ring.bytes() + bytes;
    }

    /** A node, the first is 0. */
    ListPack node(int number) {
        return ring.node(number);
    }

    /** Keeps a node, at a number that it and those from there on have from now on. */
    void add(int number, ListPack node) {
        ring.insert(number, node);
        housed = 0;
        size += node.count();
        bytes += node.bytes();
        if (blocks == null) {
            blocks = node.blocks();
            outside = !node.isHoused();
        }
    }

    private void drop(int number) {
        drop(number, 1);
    }

    /** Forgets so many nodes, whose elements it counts, and gives their memory back; those behind or before them close the gap once. */
    private long drop(int number, int count) {
        long before = size;
        for (int i = number; i < number + count; i++) {
            ListPack gone = node(i);
            size -= gone.count();
            bytes -= gone.bytes();
            gone.release();
        }
        ring.cut(number, count);
        housed = 0;
        return before - size;
    }

    private ListPack fresh(int room) {
        Blocks from = blocks;
        return from == null ? new ListPack() : new ListPack(from, room);
    }

    private static boolean fits(ListPack node, int gone, int entry) {
        return node.length() - gone + (long) entry <= NODE;
    }

    /** Adds an element at an end. */
    void push(boolean left, byte[] value) {
        int entry = ListPackForm.entrySize(value);
        int number = left ? 0 : nodes() - 1;
        if (nodes() > 0 && fits(node(number), 0, entry)) {
            insert(number, left ? 0 : node(number).length(), value, entry);
            return;
        }
        add(left ? 0 : nodes(), alone(value, entry));
        if (nodes() > 1) {
            fit(left ? 1 : nodes() - 2);
        }
    }

    /** A node that is to be added, of one element. */
    private ListPack alone(byte[] value, int entry) {
        ListPack node = fresh(Math.max(entry, BEGIN));
        node.append(value);
        return node;
    }

    /** It is at no end any more, so it will hardly grow. */
    private void fit(int number) {
        ListPack node = node(number);
        bytes -= node.bytes();
        node.fit();
        bytes += node.bytes();
    }

    private void insert(int number, int at, byte[] value, int entry) {
        ListPack node = node(number);
        long before = node.bytes();
        node.reserve(entry);
        node.insert(at, value);
        bytes += node.bytes() - before;
        size++;
    }

    /** Takes the element at an end; there is one. */
    byte[] pop(boolean left) {
        int number = left ? 0 : nodes() - 1;
        ListPack node = node(number);
        int at = left ? node.first() : node.last();
        byte[] value = node.get(at);
        remove(number, at, 1);
        return value;
    }

    private void remove(int number, int at, int count) {
        ListPack node = node(number);
        if (at == 0 && count >= node.count()) {
            drop(number);
            return;
        }
        bytes -= node.bytes();
        size -= node.count();
        node.remove(at, count);
        size += node.count();
        bytes += node.bytes();
    }

    /** Where the element of an index is, negative from the end: the node above, the offset in it below; or {@link #NOWHERE}. */
    long place(long index) {
        long wanted = index < 0 ? index + size : index;
        if (wanted < 0 || wanted >= size) {
            return NOWHERE;
        }
        int number;
        long first;
        if (wanted < size / 2) {
            number = 0;
            first = 0;
            while (wanted >= first + node(number).count()) {
                first += node(number).count();
                number++;
            }
        } else {
            number = nodes() - 1;
            first = size - node(number).count();
            while (wanted < first) {
                number--;
                first -= node(number).count();
            }
        }
        return place(number, node(number).seek((int) (wanted - first)));
    }

    private static long place(int number, int at) {
        return (long) number << Integer.SIZE | at;
    }

    /** The node of a place. */
    static int number(long place) {
        return (int) (place >>> Integer.SIZE);
    }

    /** The offset of a place in its node. */
    static int offset(long place) {
        return (int) place;
    }

    /** Puts an element before the one at a place. */
    void insert(long place, byte[] value) {
        int entry = ListPackForm.entrySize(value);
        int number = number(place);
        int at = offset(place);
        if (fits(node(number), 0, entry)) {
            insert(number, at, value, entry);
            return;
        }
        if (at == 0 && number > 0 && fits(node(number - 1), 0, entry)) {
            insert(number - 1, node(number - 1).length(), value, entry);
        } else if (at == 0) {
            add(number, alone(value, entry));
        } else {
            insertBetween(number, at, value, entry);
        }
    }

    /** Divides a node that is too full at an offset that is not its begin, and has the element at the second one's begin, or between. */
    private void insertBetween(int number, int at, byte[] value, int entry) {
        ListPack node = node(number);
        boolean together = node.length() - at + (long) entry <= NODE;
        ListPack other = together ? null : alone(value, entry);
        ListPack behind;
        try {
            behind = behind(node, at, together ? entry : 0);
        } catch (NoRoomException e) {
            if (other != null) {
                other.release();
            }
            throw e;
        }
        cut(number, at, behind.count());
        if (other == null) {
            behind.insert(0, value);
        }
        shrink(number);
        add(number + 1, behind);
        if (other != null) {
            add(number + 1, other);
            merge(number);
        }
    }

    /** A node that is to be added, of the elements that another has from an offset on, with room for so much more. */
    private ListPack behind(ListPack node, int at, int more) {
        ListPack behind = fresh(node.length() - at + more);
        behind.appendFrom(node, at);
        return behind;
    }

    private void cut(int number, int at, int count) {
        ListPack node = node(number);
        node.cutFrom(at, count);
        size -= count;
    }

    private void shrink(int number) {
        ListPack node = node(number);
        bytes -= node.bytes();
        node.shrink();
        bytes += node.bytes();
    }

    /** Puts another element in the place of one. */
    void set(long place, byte[] value) {
        int entry = ListPackForm.entrySize(value);
        int number = number(place);
        int at = offset(place);
        ListPack node = node(number);
        int gone = node.sizeOf(at);
        if (fits(node, gone, entry) && node.length() <= NODE) {
            long before = node.bytes();
            node.reserve(Math.max(0, entry - gone));
            node.replace(at, value);
            bytes += node.bytes() - before;
            shrink(number);
            return;
        }
        ListPack other = alone(value, entry);
        if (at + gone < node.length()) {
            ListPack behind;
            try {
                behind = behind(node, at + gone, 0);
            } catch (NoRoomException e) {
                other.release();
                throw e;
            }
            cut(number, at + gone, behind.count());
            add(number + 1, behind);
        }
        add(number + 1, other);
        remove(number, at, 1);
    }

    /** Removes {@code count} elements from an index on, as far as they are there. */
    void remove(long index, long count) {
        long left = count;
        long place = count <= 0 ? NOWHERE : place(index);
        if (place == NOWHERE) {
            return;
        }
        int number = number(place);
        int at = offset(place);
        while (left > 0 && number < nodes()) {
            int whole = at > 0 ? 0 : whole(number, left);
            if (whole > 0) {
                left -= drop(number, whole);
            } else {
                ListPack node = node(number);
                int before = node.count();
                remove(number, at, (int) Math.min(left, before));
                left -= before - node.count();
                number++;
            }
            at = 0;
        }
        for (int i = 1; i <= TOUCHED; i++) {
            merge(number - i);
        }
    }

    /** How many nodes from one on have no more elements than so many together. */
    private int whole(int number, long elements) {
        long left = elements;
        int whole = 0;
        while (number + whole < nodes() && node(number + whole).count() <= left) {
            left -= node(number + whole).count();
            whole++;
        }
        return whole;
    }

    /** Makes one of two that are short. */
    private void merge(int number) {
        if (number < 0
                || number + 1 >= nodes()
                || node(number).length() + (long) node(number + 1).length() > MERGED) {
            return;
        }
        ListPack first = node(number);
        ListPack second = node(number + 1);
        long before = first.bytes();
        try {
            first.reserve(second.length());
        } catch (NoRoomException e) {
            // They stay two.
            return;
        }
        size += first.appendFrom(second, 0);
        bytes += first.bytes() - before;
        drop(number + 1);
    }

    /** One with the same, on the heap. */
    ListNodes copy() {
        ListNodes copy = new ListNodes();
        for (int i = 0; i < nodes(); i++) {
            copy.add(i, node(i).copy());
        }
        return copy;
    }

    @Override
    public void settle(Blocks to) {
        moving = false;
        boolean first = blocks == null;
        Blocks from = blocks == null ? to : blocks;
        blocks = from;
        outside |= first;
        housed = first ? 0 : housed;
        // Where memory was full a change looks at a few: each has its turn, and no change costs what all of them do.
        for (int i = first ? nodes() : LOOKED_AT_ONCE; i > 0 && outside && nodes() > 0; i--) {
            asked = asked + 1 < nodes() ? asked + 1 : 0;
            ListPack node = node(asked);
            bytes -= node.bytes();
            node.settle(from);
            bytes += node.bytes();
            housed = node.isHoused() ? housed + 1 : 0;
            outside = housed < nodes();
            if (housed == 0) {
                // The next one to be asked.
                asked--;
                return;
            }
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
        for (int i = 0; i < nodes(); i++) {
            action.accept(node(i));
            bytes += node(i).bytes();
        }
        blocks = null;
        outside = false;
    }

    @Override
    public int compact() {
        int moved = 0;
        for (int i = Math.min(nodes(), LOOKED_AT_ONCE); i > 0 && moved < MOVED_AT_ONCE; i--) {
            looked = looked + 1 < nodes() ? looked + 1 : 0;
            moved += node(looked).compact();
        }
        return moved;
    }
}
