package io.plinth.mqbroker.session;

import io.plinth.mqbroker.queue.Outbox;
import io.plinth.mqbroker.queue.Outlet;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.Shards;
import java.util.ArrayList;
import java.util.List;

/** Owned by the connection's event loop. What goes to and comes from each shard: one read brings it one batch. */
final class ShardBatches {
    private final Shards shards;
    private final List<List<ShardCommand>> batches = new ArrayList<>();
    private final List<Outbox> outboxes = new ArrayList<>();

    ShardBatches(Shards shards, Outlet outlet) {
        this.shards = shards;
        for (int shard = 0; shard < shards.count(); shard++) {
            batches.add(new ArrayList<>());
            outboxes.add(new Outbox(outlet));
        }
    }

    /** Where a shard puts what it has for this connection. */
    Outbox outbox(int shard) {
        return outboxes.get(shard);
    }

    void add(int shard, ShardCommand command) {
        batches.get(shard).add(command);
    }

    void submit() {
        for (int shard = 0; shard < batches.size(); shard++) {
            List<ShardCommand> batch = batches.get(shard);
            if (!batch.isEmpty()) {
                batches.set(shard, new ArrayList<>());
                shards.get(shard).submit(batch);
            }
        }
    }
}
