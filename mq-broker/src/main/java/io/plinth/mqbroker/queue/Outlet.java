package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.flow.DeliveryWindow;
import java.util.List;

/** A connection as shards know it. */
public interface Outlet {
    /** Takes what one turn of a shard has for the connection; called on the shard's loop, handled on the connection's. */
    void accept(List<ShardEvent> events, long releasedBytes);

    /** Bounds octets on their way to the connection. */
    DeliveryWindow window();

    /** What a shard collects for this connection during a turn; each slot is touched by its shard's loop only. */
    Outbox outbox(int shard);
}
