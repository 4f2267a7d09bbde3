package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Owned by who reads an image: a collection, or a long string, that is there in parts, which are read one at a time where they lie. */
public final class LargeValue {
    private final Image image;
    private final int db;
    private final byte[] key;
    private final ValueType type;
    private final boolean dumped;
    private long[] places = new long[4];
    private int count;
    private long sequence;
    private long expireAt;
    private long bytes;
    private boolean whole;
    private boolean changed;

    LargeValue(Image image, Part first) throws RdbException {
        this.image = image;
        this.db = first.db;
        this.key = first.key;
        this.type = first.type();
        this.dumped = first.isWhole();
    }

    /** The next part, at a place of the image. */
    void add(long at, Block head, Part part) throws RdbException {
        if (part.number != count || whole) {
            throw new RdbException("part: " + part.number + " (expected: " + count + ")");
        }
        places = count == places.length ? Arrays.copyOf(places, 2 * count) : places;
        places[count++] = at;
        sequence = head.sequence();
        expireAt = part.expireAt;
        bytes += head.length();
        whole = part.last;
        changed |= part.isChanges();
    }

    /** Whether a part is of the same key. */
    boolean continues(Part part) {
        return part.db == db && part.number > 0 && Arrays.equals(part.key, key);
    }

    /** The database of the records. */
    public int db() {
        return db;
    }

    /** The key. */
    public byte[] key() {
        return key;
    }

    /** What it is. */
    public ValueType type() {
        return type;
    }

    /** Whether its last part is there: it is not where the key went before that was written. */
    public boolean whole() {
        return whole;
    }

    /** Whether it is one payload of DUMP after all. */
    public boolean dumped() {
        return dumped;
    }

    /** Whether some parts change those before them, as they do of a list. */
    public boolean changed() {
        return changed;
    }

    /** The segment's last change that it has. */
    public long sequence() {
        return sequence;
    }

    /** Unix milliseconds, or {@link io.plinth.kvcache.keyspace.Entry#NEVER}. */
    public long expireAt() {
        return expireAt;
    }

    /** What its parts take in the file. */
    public long bytes() {
        return bytes;
    }

    /** How many parts there are. */
    public int parts() {
        return count;
    }

    private Part part(int number) throws IOException {
        try {
            return Part.read(image.body(places[number]));
        } catch (RdbException e) {
            throw new IOException("copy: part " + number + " of a key: " + e.getMessage(), e);
        }
    }

    /** Whether a part has elements whose hashes are among those from one on, before another. Of a hash or a set, sorted or not. */
    public boolean overlaps(int number, long from, long upto) {
        Block head = image.head(places[number]);
        long end = head.upto() == 0 ? KeyTable.END : head.upto();
        return head.from() < upto && end > from;
    }

    /** The elements of a part behind one another: a field is a length and the bytes; or the changes of a list. */
    public ByteBuffer elements(int number) throws IOException {
        return part(number).elements();
    }

    /** Where the elements of a part begin in the image. */
    public long place(int number) throws IOException {
        return places[number] + Block.HEAD + part(number).elements().position();
    }

    /** Whether a part has changes of a list. */
    public boolean changes(int number) throws IOException {
        return part(number).isChanges();
    }

    /** The bytes of a string, piece by piece, where they lie. */
    public List<ByteBuffer> string() throws IOException {
        List<ByteBuffer> pieces = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            try {
                pieces.add(part(i).view());
            } catch (RdbException e) {
                throw new IOException("copy: " + e.getMessage(), e);
            }
        }
        return pieces;
    }

    /** The list, as a whole. */
    public ListValue list(Packing packing) throws IOException {
        ListValue list = new ListValue();
        try {
            for (int i = 0; i < count; i++) {
                Part part = part(i);
                if (part.isChanges()) {
                    ListParts.change(part.elements(), list, packing);
                } else {
                    part.push(list, packing);
                }
            }
        } catch (RdbException e) {
            throw new IOException("copy: " + e.getMessage(), e);
        }
        return list;
    }

    /** Tells of a part's changes of a list; elements by their places in the image. */
    public void edits(int number, ListEdits edits) throws IOException {
        long body = places[number] + Block.HEAD;
        try {
            ListParts.visit(part(number).elements(), new ListEdits() {
                @Override
                public void insert(long index, long at) throws RdbException {
                    edits.insert(index, body + at);
                }

                @Override
                public void set(long index, long at) throws RdbException {
                    edits.set(index, body + at);
                }

                @Override
                public void cut(long index, long count) throws RdbException {
                    edits.cut(index, count);
                }
            });
        } catch (RdbException e) {
            throw new IOException("copy: " + e.getMessage(), e);
        }
    }

    /** Sees what a part of a stream has. */
    public void stream(int number, StreamValue counts, StreamEntries entries) throws IOException {
        try {
            StreamParts.read(part(number).elements(), counts, entries);
        } catch (RdbException e) {
            throw new IOException("copy: " + e.getMessage(), e);
        }
    }
}
