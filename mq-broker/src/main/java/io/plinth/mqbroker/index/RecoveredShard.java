package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Effect;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a shard's queues held when the log ended. Filled on the starting thread, then handed to the shard. */
public final class RecoveredShard {
    private final Map<Long, Map<Integer, Holding>> holdings = new HashMap<>();
    private final Map<Long, Long> deliveredUpTo = new HashMap<>();
    private final Map<Long, TreeMap<Long, Effect.Dedup>> dedups = new HashMap<>();
    private long epoch;
    private long sequence;
    private long records;

    void reached(long epochThen, long sequenceThen) {
        epoch = Math.max(epoch, epochThen);
        sequence = Math.max(sequence, sequenceThen);
    }

    void holds(long queueId, Map<Integer, Holding> byLane) {
        holdings.put(queueId, byLane);
    }

    void delivered(long queueId, long id) {
        deliveredUpTo.merge(queueId, id, Math::max);
    }

    void remembered(long queueId, long id, Effect.Dedup dedup) {
        dedups.computeIfAbsent(queueId, ignored -> new TreeMap<>()).put(id, dedup);
    }

    /** The keys a queue remembers, by the id of the message that brought them. */
    public SortedMap<Long, Effect.Dedup> remembered(long queueId) {
        TreeMap<Long, Effect.Dedup> ofQueue = dedups.get(queueId);
        return ofQueue == null ? new TreeMap<>() : ofQueue;
    }

    void replay(Change change) {
        records++;
        reached(change.epoch(), change.sequence());
        switch (change.effect()) {
            case Effect.Enqueued e -> {
                for (Effect.Target target : e.targets()) {
                    if (target.dedup() != null) {
                        remembered(target.queueId(), change.sequence(), target.dedup());
                    }
                }
            }
            case Effect.DeliveredUpTo e -> delivered(e.queueId(), e.id());
            case Effect.QueueDropped e -> {
                deliveredUpTo.remove(e.queueId());
                dedups.remove(e.queueId());
            }
            case Effect.Settled e -> {
                // What is there is in the index.
            }
            case Effect.Moved e -> {
                // So is where it stands,
            }
            case Effect.Returned e -> {
                // and how often it came back.
            }
            case Effect.DedupForgotten e -> {
                TreeMap<Long, Effect.Dedup> ofQueue = dedups.get(e.queueId());
                if (ofQueue != null) {
                    ofQueue.headMap(e.upTo(), true).clear();
                }
            }
            case Effect.OnDefinitions e ->
                throw new IllegalStateException("shard log: " + e + " (expected: an effect on messages)");
        }
    }

    /** What a queue holds, by priority, and of what goes by time. */
    public Map<Integer, Holding> holdings(long queueId) {
        return holdings.getOrDefault(queueId, Map.of());
    }

    /** Messages up to this id were delivered before; 0 for none. */
    public long deliveredUpTo(long queueId) {
        return deliveredUpTo.getOrDefault(queueId, 0L);
    }

    /** The last life's epoch, 0 for none. */
    public long epoch() {
        return epoch;
    }

    /** The last change's sequence, 0 for none. */
    public long sequence() {
        return sequence;
    }

    /** How many records were replayed, for the log line. */
    public long records() {
        return records;
    }
}
