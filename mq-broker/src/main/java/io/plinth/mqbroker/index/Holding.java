package io.plinth.mqbroker.index;

/**
 * What a queue holds.
 *
 * @param count of messages
 * @param bytes octets of their contents
 */
public record Holding(long count, long bytes) {
    Holding plus(Holding other) {
        return new Holding(count + other.count, bytes + other.bytes);
    }
}
