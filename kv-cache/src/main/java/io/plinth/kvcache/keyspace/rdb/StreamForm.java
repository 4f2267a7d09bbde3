package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.wire.Numbers;
import java.util.ArrayList;
import java.util.List;

/** Owned by its reader: fills a stream from Redis's listpacks of entries, one for each node of its radix tree. */
final class StreamForm {
    private static final int DELETED = 1;
    private static final int SAME_FIELDS = 2;

    private final StreamValue stream;
    /** The largest id so far, of entries that are gone, too. */
    private StreamId top = StreamId.MIN;

    /** The node that is read: its elements, the one that is next, and the fields of its first entry. */
    private List<byte[]> elements = List.of();

    private int at;
    private List<byte[]> names = List.of();

    StreamForm(StreamValue stream) {
        this.stream = stream;
    }

    /** Adds a node. One without entries is kept as the first only, as trimming leaves it in Redis. */
    void add(StreamId base, ListPack pack) throws RdbException {
        elements = RdbReader.elements(pack);
        at = 0;
        long live = number();
        long deleted = number();
        int fields = Math.toIntExact(number());
        names = elements.subList(at, at + fields);
        at += fields + 1;
        boolean begun = false;
        for (long i = 0; i < live + deleted; i++) {
            begun |= entry(base, begun);
        }
        if (!begun && stream.nodes() == 0) {
            stream.beginEmpty(base, base.compareTo(top) < 0 ? top : base, withoutValues());
            begun = true;
        }
        if (begun && deleted > 0) {
            stream.had(top);
            stream.was(Math.toIntExact(deleted), pack.used());
        }
    }

    /** Answers whether the entry is there. */
    private boolean entry(StreamId base, boolean begun) throws RdbException {
        long flags = number();
        StreamId id = new StreamId(base.millis() + number(), base.sequence() + number());
        boolean same = (flags & SAME_FIELDS) != 0;
        long pairs = same ? names.size() : number();
        List<byte[]> fields = new ArrayList<>();
        for (int k = 0; k < pairs; k++) {
            fields.add(same ? names.get(k) : elements.get(at++));
            fields.add(elements.get(at++));
        }
        at++;
        if (id.compareTo(top) <= 0) {
            throw new RdbException("entry: out of order");
        }
        top = id;
        if ((flags & DELETED) != 0) {
            return false;
        }
        if (begun) {
            stream.add(id, fields);
        } else {
            stream.begin(base, id, fields);
        }
        return true;
    }

    private List<byte[]> withoutValues() {
        List<byte[]> fields = new ArrayList<>();
        for (byte[] name : names) {
            fields.add(name);
            fields.add(new byte[0]);
        }
        return fields;
    }

    private long number() throws RdbException {
        byte[] text = elements.get(at++);
        if (!Numbers.isLong(text, 0, text.length)) {
            throw new RdbException("entry: damaged");
        }
        return Numbers.parse(text, 0, text.length);
    }
}
