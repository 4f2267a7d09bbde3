package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by its shard's loop. A publish that full queues refused and sent to their dead letters: its publisher hears of the refusal once
 * those are stored, or cannot be, so that a crash behind the nack loses none of them.
 */
final class RefusedReceipt implements Receipt {
    private final Shard shard;
    private final Receipt whole;
    private final List<QueueRef> unstored = new ArrayList<>();
    private int left;

    /** Waits for the queues that took the message, and for so many dead letters. */
    RefusedReceipt(Shard shard, Receipt whole, int letters) {
        this.shard = shard;
        this.whole = whole;
        this.left = 1 + letters;
    }

    /** A dead letter is where it goes. */
    void sent() {
        if (--left > 0) {
            return;
        }
        if (unstored.isEmpty()) {
            whole.complete(shard, false);
        } else {
            whole.unstored(shard, unstored);
        }
    }

    @Override
    public void complete(Shard by, boolean ok) {
        sent();
    }

    @Override
    public void unstored(Shard by, List<QueueRef> queues) {
        unstored.addAll(queues);
        sent();
    }
}
