package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What policies may say, as RabbitMQ has it, and beside that what queues do here alone. */
public final class PolicyKeys {
    private static final Set<String> OF_OPERATORS = Set.of(
            "expires",
            "message-ttl",
            "max-length",
            "max-length-bytes",
            "max-in-memory-length",
            "max-in-memory-bytes",
            "delivery-limit",
            "overflow",
            "target-group-size",
            "ha-mode",
            "ha-params",
            "ha-sync-mode",
            "ha-sync-batch-size",
            "ha-promote-on-shutdown",
            "ha-promote-on-failure");

    private static final Set<String> OF_POLICIES = Stream.concat(
                    OF_OPERATORS.stream(),
                    Stream.of(
                            "alternate-exchange",
                            "cache-persistence",
                            "cache-size",
                            "cache-ttl",
                            "consumer-timeout",
                            "dead-letter-exchange",
                            "dead-letter-routing-key",
                            "dead-letter-strategy",
                            "deduplication-header",
                            "delayed-retry-max",
                            "delayed-retry-min",
                            "delayed-retry-multiplier",
                            "delayed-retry-type",
                            "initial-cluster-size",
                            "max-age",
                            "message-deduplication",
                            "message-groups",
                            "queue-leader-locator",
                            "queue-master-locator",
                            "queue-mode",
                            "queue-version",
                            "stream-filter-size-bytes",
                            "stream-max-segment-size-bytes"))
            .collect(Collectors.toUnmodifiableSet());

    private PolicyKeys() {}

    /** What no queue or exchange goes by, as RabbitMQ lists it; null for nothing. */
    public static @Nullable String unknown(FieldTable definition, boolean operator) {
        Set<String> known = operator ? OF_OPERATORS : OF_POLICIES;
        List<String> unknown = new ArrayList<>();
        for (Map.Entry<String, @Nullable Object> entry : definition.entries().entrySet()) {
            if (!known.contains(entry.getKey())) {
                Object value = entry.getValue();
                unknown.add("{<<\"" + entry.getKey() + "\">>,"
                        + (value instanceof String text ? "<<\"" + text + "\">>" : value) + "}");
            }
        }
        return unknown.isEmpty() ? null : "[" + String.join(",\n ", unknown) + "]";
    }
}
