package io.plinth.mqbroker.index;

/**
 * What a queue holds.
 *
 * @param count of messages
 * @param bytes octets of them: of their bodies for a queue's numbers, of their contents for a segment's
 */
public record Holding(long count, long bytes) {
    /** Among priorities: of what goes by its time, whatever its priority. */
    public static final int TIMED = 256;

    public Holding plus(Holding other) {
        return new Holding(count + other.count, bytes + other.bytes);
    }
}
