package io.plinth.mqbroker.log;

/**
 * What was published. Immutable.
 *
 * @param properties flags and values as they stood on the wire
 */
public record Content(String exchange, String routingKey, byte[] properties, byte[] body) {
    /** The same message with other properties. */
    public Content with(byte[] changed) {
        return new Content(exchange, routingKey, changed, body);
    }

    /** What it takes in memory, about. */
    public int size() {
        return 128 + exchange.length() + routingKey.length() + properties.length + body.length;
    }
}
