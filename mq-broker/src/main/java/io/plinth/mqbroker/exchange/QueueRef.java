package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;
import org.jspecify.annotations.Nullable;

/**
 * A declared queue, as routing and definitions see it; the messages are in its shard. Immutable; compared by identity.
 */
public final class QueueRef implements Destination {
    private final long id;
    private final String name;
    private final int shard;
    private final boolean durable;
    private final boolean autoDelete;
    private final @Nullable Object owner;
    private final FieldTable arguments;

    /**
     * A queue.
     *
     * @param id never used for another queue of this data folder
     * @param owner the connection an exclusive queue belongs to, null for a shared one
     */
    public QueueRef(
            long id,
            String name,
            int shard,
            boolean durable,
            boolean autoDelete,
            @Nullable Object owner,
            FieldTable arguments) {
        this.id = id;
        this.name = name;
        this.shard = shard;
        this.durable = durable;
        this.autoDelete = autoDelete;
        this.owner = owner;
        this.arguments = arguments;
    }

    public long id() {
        return id;
    }

    @Override
    public String name() {
        return name;
    }

    public int shard() {
        return shard;
    }

    @Override
    public boolean durable() {
        return durable;
    }

    /** Whether its definition outlives the process: an exclusive queue ends with its connection. */
    public boolean survives() {
        return durable && owner == null;
    }

    public boolean autoDelete() {
        return autoDelete;
    }

    public boolean exclusive() {
        return owner != null;
    }

    public @Nullable Object owner() {
        return owner;
    }

    public FieldTable arguments() {
        return arguments;
    }

    @Override
    public String toString() {
        return "queue '" + name + "' in vhost '/'";
    }
}
