package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Durable exchanges, queues, bindings and settings as the definitions log left them. */
public final class RecoveredDefinitions {
    private static final String DEFAULT_VHOST = "/";
    private static final Effect.Setting FIRST_VHOST =
            new Effect.Setting(Settings.VHOST, DEFAULT_VHOST, FieldTable.EMPTY);

    /** What one virtual host has. */
    public static final class Host {
        private final Map<String, Effect.ExchangeDeclared> exchanges = new LinkedHashMap<>();
        private final Map<Long, Effect.QueueDeclared> queues = new LinkedHashMap<>();
        private final RecoveredBindings bindings = new RecoveredBindings();

        public List<Effect.ExchangeDeclared> exchanges() {
            return List.copyOf(exchanges.values());
        }

        public List<Effect.QueueDeclared> queues() {
            return List.copyOf(queues.values());
        }

        public List<Effect.Bound> bindings() {
            return List.copyOf(bindings.all());
        }
    }

    private final Map<String, Host> hosts = new LinkedHashMap<>();
    private final Settings settings = new Settings();
    private long nextQueueId = 1;
    private long epoch;
    private long sequence;

    public RecoveredDefinitions() {
        settings.apply(FIRST_VHOST);
    }

    void reached(long epochThen, long sequenceThen) {
        epoch = Math.max(epoch, epochThen);
        sequence = Math.max(sequence, sequenceThen);
    }

    void nextQueueId(long atLeast) {
        nextQueueId = Math.max(nextQueueId, atLeast);
    }

    void apply(Effect.OnDefinitions effect) {
        apply(DEFAULT_VHOST, effect);
    }

    private void apply(String vhost, Effect.OnDefinitions effect) {
        Host host = hosts.computeIfAbsent(vhost, ignored -> new Host());
        switch (effect) {
            case Effect.ExchangeDeclared e -> host.exchanges.put(e.name(), e);
            case Effect.ExchangeDeleted e -> {
                host.exchanges.remove(e.name());
                host.bindings.removeExchange(e.name());
            }
            case Effect.QueueDeclared e -> {
                host.queues.put(e.id(), e);
                nextQueueId(e.id() + 1);
            }
            case Effect.QueueDeleted e -> {
                host.queues.remove(e.id());
                nextQueueId(e.id() + 1);
                host.bindings.removeQueue(e.name());
            }
            case Effect.Bound e -> host.bindings.add(e);
            case Effect.Unbound e ->
                host.bindings.remove(
                        new Effect.Bound(e.source(), e.toQueue(), e.destination(), e.routingKey(), e.arguments()));
            case Effect.InVhost e -> apply(e.vhost(), e.effect());
            case Effect.Setting e -> {
                settings.apply(e);
                if (e.kind().equals(Settings.VHOST) && e.value() == null) {
                    hosts.remove(e.key());
                }
            }
            case Effect.Snapshot e -> {
                hosts.clear();
                settings.clear();
                nextQueueId(e.nextQueueId());
                e.definitions().forEach(this::apply);
                if (settings.all(Settings.VHOST).isEmpty()) {
                    settings.apply(FIRST_VHOST);
                }
            }
        }
    }

    /** All of it as one effect. */
    public Effect.Snapshot snapshot() {
        List<Effect.OnDefinitions> all = new ArrayList<>(settings.changes());
        hosts.forEach((vhost, host) -> {
            List<Effect.OnDefinitions> own = new ArrayList<>(host.exchanges.values());
            own.addAll(host.queues.values());
            own.addAll(host.bindings.all());
            boolean plain = vhost.equals(DEFAULT_VHOST);
            own.forEach(effect -> all.add(plain ? effect : new Effect.InVhost(vhost, effect)));
        });
        return new Effect.Snapshot(nextQueueId, all);
    }

    /** How many things are defined. */
    long count() {
        long things = settings.changes().size();
        for (Host host : hosts.values()) {
            things += host.exchanges.size()
                    + host.queues.size()
                    + host.bindings.all().size();
        }
        return things;
    }

    /** Definitions by virtual host; a host that was only created is not in it. */
    public Map<String, Host> hosts() {
        return hosts;
    }

    /** The queues of all virtual hosts. */
    public List<Effect.QueueDeclared> queues() {
        return hosts.values().stream()
                .flatMap(host -> host.queues.values().stream())
                .toList();
    }

    public Settings settings() {
        return settings;
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
