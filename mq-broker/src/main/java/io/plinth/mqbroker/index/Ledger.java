package io.plinth.mqbroker.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Owned by its log's writer thread. How many live messages, and octets of them, each queue has in each segment: so a start need not read
 * the messages, a segment goes when nobody holds it, and who holds it can be told.
 */
final class Ledger {
    /** What one queue has in one segment of one priority, or of what goes by time. */
    private static final class Held {
        final long queueId;
        final int lane;
        final int segment;
        long count;
        long bytes;
        long bodies;
        boolean changed;

        Held(long queueId, int lane, int segment) {
            this.queueId = queueId;
            this.lane = lane;
            this.segment = segment;
        }

        boolean is(long otherQueue, int otherLane, int otherSegment) {
            return segment == otherSegment && queueId == otherQueue && lane == otherLane;
        }
    }

    private static final class Sum {
        long count;
        long bytes;
    }

    private final int shard;
    /** By queue, then by priority, or {@link Holding#TIMED}, and segment. */
    private final Map<Long, Map<Long, Held>> queues = new HashMap<>();

    private final TreeMap<Integer, Sum> segments = new TreeMap<>();
    private final List<Held> changed = new ArrayList<>();
    private final Set<Long> dropped = new HashSet<>();
    /** The one asked for last: messages come and go in runs. */
    private @Nullable Held latest;

    Ledger(int shard) {
        this.shard = shard;
    }

    private Held held(long queueId, int lane, int segment) {
        Held known = latest;
        if (known == null || !known.is(queueId, lane, segment)) {
            known = queues.computeIfAbsent(queueId, ignored -> new HashMap<>(2))
                    .computeIfAbsent((long) lane << 32 | segment, ignored -> new Held(queueId, lane, segment));
            latest = known;
        }
        return known;
    }

    void entered(long queueId, int lane, int segment, int size, int bodySize) {
        add(held(queueId, lane, segment), 1, size, bodySize);
    }

    void left(long queueId, int lane, int segment, int size, int bodySize) {
        add(held(queueId, lane, segment), -1, -size, -bodySize);
    }

    private void add(Held held, long count, long bytes, long bodies) {
        held.count += count;
        held.bytes += bytes;
        held.bodies += bodies;
        Sum sum = segments.computeIfAbsent(held.segment, ignored -> new Sum());
        sum.count += count;
        sum.bytes += bytes;
        if (!held.changed) {
            held.changed = true;
            changed.add(held);
        }
    }

    /** The queue is gone with all it had. */
    void dropped(long queueId) {
        Map<Long, Held> gone = queues.remove(queueId);
        if (gone != null) {
            for (Held held : gone.values()) {
                Sum sum = segments.computeIfAbsent(held.segment, ignored -> new Sum());
                sum.count -= held.count;
                sum.bytes -= held.bytes;
                held.count = 0;
            }
            changed.removeAll(Set.copyOf(gone.values()));
        }
        latest = null;
        dropped.add(queueId);
    }

    /** The segment is gone; nobody holds anything in it. */
    void dropped(int segment) {
        segments.remove(segment);
    }

    long liveIn(int segment) {
        Sum sum = segments.get(segment);
        return sum == null ? 0 : sum.count;
    }

    long liveBytes() {
        long bytes = 0;
        for (Sum sum : segments.values()) {
            bytes += sum.bytes;
        }
        return bytes;
    }

    Set<Long> queueIds() {
        return queues.keySet();
    }

    /** What a queue has, and octets of bodies, by priority, and of what goes by time. */
    Map<Integer, Holding> holdings(long queueId) {
        Map<Integer, Holding> all = new TreeMap<>();
        queues.getOrDefault(queueId, Map.of())
                .values()
                .forEach(held -> all.merge(held.lane, new Holding(held.count, held.bodies), Holding::plus));
        all.values().removeIf(holding -> holding.count() == 0);
        return all;
    }

    /** Who holds a segment: what each queue has in it, and octets of contents. */
    Map<Long, Holding> holders(int segment) {
        Map<Long, Holding> all = new HashMap<>();
        queues.forEach((queueId, slots) -> slots.values().forEach(held -> {
            if (held.segment == segment && held.count > 0) {
                all.merge(queueId, new Holding(held.count, held.bytes), Holding::plus);
            }
        }));
        return all;
    }

    void clear(WriteBatch batch) throws RocksDBException {
        batch.deleteRange(Keys.ledger(shard), RocksIndex.next(Keys.ledger(shard)));
    }

    void load(RocksIndex index) throws IOException {
        index.scan(Keys.ledger(shard), (key, value) -> {
            ByteBuffer name = ByteBuffer.wrap(key, 2, 14);
            Held held = held(name.getLong(), name.getShort(), name.getInt());
            ByteBuffer sums = ByteBuffer.wrap(value);
            add(held, sums.getLong(), sums.getLong(), sums.getLong());
        });
        written();
    }

    /** Adds what changed since the last checkpoint. */
    void write(WriteBatch batch) throws RocksDBException {
        for (long queueId : dropped) {
            batch.deleteRange(Keys.ledger(shard, queueId), RocksIndex.next(Keys.ledger(shard, queueId)));
        }
        for (Held held : changed) {
            byte[] key = Keys.ledger(shard, held.queueId, held.lane, held.segment);
            if (held.count == 0) {
                batch.delete(key);
            } else {
                batch.put(
                        key,
                        ByteBuffer.allocate(24)
                                .putLong(held.count)
                                .putLong(held.bytes)
                                .putLong(held.bodies)
                                .array());
            }
        }
    }

    /** What was written is on record. */
    void written() {
        for (Held held : changed) {
            held.changed = false;
            if (held.count == 0) {
                forget(held);
            }
        }
        changed.clear();
        dropped.clear();
    }

    private void forget(Held held) {
        if (latest == held) {
            latest = null;
        }
        Map<Long, Held> slots = queues.get(held.queueId);
        if (slots != null && slots.remove((long) held.lane << 32 | held.segment, held) && slots.isEmpty()) {
            queues.remove(held.queueId);
        }
    }
}
