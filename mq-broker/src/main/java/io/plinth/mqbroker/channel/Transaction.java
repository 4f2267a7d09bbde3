package io.plinth.mqbroker.channel;

import io.plinth.mqbroker.queue.ShardCommand.Outcome;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.ArrayList;
import java.util.List;

/** Owned by the connection's event loop. What a channel published and settled since its last commit or rollback (section 1.9). */
public final class Transaction {
    /** A delivery and what is to become of it. */
    public record Settlement(Ledger.Delivery delivery, Outcome outcome) {}

    private final long mostBytes;
    private final List<ContentAssembler.Published> publishes = new ArrayList<>();
    private final List<Settlement> settlements = new ArrayList<>();
    private long bytes;

    /**
     * An empty one.
     *
     * @param mostBytes octets of messages it may hold
     */
    public Transaction(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    public void publish(ContentAssembler.Published published) {
        bytes += published.body().length + published.properties().length;
        if (bytes > mostBytes) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "transaction: " + bytes + " octets (expected: <= " + mostBytes
                            + "; commit more often or raise mq-broker.limits.transaction)");
        }
        publishes.add(published);
    }

    public void settle(Ledger.Delivery delivery, Outcome outcome) {
        settlements.add(new Settlement(delivery, outcome));
    }

    public List<ContentAssembler.Published> publishes() {
        return publishes;
    }

    public List<Settlement> settlements() {
        return settlements;
    }
}
