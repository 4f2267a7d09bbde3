package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Effect;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a shard's queues held when the log ended. Filled on the starting thread, then handed to the shard. */
public final class RecoveredShard {
    /** How often a message came back, and when it may be handed out again. */
    public record Return(int count, long availableAt) {}

    private final Map<Long, Map<Integer, Holding>> holdings = new HashMap<>();
    private final Map<Long, Long> deliveredUpTo = new HashMap<>();
    private final Map<Long, Map<Long, Return>> returns = new HashMap<>();
    private final Map<Long, TreeMap<Long, Effect.Dedup>> dedups = new HashMap<>();
    private long epoch;
    private long sequence;
    private long records;

    void reached(long epochThen, long sequenceThen) {
        epoch = Math.max(epoch, epochThen);
        sequence = Math.max(sequence, sequenceThen);
    }

    void holds(long queueId, Map<Integer, Holding> byPriority) {
        holdings.put(queueId, byPriority);
    }

    void delivered(long queueId, long id) {
        deliveredUpTo.merge(queueId, id, Math::max);
    }

    void returned(long queueId, long id, Return state) {
        returns.computeIfAbsent(queueId, ignored -> new HashMap<>()).put(id, state);
    }

    void remembered(long queueId, long id, Effect.Dedup dedup) {
        dedups.computeIfAbsent(queueId, ignored -> new TreeMap<>()).put(id, dedup);
    }

    /** How often messages of a queue came back, by id, of those that did. */
    public Map<Long, Return> returned(long queueId) {
        return returns.getOrDefault(queueId, Map.of());
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
            case Effect.Settled e -> {
                Map<Long, Return> states = returns.get(e.queueId());
                if (states != null) {
                    for (long id : e.ids()) {
                        states.remove(id);
                    }
                }
            }
            case Effect.DeliveredUpTo e -> delivered(e.queueId(), e.id());
            case Effect.QueueDropped e -> {
                deliveredUpTo.remove(e.queueId());
                returns.remove(e.queueId());
                dedups.remove(e.queueId());
            }
            case Effect.Moved e -> {
                // Where messages stand is in the index.
            }
            case Effect.Returned e -> returned(e.queueId(), e.id(), new Return(e.count(), e.availableAt()));
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

    /** What a queue holds, by priority. */
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
