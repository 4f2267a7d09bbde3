package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The four types of AMQP 0-9-1 section 3.1.3, and two that RabbitMQ has as plugins. */
public enum ExchangeType {
    DIRECT("direct"),
    FANOUT("fanout"),
    TOPIC("topic"),
    HEADERS("headers"),
    /** Each message to one destination, by the hash of its key, a header or a property. */
    CONSISTENT_HASH("x-consistent-hash"),
    /** Keeps a message for as long as its header {@code x-delay} says, then routes it as another type does. */
    DELAYED("x-delayed-message");

    /** The exchange argument that says how a delayed message is routed. */
    public static final String DELAYED_TYPE = "x-delayed-type";

    private final String text;

    ExchangeType(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }

    /** By its name on the wire, or null. */
    public static @Nullable ExchangeType of(String text) {
        for (ExchangeType type : values()) {
            if (type.text.equals(text)) {
                return type;
            }
        }
        return null;
    }

    /** The type a delayed exchange routes by, or null where the argument names none. */
    public static @Nullable ExchangeType behindDelay(FieldTable arguments) {
        String text = arguments.string(DELAYED_TYPE);
        ExchangeType type = text == null ? null : of(text);
        return type == DELAYED ? null : type;
    }

    /** Whether the name is that of a property a consistent-hash exchange can hash. */
    public static boolean hashes(@Nullable String property) {
        return ConsistentHashBindings.property(property) != null;
    }

    /** Whether the key of a consistent-hash binding is a weight. */
    public static boolean isWeight(String routingKey) {
        return ConsistentHashBindings.weight(routingKey) > 0;
    }

    Bindings bindings(FieldTable arguments) {
        return switch (this) {
            case DIRECT -> new DirectBindings();
            case FANOUT -> new FanoutBindings();
            case TOPIC -> new TopicBindings();
            case HEADERS -> new HeadersBindings();
            case CONSISTENT_HASH -> new ConsistentHashBindings(arguments);
            case DELAYED ->
                Objects.requireNonNull(behindDelay(arguments), DELAYED_TYPE).bindings(arguments);
        };
    }
}
