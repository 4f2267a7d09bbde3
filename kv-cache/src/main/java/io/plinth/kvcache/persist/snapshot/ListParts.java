package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by the list's segment's lock: how far a list is written in parts while it changes. Its changes name places; those before
 * the place that is reached are kept and written ahead of the next part, and that place moves with what comes and goes before it. So
 * what the parts come to is the list as it is when the last one is written.
 */
final class ListParts implements ChangeListener {
    /** {@code index 8 | element}. */
    private static final int INSERTED = 1;
    /** {@code index 8 | element}. */
    private static final int ELEMENT = 2;
    /** {@code index 8 | count 8}. */
    private static final int CUT = 3;

    private static final int STEP = 32;
    /** What is kept of changes between two parts. */
    private static final int MOST_KEPT = 1 << 20;
    /** A list may grow by as much again, and so many elements, while it is written. */
    private static final long MORE = 100_000;

    private final int db;
    private final byte[] key;
    private final long most;
    private final ByteSink changes = new ByteSink();
    /** The elements before are written. */
    private long reached;

    private long written;
    private boolean futile;

    ListParts(int db, byte[] key, long size) {
        this.db = db;
        this.key = key;
        this.most = 2 * size + MORE;
    }

    /** Whether what is written is of no use: it is another list now, or changed too much. */
    boolean futile() {
        return futile || written > most;
    }

    /** Whether there are changes to be written before the next elements. */
    boolean changed() {
        return changes.size() > 0;
    }

    /** Appends these. */
    void changes(ByteSink sink) {
        sink.raw(changes.array(), 0, changes.size());
        changes.clear();
    }

    /** Appends about so many elements; answers whether these were the last. */
    boolean write(ListValue list, int count, int bytes, ByteSink sink) {
        int enough = sink.size() + bytes;
        long end = reached + count;
        while (reached < end && reached < list.size() && sink.size() < enough) {
            long step = Math.min(STEP, list.size() - reached);
            list.range(reached, step, sink::block);
            reached += step;
            written += step;
        }
        return reached >= list.size();
    }

    private static long number(byte @Nullable [] bytes) {
        return bytes == null ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    @Override
    public void changed(Change change) {
        if (change.kind() == Change.Kind.FLUSHED) {
            futile |= change.db() == db;
            return;
        }
        if (change.db() != db || !Arrays.equals(change.key(), key)) {
            return;
        }
        byte[] value = change.value();
        switch (change.kind()) {
            case HEAD -> inserted(0, value);
            case INSERTED -> inserted(number(change.field()), value);
            case ELEMENT -> {
                long index = number(change.field());
                if (index < reached && value != null) {
                    keep(ELEMENT, index);
                    changes.block(value);
                }
            }
            case CUT -> {
                long index = number(change.field());
                long gone = Math.min(reached - index, number(value));
                if (gone > 0) {
                    keep(CUT, index);
                    changes.u8(gone);
                    reached -= gone;
                }
            }
            case TAIL, EXPIRY -> {
                // It is not reached, or in every part.
            }
            default -> futile = true;
        }
    }

    private void inserted(long index, byte @Nullable [] value) {
        if (index < reached && value != null) {
            keep(INSERTED, index);
            changes.block(value);
            reached++;
        }
    }

    private void keep(int kind, long index) {
        if (changes.size() > MOST_KEPT) {
            futile = true;
            changes.clear();
        }
        changes.u1(kind);
        changes.u8(index);
    }

    /** Makes changes to what the parts before came to. */
    static void change(ByteBuffer in, ListValue list, Packing packing) throws RdbException {
        visit(in, new ListEdits() {
            private void inside(long index, long count) throws RdbException {
                if (index < 0 || count <= 0 || index > list.size() - count) {
                    throw new RdbException("part: a change at " + index + " (expected: inside the list)");
                }
            }

            @Override
            public void insert(long index, long at) throws RdbException {
                inside(index, 1);
                list.insert(index, Values.block(in), packing);
            }

            @Override
            public void set(long index, long at) throws RdbException {
                inside(index, 1);
                list.set(index, Values.block(in), packing);
            }

            @Override
            public void cut(long index, long count) throws RdbException {
                inside(index, count);
                list.remove(index, count, packing);
            }
        });
    }

    /** Tells of changes. Who is told of an element may read it; what is not read is passed over. */
    static void visit(ByteBuffer in, ListEdits edits) throws RdbException {
        while (in.hasRemaining()) {
            int kind = in.get();
            long index = in.getLong();
            if (kind == CUT) {
                edits.cut(index, in.getLong());
                continue;
            }
            int at = in.position();
            switch (kind) {
                case INSERTED -> edits.insert(index, at);
                case ELEMENT -> edits.set(index, at);
                default -> throw new RdbException("part: " + kind + " (expected: a change of a list)");
            }
            in.position(at);
            Values.view(in);
        }
    }
}
