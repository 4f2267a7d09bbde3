package io.plinth.dbproxy.server;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.wire.SqlError;
import org.jspecify.annotations.Nullable;

/** Whom a server connection serves at the moment: takes the replies, in order, on the connection's event loop. */
public interface ReplySink {
    /** Takes ownership of bytes for the client. */
    void bytes(ByteBuf run);

    /** After a batch of bytes. */
    void flush();

    /** Whether more bytes are welcome now. */
    boolean writable();

    /** The server connection can or cannot take more for now. */
    void serverWritable(boolean writable);

    /** The client's name stands for the statement from now on. */
    void parsed(String name, PreparedStatement statement);

    /** The client's name stands for nothing any more. */
    void unnamed(String name);

    /** Statement {@code index} of a plan has completed. */
    void completed(SqlPlan plan, int index, String tag);

    /** The client is told of an error; in statement {@code index} of a plan when one had begun, else with null. */
    void failed(@Nullable SqlPlan plan, int index);

    /**
     * An error for a group of which nothing has run: whether it is sent again instead of telling the client.
     *
     * @param standby whether the server has said that it is one
     */
    boolean repeats(SqlError error, boolean standby);

    /** The group whose error {@link #repeats} took is over on the server. */
    void repeat();

    /** A setting the server reports; returns whether the client shall see it. */
    boolean parameter(String name, String value, boolean ours);

    /** The server waits for copied data; {@code readyOwed} is whether a ReadyForQuery will come without a further Sync. */
    void copyIn(boolean readyOwed);

    /** The server has ended a pipeline or query and said how the transaction stands. */
    void ready(byte status);

    /** The end of a pipeline that the proxy has ended by itself. */
    void synced();

    /** The connection is gone before it had answered; {@code why} is null when the client was told already. */
    void lost(@Nullable SqlError why);
}
