package io.plinth.mqbroker.stats;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A queue's numbers at one moment.
 *
 * @param cameAt when its oldest ready message came, epoch milliseconds; 0 where there is none
 * @param headTimestamp what its first message says as its time, epoch seconds; -1 where it says none
 * @param idleSince when it was last used, epoch milliseconds
 * @param capacity for how much of the time its consumers have room, from 0 to 1; NaN where nobody measures that
 * @param confirms latencies of confirms, null where nothing was confirmed
 */
public record QueueReport(
        long ready,
        long unacked,
        long readyBytes,
        long unackedBytes,
        long persistent,
        long cameAt,
        long headTimestamp,
        long idleSince,
        State state,
        double capacity,
        Counts counts,
        @Nullable Latency confirms,
        List<Consumer> consumers) {
    /** A queue nobody has told of yet. */
    public static final QueueReport NOTHING =
            new QueueReport(0, 0, 0, 0, 0, 0, -1, 0, State.RUNNING, 0, new Counts(), null, List.of());

    /** How it does, by RabbitMQ's names for it. */
    public enum State {
        RUNNING,
        /** Held up: what stores its messages has no room for now, or its dead letters find none. */
        FLOW,
        /** What stores its messages takes nothing before a restart. */
        CRASHED;

        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public QueueReport {
        consumers = List.copyOf(consumers);
    }

    /**
     * A consumer of a queue.
     *
     * @param outlet the connection it belongs to
     * @param channel that connection's number of its channel
     * @param active whether it gets messages, in a queue with a single active consumer
     */
    public record Consumer(
            Object outlet,
            int channel,
            String tag,
            boolean noAck,
            boolean exclusive,
            int prefetch,
            boolean active,
            FieldTable arguments) {}

    public long messages() {
        return ready + unacked;
    }

    /** Octets of persistent messages, were all of about the same size. */
    public long persistentBytes() {
        return messages() == 0 ? 0 : (readyBytes + unackedBytes) * persistent / messages();
    }
}
