package io.plinth.mqbroker.stats;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A queue's numbers at one moment.
 *
 * @param cameAt when its oldest ready message came, epoch milliseconds; 0 where there is none
 * @param headTimestamp what its first message says as its time, epoch seconds; -1 where it says none, or its content is not in memory
 * @param idleSince when it was last used, epoch milliseconds
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
        Counts counts,
        @Nullable Latency confirms,
        List<Consumer> consumers) {
    /** A queue nobody has told of yet. */
    public static final QueueReport NOTHING = new QueueReport(0, 0, 0, 0, 0, 0, -1, 0, new Counts(), null, List.of());

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
