package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.persist.effect.StreamChange;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Owned by the thread that makes copies: which entries of a stream went after the image had it, and which came. Those that came are held by
 * their ids and places.
 */
final class StreamEdits {
    /** Of one that is removed, in a set. */
    private static final int REMOVED = 100;

    private static final int FEW = 16;

    private final Set<StreamId> removed = new HashSet<>();
    /** The image's entries from there on were told again, where they still are. */
    private StreamId upto = StreamId.MAX;

    private boolean again;
    /** Those before are gone. */
    private StreamId from = StreamId.MIN;

    private boolean none;
    private long[] millis = new long[FEW];
    private long[] sequences = new long[FEW];
    private long[] places = new long[FEW];
    private int begin;
    private int end;

    /** Sees those that came. */
    interface Visitor {
        /** The next one; the change's value stands at a place of the file of changes. */
        void entry(StreamId id, long place) throws RdbException;
    }

    /** The next change, whose value stands at a place. */
    void change(StreamChange change, long place) {
        switch (change.effect()) {
            case "add" -> add(change.id(0), place);
            case "remove" -> remove(change.id(0));
            case "below" -> {
                StreamId below = change.id(0);
                from = from.compareTo(below) < 0 ? below : from;
                while (begin < end && id(begin).compareTo(below) < 0) {
                    begin++;
                }
            }
            case "trim" -> {
                // Told so only where the largest id there can be is the last: none is left.
                none = true;
                begin = end;
            }
            default -> {
                // It is about groups, or about what is counted.
                return;
            }
        }
    }

    private StreamId id(int index) {
        return new StreamId(millis[index], sequences[index]);
    }

    private void add(StreamId id, long place) {
        upto = !again || id.compareTo(upto) < 0 ? id : upto;
        again = true;
        while (begin < end && id(end - 1).compareTo(id) >= 0) {
            end--;
        }
        if (end == millis.length) {
            int more = end + (end >> 1);
            millis = Arrays.copyOf(millis, more);
            sequences = Arrays.copyOf(sequences, more);
            places = Arrays.copyOf(places, more);
        }
        millis[end] = id.millis();
        sequences[end] = id.sequence();
        places[end] = place;
        end++;
    }

    private void remove(StreamId id) {
        removed.add(id);
        int low = begin;
        int high = end;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (id(middle).compareTo(id) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < end && id(low).equals(id)) {
            System.arraycopy(millis, low + 1, millis, low, end - low - 1);
            System.arraycopy(sequences, low + 1, sequences, low, end - low - 1);
            System.arraycopy(places, low + 1, places, low, end - low - 1);
            end--;
        }
    }

    /** Whether an entry of the image is still there, and not among those that came. */
    boolean keeps(StreamId id) {
        return !none && id.compareTo(from) >= 0 && (!again || id.compareTo(upto) < 0) && !removed.contains(id);
    }

    /** What it takes of the heap, about. */
    long bytes() {
        return (long) REMOVED * removed.size() + 3L * Long.BYTES * millis.length;
    }

    /** Visits those that came and are there, in their order. */
    void added(Visitor visitor) throws RdbException {
        for (int i = begin; i < end; i++) {
            visitor.entry(id(i), places[i]);
        }
    }
}
