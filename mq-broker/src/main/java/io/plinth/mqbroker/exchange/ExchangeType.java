package io.plinth.mqbroker.exchange;

import org.jspecify.annotations.Nullable;

/** The four types of AMQP 0-9-1 section 3.1.3. */
public enum ExchangeType {
    DIRECT("direct"),
    FANOUT("fanout"),
    TOPIC("topic"),
    HEADERS("headers");

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

    Bindings bindings() {
        return switch (this) {
            case DIRECT -> new DirectBindings();
            case FANOUT -> new FanoutBindings();
            case TOPIC -> new TopicBindings();
            case HEADERS -> new HeadersBindings();
        };
    }
}
