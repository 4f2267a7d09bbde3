package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Equivalence;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.AmqpException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a whole file of definitions can be taken, before any of it is: what would be refused in the middle leaves half of it behind. What it
 * refers to must be in the file or in the broker; a binding to what is in neither is left out.
 */
final class DefinitionsCheck {
    /** How many problems are told at once. */
    private static final int TOLD = 10;

    private static final String DEFAULT = "";
    private static final String MAX_QUEUES = "max-queues";

    private final Changes changes;
    private final AccessApi access;
    private final Map<String, @Nullable Object> document;
    private final @Nullable String vhost;
    private final List<String> problems = new ArrayList<>();
    private final Set<String> vhosts = new HashSet<>();
    private final Set<String> users = new HashSet<>();
    /** What the file declares, by virtual host and name. */
    private final Map<String, ExchangeType> exchanges = new HashMap<>();

    private final Set<String> queues = new HashSet<>();
    /** Virtual hosts the file makes. */
    private final Map<String, Topology> made = new HashMap<>();
    /** How many queues are new, by virtual host. */
    private final Map<String, Integer> newQueues = new HashMap<>();
    /** What the file says of how many queues a virtual host may have; negative: any number. */
    private final Map<String, Long> limits = new HashMap<>();

    /**
     * Of a file.
     *
     * @param vhost what all of it is for; null where each entry says that
     */
    DefinitionsCheck(
            Changes changes, AccessApi access, Map<String, @Nullable Object> document, @Nullable String vhost) {
        this.changes = changes;
        this.access = access;
        this.document = document;
        this.vhost = vhost;
    }

    /** Throws where any entry cannot be taken. */
    void check() {
        if (vhost == null) {
            each("vhosts", item -> vhosts.add(VhostsApi.checked(name(item))));
            each("users", this::user);
            each("permissions", item -> permission(Settings.PERMISSION, item));
            each("topic_permissions", item -> permission(Settings.TOPIC_PERMISSION, item));
            each("global_parameters", item -> {
                name(item);
                PoliciesApi.value(item);
            });
        }
        each("parameters", this::parameter);
        each("policies", item -> policy(Settings.POLICY, item));
        each("operator_policies", item -> policy(Settings.OPERATOR_POLICY, item));
        each("queues", this::queue);
        each("exchanges", this::exchange);
        each("bindings", this::binding);
        limits();
        if (!problems.isEmpty()) {
            throw ApiException.badRequest("definitions: nothing was taken. "
                    + String.join("; ", problems.subList(0, Math.min(TOLD, problems.size())))
                    + (problems.size() > TOLD ? "; and " + (problems.size() - TOLD) + " more" : ""));
        }
    }

    private void each(String list, Consumer<Map<String, @Nullable Object>> check) {
        int number = 0;
        for (Map<String, @Nullable Object> item : DefinitionsApi.items(document, list)) {
            try {
                check.accept(item);
            } catch (ApiException | AmqpException e) {
                Object name = item.getOrDefault("name", item.getOrDefault("user", item.get("source")));
                problems.add(list + "[" + number + "]" + (name == null ? "" : " '" + name + "'") + ": "
                        + String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " "));
            }
            number++;
        }
    }

    private static String name(Map<String, @Nullable Object> item) {
        return DefinitionsApi.name(item);
    }

    private String host(Map<String, @Nullable Object> item) {
        String host = DefinitionsApi.host(item, vhost);
        if (!vhosts.contains(host) && changes.broker().vhosts().get(host) == null) {
            throw ApiException.badRequest("no_such_vhost: " + host + " (expected: one of the file or the broker)");
        }
        return host;
    }

    private void user(Map<String, @Nullable Object> item) {
        if (!access.inFile(name(item))) {
            access.readUser(name(item), item);
            if (item.get("limits") instanceof Map<?, ?> limits) {
                PoliciesApi.checkLimits(limits, PoliciesApi.OF_USERS);
            }
        }
        users.add(name(item));
    }

    private void permission(String kind, Map<String, @Nullable Object> item) {
        if (!(item.get("user") instanceof String user)) {
            throw ApiException.badRequest("[{key_missing,user}]");
        }
        if (!users.contains(user) && changes.broker().access().user(user) == null) {
            throw ApiException.badRequest("no_such_user: " + user + " (expected: one of the file or the broker)");
        }
        host(item);
        AccessApi.key(kind, item);
        AccessApi.patterns(kind, item);
    }

    private void parameter(Map<String, @Nullable Object> item) {
        name(item);
        host(item);
        String component = String.valueOf(item.get("component"));
        PoliciesApi.checkParameter(component, item);
        if (component.equals(PoliciesApi.LIMITS)
                && name(item).equals("limits")
                && item.get("value") instanceof Map<?, ?> given) {
            // It is set before the queues are declared, and stands in place of the whole one before it.
            limits.put(host(item), given.get(MAX_QUEUES) instanceof Long limit ? limit : -1L);
        }
    }

    private void policy(String kind, Map<String, @Nullable Object> item) {
        name(item);
        host(item);
        PoliciesApi.read(kind, item);
    }

    /** The virtual host's; that of one which the file makes has what each has from its start. */
    private @Nullable Topology topology(String host) {
        Topology known = changes.broker().vhosts().get(host);
        return known == null && vhosts.contains(host) ? made.computeIfAbsent(host, Topology::new) : known;
    }

    private void queue(Map<String, @Nullable Object> item) {
        String host = host(item);
        String name = name(item);
        Topology known = topology(host);
        if (!queues.add(Settings.key(host, name))) {
            return;
        }
        if (known != null && known.queue(name) != null) {
            return;
        }
        Equivalence.checkNew(host, QueuesApi.declaration(name, item));
        newQueues.merge(host, 1, Integer::sum);
    }

    private void exchange(Map<String, @Nullable Object> item) {
        String host = host(item);
        String name = name(item);
        Topology known = topology(host);
        if (exchanges.containsKey(Settings.key(host, name)) || (known != null && known.exchange(name) != null)) {
            return;
        }
        ExchangeType type = Equivalence.checkNew(ExchangesApi.declaration(name, item));
        exchanges.put(Settings.key(host, name), type);
        if (type == ExchangeType.DELAYED) {
            // It has a queue of its own.
            newQueues.merge(host, 1, Integer::sum);
        }
    }

    private void binding(Map<String, @Nullable Object> item) {
        String host = host(item);
        DefinitionCommand.Bind asked = DefinitionsApi.binding(item, this);
        if (asked.source().equals(DEFAULT)) {
            throw ApiException.badRequest("source: the default exchange of vhost '" + host
                    + "', whose bindings are its queues' names (expected: another exchange)");
        }
        ExchangeType type = type(host, asked.source());
        if (type == null || !destined(host, asked)) {
            // The take leaves it out, and says so.
            return;
        }
        Equivalence.checkBinding(
                type,
                "exchange '" + asked.source() + "' in vhost '" + host + "'",
                asked.routingKey(),
                asked.arguments());
    }

    private boolean destined(String host, DefinitionCommand.Bind asked) {
        if (!asked.toQueue()) {
            return type(host, asked.destination()) != null;
        }
        Topology known = topology(host);
        QueueRef there = known == null ? null : known.queue(asked.destination());
        return there == null ? queues.contains(Settings.key(host, asked.destination())) : there.owner() == null;
    }

    /**
     * What a binding lacks, or null. A file that RabbitMQ exports names what it leaves out itself, exclusive queues and internal exchanges; RabbitMQ
     * takes no notice of a binding whose end is nowhere.
     */
    static @Nullable String lacks(Topology topology, DefinitionCommand.Bind asked) {
        if (topology.exchange(asked.source()) == null) {
            return "no exchange '" + asked.source() + "'";
        }
        if (!asked.toQueue()) {
            return topology.exchange(asked.destination()) == null ? "no exchange '" + asked.destination() + "'" : null;
        }
        QueueRef queue = topology.queue(asked.destination());
        if (queue == null) {
            return "no queue '" + asked.destination() + "'";
        }
        return queue.owner() == null ? null : "queue '" + asked.destination() + "' is exclusive to a connection";
    }

    private @Nullable ExchangeType type(String host, String name) {
        ExchangeType declared = exchanges.get(Settings.key(host, name));
        Topology known = topology(host);
        Exchange there = known == null ? null : known.exchange(name);
        return there == null ? declared : there.type();
    }

    private void limits() {
        newQueues.forEach((host, count) -> {
            Long ofFile = limits.get(host);
            long limit = ofFile == null ? Access.vhostLimit(changes.settings(), host, MAX_QUEUES) : ofFile;
            Topology known = topology(host);
            int there = known == null ? 0 : known.queueCount();
            if (limit >= 0 && there + count > limit) {
                problems.add("queues: " + count + " more in vhost '" + host + "' (expected: at most "
                        + Math.max(0, limit - there) + " more, its max-queues)");
            }
        });
        int all = newQueues.values().stream().mapToInt(Integer::intValue).sum();
        int room = changes.broker().definitions().maxQueues()
                - changes.broker().vhosts().queueCount();
        if (all > 0 && all > room) {
            problems.add("queues: " + all + " more (expected: at most " + Math.max(0, room)
                    + " more; raise mq-broker.limits.queues)");
        }
    }
}
