package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import java.util.List;
import java.util.function.Consumer;

/** Who waits for a publish; called on the shard's loop, once per shard the message went to. */
@FunctionalInterface
public interface Receipt {
    void complete(Shard shard, boolean ok);

    /** Instead of the same with false, where no queue refused it: it could not be stored for those. */
    default void unstored(Shard shard, List<QueueRef> queues) {
        complete(shard, false);
    }

    /** For a publish of a transaction: releases its octets and says how it ended. */
    record OfTransaction(ChannelHandle channel, int bytes, Consumer<Boolean> done) implements Receipt {
        @Override
        public void complete(Shard shard, boolean ok) {
            Outbox outbox = shard.outbox(channel.outlet());
            outbox.released(bytes);
            outbox.add(new ShardEvent.Replied(() -> done.accept(ok)));
        }
    }

    /** For a publish of a connection: releases its octets and, with a tag, confirms. */
    record OfChannel(ChannelHandle channel, long tag, int bytes) implements Receipt {
        @Override
        public void complete(Shard shard, boolean ok) {
            Outbox outbox = shard.outbox(channel.outlet());
            outbox.released(bytes);
            if (tag > 0) {
                outbox.add(new ShardEvent.Confirmed(channel, tag, ok));
            }
        }
    }
}
