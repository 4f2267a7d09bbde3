package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by its shard's loop. A publish whose publisher hears of it once more than the queues' log has answered: the dead letters of queues that
 * refused it, so that a crash behind the nack loses none of them, and queues that are going, so that one which a crash brings back lacks nothing
 * that was confirmed.
 */
final class GatheredReceipt implements Receipt {
    private final Shard shard;
    private final Receipt whole;
    private final List<QueueRef> unstored = new ArrayList<>();
    private boolean all = true;
    private int left = 1;

    /** Waits for the queues that took the message. */
    GatheredReceipt(Shard shard, Receipt whole) {
        this.shard = shard;
        this.whole = whole;
    }

    /** Has it wait for one answer more. */
    void more() {
        left++;
    }

    @Override
    public void complete(Shard by, boolean ok) {
        all &= ok;
        if (--left > 0) {
            return;
        }
        if (unstored.isEmpty()) {
            whole.complete(shard, all);
        } else {
            whole.unstored(shard, unstored);
        }
    }

    @Override
    public void unstored(Shard by, List<QueueRef> queues) {
        unstored.addAll(queues);
        complete(by, false);
    }
}
