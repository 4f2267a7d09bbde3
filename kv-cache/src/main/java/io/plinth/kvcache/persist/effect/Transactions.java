package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.store.Databases.Order;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Owned by who reads records: which transactions did not come to their end, and where databases are by then. */
public final class Transactions {
    private final Set<Long> open = new HashSet<>();
    private final Map<Long, Order> orders = new HashMap<>();
    private Order databases;

    /** Where databases were before the first record. */
    public Transactions(Order before) {
        this.databases = before;
    }

    /** The next record. */
    public void record(ByteBuffer record) throws RdbException {
        ByteBuffer in = record.duplicate();
        if (EffectCodec.slot(in) >= 0) {
            long unit = EffectCodec.unit(in);
            if (unit != 0) {
                open.add(unit);
            }
            return;
        }
        switch (EffectCodec.kind(in)) {
            case EffectCodec.END -> {
                in.get();
                long unit = in.getLong();
                open.remove(unit);
                Order next = orders.remove(unit);
                databases = next == null ? databases : next;
            }
            case EffectCodec.DATABASES -> {
                in.get();
                long unit = in.getLong();
                Order next = Order.of(Values.block(in));
                if (unit == 0) {
                    databases = next;
                } else {
                    orders.put(unit, next);
                }
            }
            default -> {
                // Of functions, and of lives: an image has neither.
                return;
            }
        }
    }

    /** Whether a change of this transaction was made: it stands alone, or its transaction ended. */
    public boolean made(long unit) {
        return unit == 0 || !open.contains(unit);
    }

    /** Where databases are. */
    public Order databases() {
        return databases;
    }
}
