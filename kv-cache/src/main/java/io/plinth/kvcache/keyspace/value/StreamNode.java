package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.stream.RadixTree;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.ArrayList;
import java.util.List;

/**
 * Guarded by its key's segment lock: entries of a stream that follow each other, as Redis's listpacks have them: the number of the first
 * one's fields, these, 0; then of each entry flags, what its id is over the node's first (milliseconds, sequence), fields and values in
 * turn behind their number, or values alone where the fields are the first one's, and how many elements these were.
 *
 * <p>An entry is named by the offset where it starts. What Redis counts of entries that are gone is known still, as it decides
 * when a node is full; their bytes are not kept but for those at the front, which go together.
 */
final class StreamNode {
    /** This object and what refers to it. */
    static final int OBJECT = 76;

    private static final int SAME_FIELDS = 2;
    /** The elements of an entry beside its fields and values: with the first one's fields, and with its own. */
    private static final int AROUND_SAME = 3;

    private static final int AROUND_OWN = 4;
    /** Redis's limit of a node's bytes where the configuration has none. */
    private static final long LONGEST = 1L << 30;

    /** What flags, id and counts of an entry take at most, about. */
    private static final int HEAD = 40;

    private final ListPack pack;
    private final long baseMillis;
    private final long baseSequence;
    private long lastMillis;
    private long lastSequence;
    /** Where entries begin, and where those that are there do. */
    private int begin;

    private int front;
    private int live;
    private int deleted;
    /** Bytes that Redis would have for what is gone. */
    private int gone;

    /** One whose first entry has these fields; its pack has none yet, and room. */
    StreamNode(ListPack pack, StreamId base, ListPackForm.Writer head) {
        this.pack = pack;
        this.baseMillis = base.millis();
        this.baseSequence = base.sequence();
        this.lastMillis = base.millis();
        this.lastSequence = base.sequence();
        pack.append(head);
        this.begin = pack.length();
        this.front = begin;
    }

    private StreamNode(StreamNode other) {
        pack = other.pack.copy();
        baseMillis = other.baseMillis;
        baseSequence = other.baseSequence;
        lastMillis = other.lastMillis;
        lastSequence = other.lastSequence;
        begin = other.begin;
        front = other.front;
        live = other.live;
        deleted = other.deleted;
        gone = other.gone;
    }

    StreamNode copy() {
        return new StreamNode(this);
    }

    /** What a node says of the fields of its first entry. */
    static ListPackForm.Writer head(List<byte[]> fields) {
        ListPackForm.Writer head = new ListPackForm.Writer(HEAD + lengths(fields) / 2);
        head.add(fields.size() / 2);
        for (int i = 0; i < fields.size(); i += 2) {
            head.add(fields.get(i));
        }
        head.add(0);
        return head;
    }

    private static int lengths(List<byte[]> fields) {
        long sum = 0;
        for (byte[] field : fields) {
            sum += field.length;
        }
        return (int) Math.min(sum, Integer.MAX_VALUE / 2);
    }

    ListPack pack() {
        return pack;
    }

    /** What the ids of its entries are kept over. */
    StreamId base() {
        return new StreamId(baseMillis, baseSequence);
    }

    /** Adds what the node is found by. */
    void key(RadixTree tree) {
        tree.add(baseMillis, baseSequence);
    }

    /** It had an entry with this id, larger than those it has. */
    void had(StreamId id) {
        lastMillis = id.millis();
        lastSequence = id.sequence();
    }

    /** How the largest id it ever had compares to one. */
    int compareLast(StreamId id) {
        return StreamId.compare(lastMillis, lastSequence, id.millis(), id.sequence());
    }

    private int compare(int at, StreamId id) {
        int millis = pack.next(at);
        return StreamId.compare(
                baseMillis + pack.integer(millis),
                baseSequence + pack.integer(pack.next(millis)),
                id.millis(),
                id.sequence());
    }

    /** How many entries are there. */
    int live() {
        return live;
    }

    /** How many are not any more. */
    int deleted() {
        return deleted;
    }

    long bytes() {
        return OBJECT + pack.bytes();
    }

    /** How long Redis's listpack of the same would be. */
    private long used() {
        return (long) gone + pack.used() + ListPackForm.countSize(live) + ListPackForm.countSize(deleted);
    }

    /** Says what Redis had of it when it was read from there. */
    void was(int deletedEntries, long used) {
        deleted = deletedEntries;
        gone = (int) Math.clamp(used - used(), 0, LONGEST);
    }

    /** Whether Redis begins another node for these. */
    boolean full(List<byte[]> fields, Packing packing) {
        int most = packing.streamBytes();
        return used() + lengths(fields) >= (most <= 0 || most > LONGEST ? LONGEST : most)
                || (packing.streamEntries() > 0 && live + deleted >= packing.streamEntries());
    }

    /** An entry that is to be added. */
    ListPackForm.Writer entry(StreamId id, List<byte[]> fields) {
        boolean same = sameFields(fields);
        ListPackForm.Writer entry = new ListPackForm.Writer(HEAD + lengths(fields) + 6 * fields.size());
        int pairs = fields.size() / 2;
        entry.add(same ? SAME_FIELDS : 0);
        entry.add(id.millis() - baseMillis);
        entry.add(id.sequence() - baseSequence);
        if (!same) {
            entry.add(pairs);
        }
        for (int i = 0; i < fields.size(); i++) {
            if (!same || i % 2 == 1) {
                entry.add(fields.get(i));
            }
        }
        entry.add(same ? AROUND_SAME + pairs : AROUND_OWN + 2 * pairs);
        return entry;
    }

    private boolean sameFields(List<byte[]> fields) {
        if (pack.integer(0) != fields.size() / 2) {
            return false;
        }
        int at = pack.next(0);
        for (int i = 0; i < fields.size(); i += 2) {
            if (!pack.is(at, fields.get(i), 0, fields.get(i).length)) {
                return false;
            }
            at = pack.next(at);
        }
        return true;
    }

    /** Adds an entry that {@link #entry} made. */
    void append(StreamId id, ListPackForm.Writer entry) {
        pack.append(entry);
        live++;
        lastMillis = id.millis();
        lastSequence = id.sequence();
    }

    /** The first entry, or {@link ListPack#END}. */
    int first() {
        return front == pack.length() ? ListPack.END : front;
    }

    /** The last entry, or {@link ListPack#END}. */
    int top() {
        return previous(ListPack.END);
    }

    /** The entry before one, or the last one before {@link ListPack#END}; or that where there is none. */
    int previous(int at) {
        if (at == front || front == pack.length()) {
            return ListPack.END;
        }
        int start = at == ListPack.END ? pack.last() : pack.previous(at);
        for (long left = pack.integer(start); left > 0; left--) {
            start = pack.previous(start);
        }
        return start;
    }

    /** The entry after one, or {@link ListPack#END}. */
    int next(int at) {
        int place = behindId(at);
        long elements = pack.integer(0);
        if ((pack.integer(at) & SAME_FIELDS) == 0) {
            elements = 2 * pack.integer(place);
            place = pack.next(place);
        }
        for (long left = elements; left >= 0; left--) {
            place = pack.next(place);
        }
        return place;
    }

    private int behindId(int at) {
        return pack.next(pack.next(pack.next(at)));
    }

    /** The id of an entry. */
    StreamId id(int at) {
        int millis = pack.next(at);
        return new StreamId(baseMillis + pack.integer(millis), baseSequence + pack.integer(pack.next(millis)));
    }

    /** The fields that entries share. */
    List<byte[]> names() {
        int count = (int) pack.integer(0);
        List<byte[]> names = new ArrayList<>(count);
        int at = 0;
        for (int i = 0; i < count; i++) {
            at = pack.next(at);
            names.add(pack.get(at));
        }
        return names;
    }

    /** Fields and values of an entry in turn. */
    List<byte[]> content(int at, List<byte[]> names) {
        int place = behindId(at);
        if ((pack.integer(at) & SAME_FIELDS) != 0) {
            List<byte[]> content = new ArrayList<>(2 * names.size());
            for (byte[] name : names) {
                content.add(name);
                content.add(pack.get(place));
                place = pack.next(place);
            }
            return content;
        }
        int count = 2 * (int) pack.integer(place);
        List<byte[]> content = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            place = pack.next(place);
            content.add(pack.get(place));
        }
        return content;
    }

    /** The first entry whose id is not smaller, or {@link ListPack#END}. Looked for from the end that is likely nearer. */
    int seek(StreamId id) {
        if (StreamId.compare(baseMillis, baseSequence, id.millis(), id.sequence()) >= 0) {
            return first();
        }
        if ((id.millis() - baseMillis) << 1 >= lastMillis - baseMillis) {
            int found = ListPack.END;
            for (int at = top(); at != ListPack.END && compare(at, id) >= 0; at = previous(at)) {
                found = at;
            }
            return found;
        }
        int at = first();
        while (at != ListPack.END && compare(at, id) < 0) {
            at = next(at);
        }
        return at;
    }

    /** Removes an entry. */
    void remove(int at) {
        int next = next(at);
        int end = next == ListPack.END ? pack.length() : next;
        live--;
        deleted++;
        if (at != front) {
            give(at, end);
            return;
        }
        front = end;
        if (front - begin > pack.length() - front) {
            give(begin, front);
            front = begin;
        }
    }

    private void give(int at, int end) {
        gone = (int) Math.min(LONGEST, gone + (long) end - at);
        pack.remove(at, end, pack.elements(at, end));
    }

    /** As Redis dumps it, without what is gone. */
    ListPack dumped() {
        ListPack dump = new ListPack();
        dump.append(live);
        dump.append(0);
        dump.appendFrom(pack, 0, begin);
        dump.appendFrom(pack, front, pack.length());
        return dump;
    }
}
