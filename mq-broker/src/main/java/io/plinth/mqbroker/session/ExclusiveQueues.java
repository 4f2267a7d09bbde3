package io.plinth.mqbroker.session;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.queue.ShardCommand;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Owned by the connection's event loop. The queues that go with their connection. */
final class ExclusiveQueues {
    private final Connection connection;
    private final Set<QueueRef> owned = new LinkedHashSet<>();
    private boolean ended;

    ExclusiveQueues(Connection connection) {
        this.connection = connection;
    }

    /** Adds one, which goes at once where the connection has ended meanwhile. */
    void add(QueueRef queue) {
        if (ended) {
            connection.submit(queue.shard(), new ShardCommand.Discard(queue.id(), () -> {}));
        } else {
            owned.add(queue);
        }
    }

    void remove(QueueRef queue) {
        owned.remove(queue);
    }

    /** Discards all of them; {@code then} runs on this loop once they are gone, at once where there are none. */
    void discard(Runnable then) {
        List<QueueRef> gone = List.copyOf(owned);
        owned.clear();
        ended = true;
        if (gone.isEmpty()) {
            then.run();
            return;
        }
        int[] left = {gone.size()};
        Runnable one = () -> {
            if (--left[0] == 0) {
                then.run();
            }
        };
        for (QueueRef queue : gone) {
            connection.submit(queue.shard(), new ShardCommand.Discard(queue.id(), () -> connection.execute(one)));
        }
    }
}
