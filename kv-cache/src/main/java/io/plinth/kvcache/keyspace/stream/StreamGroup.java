package io.plinth.kvcache.keyspace.stream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: who reads a stream together, and what was delivered and not yet acknowledged: of the group with time,
 * count and consumer, and of each consumer the ids alone.
 */
public final class StreamGroup {
    /** The count of entries read is not known. */
    public static final long UNKNOWN = -1;

    private static final int OBJECT = 144;
    private static final int PER_CONSUMER = 136;

    private static final int DELIVERED = 0;
    /** The count above, the consumer's number below. */
    private static final int TIMES = 1;

    private static final int BESIDE = 2;
    private static final int ID = 2;
    private static final int CONSUMER_BITS = 28;
    private static final long MOST_TIMES = (1L << (Long.SIZE - 1 - CONSUMER_BITS)) - 1;

    private final PendingMemory memory;
    private final String name;
    /** By name, byte for character. */
    private final TreeMap<String, Consumer> consumers = new TreeMap<>();

    private @Nullable Consumer[] numbered = new Consumer[1];
    private final IdTable pending;
    private StreamId last;
    private long entriesRead;
    /** Whose memory was last looked at. */
    private String looked = "";

    public StreamGroup(PendingMemory memory, String name, StreamId last, long entriesRead) {
        this.memory = memory;
        this.name = name;
        this.last = last;
        this.entriesRead = entriesRead;
        this.pending = new IdTable(memory, ID + BESIDE);
        memory.took(OBJECT + 2 * length(name));
    }

    /** One that reads. */
    public static final class Consumer {
        private final String name;
        private final int number;
        private final IdTable pending;
        private long seen;
        private long active;

        private Consumer(PendingMemory memory, String name, int number, long seen, long active) {
            this.pending = new IdTable(memory, ID);
            this.name = name;
            this.number = number;
            this.seen = seen;
            this.active = active;
        }

        public String name() {
            return name;
        }

        /** When it last asked, in Unix milliseconds. */
        public long seen() {
            return seen;
        }

        public void seen(long millis) {
            seen = millis;
        }

        /** When it last got something; -1 for never. */
        public long active() {
            return active;
        }

        public void active(long millis) {
            active = millis;
        }

        /** How many entries it did not acknowledge. */
        public long pending() {
            return pending.size();
        }

        /** So many of their ids, from one on. */
        public List<StreamId> pending(StreamId from, long most) {
            List<StreamId> found = new ArrayList<>();
            for (long at = pending.ceiling(from); at != IdTable.NONE && found.size() < most; at = pending.next(at)) {
                found.add(pending.id(at));
            }
            return found;
        }
    }

    /** An entry that was delivered and is not acknowledged, as it is now. Immutable. */
    public record Pending(StreamId id, Consumer owner, long delivered, long times) {}

    /** Sees one; answers whether to go on. */
    @FunctionalInterface
    public interface Visitor {
        boolean visit(Pending pending);
    }

    private static long length(String name) {
        return name.getBytes(StandardCharsets.ISO_8859_1).length;
    }

    public String name() {
        return name;
    }

    public StreamId last() {
        return last;
    }

    public long entriesRead() {
        return entriesRead;
    }

    /** Moves what was delivered last. */
    public void position(StreamId id, long read) {
        last = id;
        entriesRead = read;
    }

    /** Its consumers by name. */
    public Collection<Consumer> consumers() {
        return Collections.unmodifiableCollection(consumers.values());
    }

    /** Those behind a name, or all where that is null. */
    public Collection<Consumer> consumersAfter(@Nullable String consumer) {
        return consumer == null
                ? consumers()
                : Collections.unmodifiableCollection(
                        consumers.tailMap(consumer, false).values());
    }

    /** A consumer, or null. */
    public @Nullable Consumer consumer(String consumer) {
        return consumers.get(consumer);
    }

    /** Adds a consumer that is not there. */
    public Consumer add(String consumer, long seen, long active) {
        int number = consumers.size();
        if (number == numbered.length) {
            memory.took(4L * numbered.length);
            numbered = Arrays.copyOf(numbered, 2 * number);
        } else if (numbered[number] != null) {
            number = 0;
            while (numbered[number] != null) {
                number++;
            }
        }
        Consumer added = new Consumer(memory, consumer, number, seen, active);
        numbered[number] = added;
        consumers.put(consumer, added);
        memory.took(PER_CONSUMER + 2 * length(consumer));
        return added;
    }

    /** Removes a consumer with what it has pending; answers how much that was. */
    public long remove(Consumer consumer) {
        long had = consumer.pending();
        for (long at = consumer.pending.first(); at != IdTable.NONE; at = consumer.pending.next(at)) {
            pending.remove(pending.find(consumer.pending.id(at)));
        }
        consumer.pending.release();
        consumers.remove(consumer.name);
        numbered[consumer.number] = null;
        memory.took(-PER_CONSUMER - 2 * length(consumer.name));
        return had;
    }

    /** How many entries are pending. */
    public long pending() {
        return pending.size();
    }

    /** One of them, or null. */
    public @Nullable Pending pending(StreamId id) {
        long at = pending.find(id);
        return at == IdTable.NONE ? null : at(at);
    }

    private Pending at(long entry) {
        long times = pending.beside(entry, TIMES);
        return new Pending(pending.id(entry), owner(times), pending.beside(entry, DELIVERED), times >>> CONSUMER_BITS);
    }

    private Consumer owner(long times) {
        return Objects.requireNonNull(numbered[(int) times & ((1 << CONSUMER_BITS) - 1)]);
    }

    /** The first id that is pending; the smallest where there is none. */
    public StreamId firstPending() {
        long at = pending.first();
        return at == IdTable.NONE ? StreamId.MIN : pending.id(at);
    }

    /** The last id that is pending; the smallest where there is none. */
    public StreamId lastPending() {
        long at = pending.last();
        return at == IdTable.NONE ? StreamId.MIN : pending.id(at);
    }

    /** Visits those between two ids, both included, upwards; the visitor changes nothing. */
    public void pending(StreamId from, StreamId to, Visitor visitor) {
        for (long at = pending.ceiling(from); at != IdTable.NONE; at = pending.next(at)) {
            if (pending.id(at).compareTo(to) > 0 || !visitor.visit(at(at))) {
                return;
            }
        }
    }

    /** The same of one consumer. */
    public void pending(Consumer consumer, StreamId from, StreamId to, Visitor visitor) {
        for (long at = consumer.pending.ceiling(from); at != IdTable.NONE; at = consumer.pending.next(at)) {
            StreamId id = consumer.pending.id(at);
            if (id.compareTo(to) > 0 || !visitor.visit(at(pending.find(id)))) {
                return;
            }
        }
    }

    /** Makes an entry pending with a consumer, whoever had it. Counts beyond 34 thousand millions are that many. */
    public void deliver(StreamId id, Consumer consumer, long millis, long times) {
        long at = pending.find(id);
        if (at == IdTable.NONE) {
            at = pending.add(id);
            consumer.pending.add(id);
        } else {
            Consumer before = owner(pending.beside(at, TIMES));
            if (before.number != consumer.number) {
                before.pending.remove(before.pending.find(id));
                consumer.pending.add(id);
            }
        }
        pending.beside(at, DELIVERED, millis);
        pending.beside(at, TIMES, Math.clamp(times, 0, MOST_TIMES) << CONSUMER_BITS | consumer.number);
    }

    /** An entry is done with; answers whether it was pending. */
    public boolean acknowledge(StreamId id) {
        long at = pending.find(id);
        if (at == IdTable.NONE) {
            return false;
        }
        Consumer owner = owner(pending.beside(at, TIMES));
        owner.pending.remove(owner.pending.find(id));
        pending.remove(at);
        return true;
    }

    /** One with the same, on the heap. */
    public StreamGroup copy(PendingMemory to) {
        StreamGroup copy = new StreamGroup(to, name, last, entriesRead);
        copy.numbered = Arrays.copyOf(numbered, numbered.length);
        to.took(4L * (numbered.length - 1));
        for (Map.Entry<String, Consumer> each : consumers.entrySet()) {
            Consumer one = each.getValue();
            Consumer same = new Consumer(to, one.name, one.number, one.seen, one.active);
            same.pending.fill(one.pending);
            copy.numbered[one.number] = same;
            copy.consumers.put(one.name, same);
            to.took(PER_CONSUMER + 2 * length(one.name));
        }
        copy.pending.fill(pending);
        return copy;
    }

    private void each(java.util.function.Consumer<Cells> action) {
        pending.each(action);
        consumers.values().forEach(consumer -> consumer.pending.each(action));
    }

    /** Its memory goes to the segment's, as far as there is room. */
    public void settle() {
        each(cells -> {
            if (!memory.outside) {
                cells.settle();
            }
        });
    }

    /** Its memory is on the heap from now on. */
    public void leave() {
        each(Cells::leave);
    }

    /** It is of no more use: gives its memory back. */
    public void release() {
        for (Consumer consumer : consumers.values()) {
            consumer.pending.release();
            memory.took(-PER_CONSUMER - 2 * length(consumer.name));
        }
        pending.release();
        memory.took(-OBJECT - 2 * length(name) - 4L * (numbered.length - 1));
        consumers.clear();
        numbered = new Consumer[1];
    }

    /** Moves some memory out of pages that are nearly empty; answers how many bytes that copied. */
    public int compact() {
        Map.Entry<String, Consumer> next = consumers.higherEntry(looked);
        looked = next == null ? "" : next.getKey();
        return pending.compact() + (next == null ? 0 : next.getValue().pending.compact());
    }
}
