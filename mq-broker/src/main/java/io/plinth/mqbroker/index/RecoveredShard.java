package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a shard's queues held when the log ended. Filled on the starting thread, then handed to the shard. */
public final class RecoveredShard {
    /** A message in one queue. */
    public record Entry(
            Message message,
            long expiresAt,
            int priority,
            @Nullable String group) {}

    /** How often a message came back, and when it may be handed out again. */
    public record Return(int count, long availableAt) {}

    private final Map<Long, TreeMap<Long, Entry>> queues = new HashMap<>();
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

    void add(long queueId, long id, Entry entry) {
        queues.computeIfAbsent(queueId, ignored -> new TreeMap<>()).put(id, entry);
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

    /** How often a message came back, or null where it never did. */
    public @Nullable Return returned(long queueId, long id) {
        Map<Long, Return> ofQueue = returns.get(queueId);
        return ofQueue == null ? null : ofQueue.get(id);
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
                    add(
                            target.queueId(),
                            change.sequence(),
                            new Entry(e.message(), target.expiresAt(), target.priority(), target.group()));
                    if (target.dedup() != null) {
                        remembered(target.queueId(), change.sequence(), target.dedup());
                    }
                }
            }
            case Effect.Settled e -> {
                TreeMap<Long, Entry> entries = queues.get(e.queueId());
                if (entries != null) {
                    for (long id : e.ids()) {
                        entries.remove(id);
                    }
                }
                Map<Long, Return> states = returns.get(e.queueId());
                if (states != null) {
                    for (long id : e.ids()) {
                        states.remove(id);
                    }
                }
            }
            case Effect.DeliveredUpTo e -> delivered(e.queueId(), e.id());
            case Effect.QueueDropped e -> {
                queues.remove(e.queueId());
                deliveredUpTo.remove(e.queueId());
                returns.remove(e.queueId());
                dedups.remove(e.queueId());
            }
            case Effect.Moved e -> {
                for (Effect.Target target : e.targets()) {
                    add(
                            target.queueId(),
                            e.sequence(),
                            new Entry(e.message(), target.expiresAt(), target.priority(), target.group()));
                }
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

    /** The messages of a queue by id; empty where there are none. */
    public SortedMap<Long, Entry> queue(long queueId) {
        TreeMap<Long, Entry> entries = queues.get(queueId);
        return entries == null ? new TreeMap<>() : entries;
    }

    /** Messages up to this id were delivered before; 0 for none. */
    public long deliveredUpTo(long queueId) {
        return deliveredUpTo.getOrDefault(queueId, 0L);
    }

    Map<Long, TreeMap<Long, Entry>> queues() {
        return queues;
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
