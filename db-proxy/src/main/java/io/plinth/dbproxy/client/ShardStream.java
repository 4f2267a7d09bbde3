package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.merge.RowMerger;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.SilentSink;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One shard's part of a query over several: its rows go to the merger. Owned by the session's event loop. */
final class ShardStream extends SilentSink implements FrameReader.Sink {
    private static final int LONGEST_ROW = 1 << 30;
    private static final long MOST_WAITING = 256 << 10;

    private final Scatter scatter;
    private final int index;
    private final ServerConnection connection;
    private final RowMerger merger;
    private final FrameReader frames;
    private boolean over;
    private boolean failed;
    private @Nullable Runnable drained;

    ShardStream(Scatter scatter, int index, ServerConnection connection, RowMerger merger) {
        this.scatter = scatter;
        this.index = index;
        this.connection = connection;
        this.merger = merger;
        this.frames = new FrameReader(connection.allocator(), LONGEST_ROW);
    }

    ServerConnection connection() {
        return connection;
    }

    /** Reads on when the merger has made use of what there was. */
    void resume() {
        if (!over && writable()) {
            connection.reading(true);
        }
    }

    /** Nothing of it matters any more. */
    void end() {
        over = true;
        frames.close();
    }

    /** Nothing of it matters any more; {@code then} runs when the server is ready again, or gone. */
    void drain(Runnable then) {
        end();
        drained = then;
        connection.reading(true);
    }

    /** Whether the server has told of an error. */
    boolean failed() {
        return failed;
    }

    boolean over() {
        return over;
    }

    @Override
    public void bytes(ByteBuf run) {
        if (over) {
            run.release();
            return;
        }
        try {
            frames.read(run, this);
        } catch (SqlException e) {
            scatter.failed(e.error());
        }
    }

    @Override
    public Verdict frame(byte type, ByteBuf body) throws SqlException {
        switch (type) {
            case Backend.ROW_DESCRIPTION -> scatter.described(copy(body));
            case Backend.DATA_ROW -> merger.row(index, copy(body));
            case Backend.ERROR -> {
                failed = true;
                throw new SqlException(ServerMessages.failure(body).error());
            }
            default -> {}
        }
        return Verdict.DROP;
    }

    private static byte[] copy(ByteBuf body) {
        byte[] bytes = new byte[body.readableBytes()];
        body.readBytes(bytes);
        return bytes;
    }

    @Override
    public void flush() {
        scatter.pump();
    }

    @Override
    public boolean writable() {
        return over || merger.waiting(index) < MOST_WAITING;
    }

    @Override
    public void ready(byte status) {
        if (!over) {
            end();
            merger.done(index);
            scatter.ended(this);
        } else {
            drained();
        }
    }

    @Override
    public void lost(@Nullable SqlError why) {
        if (!over) {
            end();
            scatter.lost(
                    connection,
                    Objects.requireNonNullElse(
                            why,
                            SqlError.of(
                                    SqlError.CONNECTION_FAILURE,
                                    "server " + connection.key().name() + " ended the session")));
        } else {
            drained();
        }
    }

    private void drained() {
        Runnable then = drained;
        drained = null;
        if (then != null) {
            then.run();
        }
    }

    @Override
    public boolean streams(byte type) {
        return false;
    }

    @Override
    public void run(ByteBuf run) {
        run.release();
    }

    @Override
    public void handedOn() {}

    @Override
    public void copyIn(boolean readyOwed) {
        scatter.failed(SqlError.of(SqlError.NOT_SUPPORTED, "COPY over several shards"));
    }
}
