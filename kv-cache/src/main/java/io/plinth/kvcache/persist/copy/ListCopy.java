package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.persist.snapshot.Image;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import io.plinth.kvcache.persist.snapshot.ListEdits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Owned by the thread that makes copies: lists. A large one's elements are written from where they lie, in the order that changes came to. */
final class ListCopy {
    /** Of the memory that copies may take, what a list takes in files at most that is brought back instead. */
    private static final int SHARE = 8;

    /** A place in the file of changes; without it one in the image. */
    private static final long IN_CHANGES = 1L << 62;
    /** The number of an element that is on the heap. */
    private static final long ON_HEAP = 1L << 61;

    private final Image image;
    private final ChangeFile changes;
    private final long memory;

    ListCopy(Image image, ChangeFile changes, long memory) {
        this.image = image;
        this.changes = changes;
        this.memory = memory;
    }

    private static int count(ByteBuffer elements) throws IOException {
        int count = 0;
        try {
            while (elements.hasRemaining()) {
                Values.view(elements);
                count++;
            }
        } catch (RdbException e) {
            throw new IOException("copy: an element: " + e.getMessage(), e);
        }
        return count;
    }

    /** Writes one whose last parts have all of it; answers whether there is something. */
    boolean write(LargeValue large, int db, RdbFileWriter out) throws IOException {
        long count = 0;
        for (int i = 0; i < large.parts(); i++) {
            count += count(large.elements(i));
        }
        if (count == 0) {
            return false;
        }
        RdbWriter to = out.key(db, large.key(), ChangedKey.expiry(large.expireAt()), RdbWriter.LIST);
        to.length(count);
        for (int i = 0; i < large.parts(); i++) {
            ByteBuffer in = large.elements(i);
            while (in.hasRemaining()) {
                to.string(element(in));
            }
        }
        return true;
    }

    private static ByteBuffer element(ByteBuffer in) throws IOException {
        try {
            return Values.view(in);
        } catch (RdbException e) {
            throw new IOException("copy: an element: " + e.getMessage(), e);
        }
    }

    /** Writes one that changed, while its parts were written or since; answers whether there is something. */
    boolean write(ChangedKey key, RdbFileWriter out) throws IOException {
        if (key.bytes() > memory / SHARE) {
            return pieces(key, out);
        }
        LargeValue large = key.large();
        ListValue list = large != null
                ? large.list(Packing.DEFAULT)
                : key.value() instanceof ListValue before ? before : new ListValue();
        key.forEach((change, valueAt) -> change(list, change));
        if (list.size() == 0) {
            return false;
        }
        key.write(out, list);
        return true;
    }

    private static void change(ListValue list, ChangeRecord change) throws RdbException {
        switch (change.kind()) {
            case HEAD -> list.push(true, ChangeRecord.bytes(change.value()), Packing.DEFAULT);
            case TAIL -> list.push(false, ChangeRecord.bytes(change.value()), Packing.DEFAULT);
            case ELEMENT -> list.set(inside(list, change, 1), ChangeRecord.bytes(change.value()), Packing.DEFAULT);
            case INSERTED -> list.insert(inside(list, change, 0), ChangeRecord.bytes(change.value()), Packing.DEFAULT);
            case CUT -> {
                long count = ChangeRecord.number(change.value(), 0);
                list.remove(inside(list, change, count), count, Packing.DEFAULT);
            }
            default -> throw new RdbException(change.kind() + " (expected: one of a list)");
        }
    }

    private static long inside(ListValue list, ChangeRecord change, long count) throws RdbException {
        long index = ChangeRecord.number(change.field(), 0);
        if (index < 0 || count < 0 || index > list.size() - count) {
            throw new RdbException(change.kind() + " at " + index + " of a list of " + list.size());
        }
        return index;
    }

    private boolean pieces(ChangedKey key, RdbFileWriter out) throws IOException {
        List<byte[]> heap = new ArrayList<>();
        Pieces pieces = new Pieces((place, elements) -> behind(place, elements));
        if (key.value() instanceof ListValue before) {
            before.range(0, before.size(), element -> {
                pieces.append(ON_HEAP | heap.size(), 1);
                heap.add(element);
            });
        }
        LargeValue large = key.large();
        for (int i = 0; large != null && i < large.parts(); i++) {
            if (large.changes(i)) {
                large.edits(i, edits(pieces));
            } else {
                pieces.append(large.place(i), count(large.elements(i)));
            }
            room(pieces);
        }
        key.forEach((change, valueAt) -> change(pieces, change, IN_CHANGES | valueAt));
        if (pieces.size() == 0) {
            return false;
        }
        RdbWriter to = key.begin(out, RdbWriter.LIST);
        to.length(pieces.size());
        pieces.forEach((place, elements) -> {
            long at = place;
            for (int i = 0; i < elements; i++) {
                ByteBuffer element =
                        (at & ON_HEAP) != 0 ? ByteBuffer.wrap(heap.get((int) (at & ~ON_HEAP))) : string(at);
                at += Integer.BYTES + element.remaining();
                to.string(element);
            }
        });
        return true;
    }

    private ByteBuffer string(long place) {
        return (place & IN_CHANGES) != 0 ? changes.at(place & ~IN_CHANGES) : image.at(place);
    }

    /** Where the element lies that is so many behind one. */
    private long behind(long place, int elements) {
        long at = place;
        for (int i = 0; i < elements; i++) {
            at += Integer.BYTES + string(at).remaining();
        }
        return at;
    }

    private void room(Pieces pieces) throws IOException {
        if (pieces.bytes() > memory) {
            throw new IOException(CopyWriter.tooMuch(memory));
        }
    }

    private static ListEdits edits(Pieces pieces) {
        return new ListEdits() {
            @Override
            public void insert(long index, long at) {
                pieces.insert(index, at);
            }

            @Override
            public void set(long index, long at) {
                pieces.set(index, at);
            }

            @Override
            public void cut(long index, long count) {
                pieces.cut(index, count);
            }
        };
    }

    private void change(Pieces pieces, ChangeRecord change, long valueAt) throws RdbException {
        if (pieces.bytes() > memory) {
            throw new RdbException(CopyWriter.tooMuch(memory));
        }
        switch (change.kind()) {
            case HEAD -> pieces.insert(0, valueAt);
            case TAIL -> pieces.append(valueAt, 1);
            case ELEMENT -> pieces.set(ChangeRecord.number(change.field(), 0), valueAt);
            case INSERTED -> pieces.insert(ChangeRecord.number(change.field(), 0), valueAt);
            case CUT -> pieces.cut(ChangeRecord.number(change.field(), 0), ChangeRecord.number(change.value(), 0));
            default -> throw new RdbException(change.kind() + " (expected: one of a list)");
        }
    }
}
