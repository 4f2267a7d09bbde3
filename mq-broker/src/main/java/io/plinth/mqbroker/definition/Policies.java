package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.auth.SafePattern;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changed by the definitions' loop through its settings. Which policy a queue or exchange goes by: of those that match its name, the one
 * of the highest priority, and beside it one operator policy. Where both or the arguments limit the same, the lower counts; otherwise an
 * operator's value comes before a policy's, and an argument before both.
 */
public final class Policies {
    private static final Logger LOG = LoggerFactory.getLogger(Policies.class);
    private static final int PATTERNS = 1000;
    private static final Set<String> LOWER_COUNTS = Set.of(
            "message-ttl",
            "expires",
            "max-length",
            "max-length-bytes",
            "max-in-memory-length",
            "max-in-memory-bytes",
            "delivery-limit");

    /** A policy by its name. */
    public record Policy(String name, String pattern, String applyTo, long priority, FieldTable definition) {
        static Policy of(String key, FieldTable value) {
            String pattern = value.string("pattern");
            String applyTo = value.string("apply-to");
            Long priority = FieldTable.integer(value.get("priority"));
            return new Policy(
                    Settings.names(key).getLast(),
                    pattern == null ? "" : pattern,
                    applyTo == null ? "all" : applyTo,
                    priority == null ? 0 : priority,
                    value.get("definition") instanceof FieldTable table ? table : FieldTable.EMPTY);
        }
    }

    private final Settings settings;
    private final Map<String, SafePattern> patterns = new ConcurrentHashMap<>();
    private Plain plain = new Plain(FieldTable.EMPTY, FieldTable.EMPTY);

    private record Plain(FieldTable definition, FieldTable merged) {}

    Policies(Settings settings) {
        this.settings = settings;
    }

    /** The policy of a kind ({@link Settings#POLICY} or {@link Settings#OPERATOR_POLICY}) that a queue goes by, or null. */
    public @Nullable Policy of(String kind, QueueRef queue) {
        String type = queue.arguments().string("x-queue-type");
        String types = (type == null ? "classic" : type) + (type != null && type.equals("stream") ? "s" : "_queues");
        return find(kind, queue.vhost(), queue.name(), Set.of("all", "queues", types));
    }

    /** The policy of a kind that an exchange goes by, or null. */
    public @Nullable Policy of(String kind, Exchange exchange) {
        return exchange.name().isEmpty()
                ? null
                : find(kind, exchange.vhost(), exchange.name(), Set.of("all", "exchanges"));
    }

    private @Nullable Policy find(String kind, String vhost, String name, Set<String> applyTo) {
        Policy best = null;
        String from = Settings.key(vhost, "");
        for (Map.Entry<String, FieldTable> entry :
                settings.all(kind).tailMap(from).entrySet()) {
            if (!entry.getKey().startsWith(from)) {
                break;
            }
            Policy policy = Policy.of(entry.getKey(), entry.getValue());
            if ((best == null || policy.priority() > best.priority())
                    && applyTo.contains(policy.applyTo())
                    && pattern(policy.pattern()).found(name)) {
                best = policy;
            }
        }
        return best;
    }

    private SafePattern pattern(String text) {
        if (patterns.size() > PATTERNS) {
            patterns.clear();
        }
        return patterns.computeIfAbsent(text, SafePattern::of);
    }

    /** What policy and operator policy together say of a queue. */
    public FieldTable definition(QueueRef queue) {
        Policy policy = of(Settings.POLICY, queue);
        Policy operator = of(Settings.OPERATOR_POLICY, queue);
        return merge(
                operator == null ? FieldTable.EMPTY : operator.definition(),
                policy == null ? FieldTable.EMPTY : policy.definition(),
                "");
    }

    /** Everything {@code first} says, what only {@code second} says, and of limits in both the lower. */
    private static FieldTable merge(FieldTable first, FieldTable second, String prefix) {
        if (second.isEmpty()) {
            return first;
        }
        if (first.isEmpty() && prefix.isEmpty()) {
            return second;
        }
        Map<String, @Nullable Object> merged = new LinkedHashMap<>(first.entries());
        second.entries().forEach((key, value) -> {
            String name = prefix + key;
            Long known = FieldTable.integer(merged.get(name));
            Long other = FieldTable.integer(value);
            if (!merged.containsKey(name)
                    || (LOWER_COUNTS.contains(key) && known != null && other != null && other < known)) {
                merged.put(name, value);
            }
        });
        return new FieldTable(merged);
    }

    void apply(Exchange exchange) {
        Policy policy = of(Settings.POLICY, exchange);
        exchange.policyAlternate(policy == null ? null : policy.definition().string("alternate-exchange"));
    }

    /** Sets what the queue goes by; whether that is something else than before. */
    boolean apply(QueueRef queue) {
        if (queue.internal()) {
            return false;
        }
        FieldTable definition = definition(queue);
        FieldTable merged =
                queue.arguments().isEmpty() ? plain(definition) : merge(queue.arguments(), definition, "x-");
        if (merged.equals(queue.effective())) {
            return false;
        }
        try {
            QueueArguments.of(merged);
        } catch (AmqpException e) {
            LOG.warn("{} goes by its arguments alone, the policy does not fit: {}", queue, e.getMessage());
            merged = queue.arguments();
        }
        boolean changed = !merged.equals(queue.effective());
        queue.effective(merged);
        return changed;
    }

    /** What queues without arguments go by: one table for all of them that follow each other. */
    private FieldTable plain(FieldTable definition) {
        Plain known = plain;
        if (!known.definition().equals(definition)) {
            known = new Plain(definition, merge(FieldTable.EMPTY, definition, "x-"));
            plain = known;
        }
        return known.merged();
    }

    /** Sets it for everything of a virtual host. */
    void apply(Topology topology, Consumer<QueueRef> changed) {
        topology.exchanges().forEach(this::apply);
        for (QueueRef queue : topology.queues()) {
            if (apply(queue)) {
                changed.accept(queue);
            }
        }
    }
}
