package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;
import org.jspecify.annotations.Nullable;

/**
 * A declared queue, as routing and definitions see it; the messages are in its shard. Compared by identity; changed by the definitions'
 * loop alone, and only by policies.
 */
public final class QueueRef implements Destination {
    /** The argument of a queue that keeps the delayed messages of the exchange it names. */
    public static final String DELAYED_FOR = "x-plinth-delayed-for";

    private final long id;
    private final String vhost;
    private final String name;
    private final int shard;
    private final boolean durable;
    private final boolean autoDelete;
    private final @Nullable Object owner;
    private final FieldTable arguments;
    private volatile FieldTable effective;
    private final boolean internal;
    private final boolean stream;
    private final boolean quorum;

    /**
     * A queue.
     *
     * @param id never used for another queue of this data folder
     * @param owner the connection an exclusive queue belongs to, null for a shared one
     */
    public QueueRef(
            long id,
            String vhost,
            String name,
            int shard,
            boolean durable,
            boolean autoDelete,
            @Nullable Object owner,
            FieldTable arguments) {
        this.id = id;
        this.vhost = vhost;
        this.name = name;
        this.shard = shard;
        this.durable = durable;
        this.autoDelete = autoDelete;
        this.owner = owner;
        this.arguments = arguments;
        this.effective = arguments;
        this.internal = arguments.has(DELAYED_FOR);
        this.stream = "stream".equals(arguments.string("x-queue-type"));
        this.quorum = "quorum".equals(arguments.string("x-queue-type"));
    }

    public long id() {
        return id;
    }

    @Override
    public String vhost() {
        return vhost;
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

    /**
     * Whether a message in it outlives the process. What was asked for as a quorum queue keeps everything, as RabbitMQ's do, and so does
     * one of delayed messages, as the plugin's table does.
     *
     * @param persistent whether the message asks for that
     */
    public boolean keeps(boolean persistent) {
        return survives() && (persistent || quorum || internal);
    }

    /** Whether it is a stream: read, not emptied. */
    public boolean stream() {
        return stream;
    }

    /** Whether only the broker puts messages in and takes them out. */
    public boolean internal() {
        return internal;
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

    /** The arguments together with what policies say: what the queue goes by. */
    public FieldTable effective() {
        return effective;
    }

    /** Sets what policies make of the arguments; the shard is told by a command. */
    public void effective(FieldTable merged) {
        effective = merged;
    }

    @Override
    public String toString() {
        return "queue '" + name + "' in vhost '" + vhost + "'";
    }
}
