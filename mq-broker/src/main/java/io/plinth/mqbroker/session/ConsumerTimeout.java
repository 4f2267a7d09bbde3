package io.plinth.mqbroker.session;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.channel.Ledger;
import io.plinth.mqbroker.channel.Waits;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Owned by the connection's event loop. Closes a channel that does not acknowledge a delivery in time. While something waits it is looked
 * at every so often, so a channel may have up to a quarter longer, a minute at most.
 */
final class ConsumerTimeout {
    private static final long SHORTEST_LOOK = Duration.ofMillis(10).toNanos();
    private static final long LONGEST_LOOK = Duration.ofMinutes(1).toNanos();

    private final Connection connection;
    private final ChannelSession channel;
    private final Ledger ledger;
    private final int number;
    /** 0 for never. */
    private final long nanos;
    /** Of queues that have a timeout of their own; 0 for never. */
    private final Map<Long, Long> ofQueues = new HashMap<>();

    private final Waits waits = new Waits();
    private boolean looking;

    ConsumerTimeout(Connection connection, ChannelSession channel, int number, Ledger ledger, Duration timeout) {
        this.connection = connection;
        this.channel = channel;
        this.number = number;
        this.ledger = ledger;
        this.nanos = timeout.toNanos();
    }

    /** Deliveries of this queue may come. */
    void concerns(QueueRef queue) {
        FieldTable arguments = queue.effective();
        Long own = arguments.has(QueueArguments.CONSUMER_TIMEOUT)
                ? FieldTable.integer(arguments.get(QueueArguments.CONSUMER_TIMEOUT))
                : null;
        if (own != null) {
            ofQueues.put(queue.id(), Duration.ofMillis(own).toNanos());
        } else {
            ofQueues.remove(queue.id());
        }
    }

    /** Something waits for an acknowledgement. */
    void watch() {
        if (looking) {
            return;
        }
        long shortest = nanos == 0 ? Long.MAX_VALUE : nanos;
        for (long own : ofQueues.values()) {
            shortest = own == 0 ? shortest : Math.min(shortest, own);
        }
        if (shortest < Long.MAX_VALUE) {
            looking = true;
            connection.executeAfter(Math.clamp(shortest / 4, SHORTEST_LOOK, LONGEST_LOOK), this::look);
        }
    }

    private void look() {
        looking = false;
        if (ledger.size() == 0) {
            return;
        }
        long now = connection.broker().nanoTime().getAsLong();
        waits.forget(ledger.open().iterator().next().tag());
        for (Ledger.Delivery delivery : ledger.open()) {
            long most = ofQueues.getOrDefault(delivery.queueId(), nanos);
            if (most > 0 && waits.nanos(delivery.tag(), now) >= most) {
                channel.overdue(new AmqpException(
                        ReplyCode.PRECONDITION_FAILED,
                        "delivery acknowledgement on channel " + number + " timed out. Timeout value used: "
                                + Duration.ofNanos(most).toMillis()
                                + " ms (mq-broker.limits.consumer-timeout, or the queue's x-consumer-timeout)"));
                return;
            }
            if (ofQueues.isEmpty()) {
                // The first is the oldest, and all have the same time.
                break;
            }
        }
        waits.mark(ledger.last(), now);
        watch();
    }
}
