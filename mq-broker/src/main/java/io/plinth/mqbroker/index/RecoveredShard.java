package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a shard's queues held when the log ended. Filled on the starting thread, then handed to the shard. */
public final class RecoveredShard {
    /** A message in one queue. */
    public record Entry(Message message, long expiresAt) {}

    private final Map<Long, TreeMap<Long, Entry>> queues = new HashMap<>();
    private final Map<Long, Long> deliveredUpTo = new HashMap<>();
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

    void replay(Change change) {
        records++;
        reached(change.epoch(), change.sequence());
        switch (change.effect()) {
            case Effect.Enqueued e -> {
                for (Effect.Target target : e.targets()) {
                    add(target.queueId(), change.sequence(), new Entry(e.message(), target.expiresAt()));
                }
            }
            case Effect.Settled e -> {
                TreeMap<Long, Entry> entries = queues.get(e.queueId());
                if (entries != null) {
                    for (long id : e.ids()) {
                        entries.remove(id);
                    }
                }
            }
            case Effect.DeliveredUpTo e -> delivered(e.queueId(), e.id());
            case Effect.QueueDropped e -> {
                queues.remove(e.queueId());
                deliveredUpTo.remove(e.queueId());
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
