package io.plinth.kvcache.persist.copy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Owned by the thread that makes copies: the elements of a list as pieces that lie in files, each some elements behind one another. What it
 * takes follows from how many pieces there are, not from what they hold.
 */
final class Pieces {
    /** Pieces in a block, so that none is found or moved at the cost of all. */
    private static final int MOST = 256;

    private static final int EACH = Long.BYTES + Integer.BYTES;

    private final List<Block> blocks = new ArrayList<>();
    private final Reader reader;
    private long size;

    /** Knows what lies at a place. */
    interface Reader {
        /** Where the element lies that is so many behind the one at a place. */
        long behind(long place, int elements);
    }

    /** Sees pieces. */
    interface Visitor {
        void piece(long place, int elements);
    }

    private static final class Block {
        final long[] places = new long[MOST];
        final int[] counts = new int[MOST];
        int used;
        long elements;

        void put(int at, long place, int count) {
            System.arraycopy(places, at, places, at + 1, used - at);
            System.arraycopy(counts, at, counts, at + 1, used - at);
            places[at] = place;
            counts[at] = count;
            used++;
            elements += count;
        }

        void drop(int at) {
            elements -= counts[at];
            used--;
            System.arraycopy(places, at + 1, places, at, used - at);
            System.arraycopy(counts, at + 1, counts, at, used - at);
        }
    }

    Pieces(Reader reader) {
        this.reader = reader;
    }

    /** How many elements there are. */
    long size() {
        return size;
    }

    /** What it takes of the heap, about. */
    long bytes() {
        return (long) blocks.size() * MOST * EACH;
    }

    /** Adds so many elements at the end. */
    void append(long place, int elements) {
        if (elements > 0) {
            put(blocks.size() - 1, blocks.isEmpty() ? 0 : blocks.getLast().used, place, elements);
        }
    }

    private void put(int number, int at, long place, int elements) {
        size += elements;
        if (number < 0) {
            Block first = new Block();
            first.put(0, place, elements);
            blocks.add(first);
            return;
        }
        Block block = blocks.get(number);
        if (block.used < MOST) {
            block.put(at, place, elements);
            return;
        }
        // What is added in order leaves full blocks behind.
        int half = at == MOST ? MOST : MOST / 2;
        Block next = new Block();
        System.arraycopy(block.places, half, next.places, 0, MOST - half);
        System.arraycopy(block.counts, half, next.counts, 0, MOST - half);
        next.used = MOST - half;
        next.elements = Arrays.stream(next.counts, 0, next.used).asLongStream().sum();
        block.used = half;
        block.elements -= next.elements;
        blocks.add(number + 1, next);
        if (at <= half && half < MOST) {
            block.put(at, place, elements);
        } else {
            next.put(at - half, place, elements);
        }
    }

    /** Has a piece begin with the element of an index, which is inside; answers its block above, its number there below. */
    private long split(long index) {
        long left = index;
        int number = 0;
        while (left >= blocks.get(number).elements) {
            left -= blocks.get(number).elements;
            number++;
        }
        Block block = blocks.get(number);
        int at = 0;
        while (left >= block.counts[at]) {
            left -= block.counts[at];
            at++;
        }
        if (left == 0) {
            return (long) number << Integer.SIZE | at;
        }
        int before = (int) left;
        long place = reader.behind(block.places[at], before);
        int behind = block.counts[at] - before;
        block.counts[at] = before;
        block.elements -= behind;
        size -= behind;
        put(number, at + 1, place, behind);
        return split(index);
    }

    /** Puts an element before the one at an index; at the size it becomes the last. */
    void insert(long index, long place) {
        if (index < 0 || index > size) {
            throw new IndexOutOfBoundsException("an element at " + index + " of a list of " + size);
        }
        if (index == size) {
            append(place, 1);
        } else {
            long found = split(index);
            put((int) (found >>> Integer.SIZE), (int) found, place, 1);
        }
    }

    /** Removes elements from an index on. */
    void cut(long index, long count) {
        if (index < 0 || count < 0 || index > size - count) {
            throw new IndexOutOfBoundsException(count + " elements from " + index + " on of a list of " + size);
        }
        if (index + count < size) {
            split(index + count);
        }
        for (long left = count; left > 0; ) {
            long found = split(index);
            int number = (int) (found >>> Integer.SIZE);
            Block block = blocks.get(number);
            int elements = block.counts[(int) found];
            block.drop((int) found);
            left -= elements;
            size -= elements;
            if (block.used == 0) {
                blocks.remove(number);
            }
        }
    }

    /** Puts another element in the place of one. */
    void set(long index, long place) {
        cut(index, 1);
        insert(index, place);
    }

    /** Visits all pieces. */
    void forEach(Visitor visitor) {
        for (Block block : blocks) {
            for (int i = 0; i < block.used; i++) {
                visitor.piece(block.places[i], block.counts[i]);
            }
        }
    }
}
