package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Durable exchanges, queues and bindings as the definitions log left them. */
public final class RecoveredDefinitions {
    private final Map<String, Effect.ExchangeDeclared> exchanges = new LinkedHashMap<>();
    private final Map<Long, Effect.QueueDeclared> queues = new LinkedHashMap<>();
    private final Set<Effect.Bound> bindings = new LinkedHashSet<>();
    private long nextQueueId = 1;
    private long epoch;
    private long sequence;

    void reached(long epochThen, long sequenceThen) {
        epoch = Math.max(epoch, epochThen);
        sequence = Math.max(sequence, sequenceThen);
    }

    void nextQueueId(long atLeast) {
        nextQueueId = Math.max(nextQueueId, atLeast);
    }

    void apply(Effect.OnDefinitions effect) {
        switch (effect) {
            case Effect.ExchangeDeclared e -> exchanges.put(e.name(), e);
            case Effect.ExchangeDeleted e -> {
                exchanges.remove(e.name());
                bindings.removeIf(b -> b.source().equals(e.name())
                        || (!b.toQueue() && b.destination().equals(e.name())));
            }
            case Effect.QueueDeclared e -> {
                queues.put(e.id(), e);
                nextQueueId(e.id() + 1);
            }
            case Effect.QueueDeleted e -> {
                queues.remove(e.id());
                nextQueueId(e.id() + 1);
                bindings.removeIf(b -> b.toQueue() && b.destination().equals(e.name()));
            }
            case Effect.Bound e -> bindings.add(e);
            case Effect.Unbound e ->
                bindings.remove(
                        new Effect.Bound(e.source(), e.toQueue(), e.destination(), e.routingKey(), e.arguments()));
            case Effect.Snapshot e -> {
                exchanges.clear();
                queues.clear();
                bindings.clear();
                nextQueueId(e.nextQueueId());
                e.definitions().forEach(this::apply);
            }
        }
    }

    /** All of it as one effect. */
    public Effect.Snapshot snapshot() {
        List<Effect.OnDefinitions> all = new ArrayList<>(exchanges.values());
        all.addAll(queues.values());
        all.addAll(bindings);
        return new Effect.Snapshot(nextQueueId, all);
    }

    public List<Effect.ExchangeDeclared> exchanges() {
        return List.copyOf(exchanges.values());
    }

    public List<Effect.QueueDeclared> queues() {
        return List.copyOf(queues.values());
    }

    public List<Effect.Bound> bindings() {
        return List.copyOf(bindings);
    }

    public long nextQueueId() {
        return nextQueueId;
    }

    public long epoch() {
        return epoch;
    }

    public long sequence() {
        return sequence;
    }
}
