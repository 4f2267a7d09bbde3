package io.plinth.mqbroker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the log's writer thread. The changes of a shard there was no room for, in order. Consumers go on meanwhile, so what makes another
 * needless takes its place: of a queue the settlements are one change and how far it was delivered another, and a message that is settled
 * before it was written is not written.
 */
final class Refused {
    private static final long MOST_OCTETS = 32 << 20;
    /** From here on it is not kept that a message came back: that costs a delivery attempt, to fail would cost every publisher. */
    private static final long MOST_WITH_RETURNS = MOST_OCTETS / 2;
    /** What a change takes that waits; contents are their queues'. */
    private static final int ENTRY = 256;
    /** Settlements in one record. */
    private static final int MOST_IDS = 1 << 14;

    private enum Kind {
        ENQUEUED,
        SETTLED,
        DELIVERED,
        RETURNED,
        FORGOTTEN,
        OTHER
    }

    private record Key(Kind kind, long queueId, long id) {}

    private record Waiting(Key key, Change change, @Nullable Ids settled) {}

    /** Numbers that mostly grow, as differences. */
    private static final class Ids {
        final ByteBuf differences = Unpooled.buffer(16);
        long last;
        int count;

        void add(long id) {
            long rest = ((id - last) << 1) ^ ((id - last) >> 63);
            while ((rest & ~0x7FL) != 0) {
                differences.writeByte((int) ((rest & 0x7F) | 0x80));
                rest >>>= 7;
            }
            differences.writeByte((int) rest);
            last = id;
            count++;
        }

        long[] all() {
            long[] ids = new long[count];
            ByteBuf in = differences.duplicate();
            long id = 0;
            for (int i = 0; i < count; i++) {
                long difference = 0;
                int shift = 0;
                byte next;
                do {
                    next = in.readByte();
                    difference |= (next & 0x7FL) << shift;
                    shift += 7;
                } while (next < 0);
                id += (difference >>> 1) ^ -(difference & 1);
                ids[i] = id;
            }
            return ids;
        }
    }

    private final LinkedHashMap<Key, Waiting> waiting = new LinkedHashMap<>();
    /** Where further settlements of a queue go. */
    private final Map<Long, Key> settling = new HashMap<>();

    private long octets;
    /** Messages that wait. Windows and the memory limit bound them, and who publishes while the log is full is refused. */
    private int messages;

    private long newest;

    /** Adds the newest change, or not where it can be done without; throws where too many wait. */
    boolean add(Change change) throws IOException {
        newest = change.sequence();
        boolean kept = true;
        switch (change.effect()) {
            case Effect.Enqueued e -> {
                put(new Key(Kind.ENQUEUED, 0, change.sequence()), change, null);
                messages++;
            }
            case Effect.Settled e -> settled(change, e);
            case Effect.DeliveredUpTo e -> put(new Key(Kind.DELIVERED, e.queueId(), 0), change, null);
            case Effect.Returned e -> kept = returned(change, e);
            case Effect.DedupForgotten e -> put(new Key(Kind.FORGOTTEN, e.queueId(), 0), change, null);
            default -> put(new Key(Kind.OTHER, 0, change.sequence()), change, null);
        }
        if (octets() > MOST_OCTETS) {
            throw new IOException(
                    "changes that wait for room: " + octets() + " octets (expected: <= " + MOST_OCTETS + ")");
        }
        return kept;
    }

    private long octets() {
        return octets + (long) ENTRY * (waiting.size() - messages);
    }

    private boolean returned(Change change, Effect.Returned effect) {
        Key key = new Key(Kind.RETURNED, effect.queueId(), effect.id());
        boolean kept = waiting.containsKey(key) || octets() < MOST_WITH_RETURNS;
        if (kept) {
            put(key, change, null);
        }
        return kept;
    }

    /** Puts a change at the end, in place of an earlier one. */
    private void put(Key key, Change change, @Nullable Ids settled) {
        waiting.remove(key);
        waiting.put(key, new Waiting(key, change, settled));
    }

    private void settled(Change change, Effect.Settled effect) {
        long queueId = effect.queueId();
        Key key = settling.computeIfAbsent(queueId, id -> new Key(Kind.SETTLED, id, change.sequence()));
        Waiting before = waiting.get(key);
        Ids ids = before == null || before.settled() == null ? new Ids() : before.settled();
        octets -= ids.differences.writerIndex();
        for (long id : effect.ids()) {
            waiting.remove(new Key(Kind.RETURNED, queueId, id));
            if (!unwritten(queueId, id)) {
                ids.add(id);
            }
        }
        octets += ids.differences.writerIndex();
        if (ids.count > 0) {
            put(key, change, ids);
        }
        if (ids.count == 0 || ids.count >= MOST_IDS) {
            settling.remove(queueId);
        }
    }

    /** Takes the queue from the targets of a message that waits here itself; false where it does not, or has to be remembered. */
    private boolean unwritten(long queueId, long id) {
        Key key = new Key(Kind.ENQUEUED, 0, id);
        Waiting message = waiting.get(key);
        if (message == null || !(message.change().effect() instanceof Effect.Enqueued enqueued)) {
            return false;
        }
        List<Effect.Target> left = new ArrayList<>(enqueued.targets());
        if (!left.removeIf(target -> target.queueId() == queueId && target.dedup() == null)) {
            return false;
        }
        if (left.isEmpty()) {
            waiting.remove(key);
            messages--;
        } else {
            Change change = message.change();
            Effect fewer = new Effect.Enqueued(left, enqueued.message(), enqueued.content());
            waiting.replace(
                    key,
                    new Waiting(
                            key,
                            new Change(change.shard(), change.epoch(), change.sequence(), change.previous(), fewer),
                            null));
        }
        return true;
    }

    /** The first to be written, null where there is none. */
    @Nullable
    Change first() {
        Map.Entry<Key, Waiting> first = waiting.firstEntry();
        if (first == null) {
            return null;
        }
        Change change = first.getValue().change();
        Ids ids = first.getValue().settled();
        if (ids == null) {
            return change;
        }
        // Without the messages: they may stand elsewhere by now, and the index knows where.
        Effect all = new Effect.Settled(first.getKey().queueId(), ids.all());
        return new Change(change.shard(), change.epoch(), change.sequence(), change.previous(), all);
    }

    void removeFirst() {
        Map.Entry<Key, Waiting> first = waiting.pollFirstEntry();
        if (first == null) {
            return;
        }
        if (first.getKey().kind() == Kind.ENQUEUED) {
            messages--;
        }
        if (first.getValue().settled() != null) {
            octets -= first.getValue().settled().differences.writerIndex();
            settling.remove(first.getKey().queueId(), first.getKey());
        }
    }

    /** The number of the newest change that waited. */
    long newest() {
        return newest;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    void clear() {
        waiting.clear();
        settling.clear();
        octets = 0;
        messages = 0;
    }
}
