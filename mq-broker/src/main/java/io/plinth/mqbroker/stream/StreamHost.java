package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.queue.Outlet;
import io.plinth.mqbroker.queue.Receipt;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.stats.Counts;
import java.util.List;
import java.util.concurrent.Executor;

/** A shard as its streams know it. */
public interface StreamHost {
    int number();

    /** Adds to what this turn has for a connection. */
    void send(Outlet outlet, ShardEvent event);

    /** Runs work as a turn of its own, from any thread. */
    void later(Runnable work);

    /** Says how a publish ended, and which queues could not store it. */
    void complete(Receipt receipt, boolean ok, List<QueueRef> unstored);

    /** A stream is gone, of which so much was counted. */
    void removed(QueueRef queue, Counts counts, Runnable done);

    /** Where disks are read. */
    Executor reader();
}
