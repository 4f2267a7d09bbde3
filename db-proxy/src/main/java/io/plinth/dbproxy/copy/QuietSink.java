package io.plinth.dbproxy.copy;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ReplySink;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import org.jspecify.annotations.Nullable;

/** Takes the frames of one shard's answer one by one; nothing of it is the client's as it comes. Owned by the event loop. */
abstract class QuietSink implements ReplySink, FrameReader.Sink {
    private static final int LONGEST = 1 << 30;

    private final ServerConnection connection;
    private final FrameReader frames;
    private boolean over;

    QuietSink(ServerConnection connection) {
        this.connection = connection;
        this.frames = new FrameReader(connection.allocator(), LONGEST);
    }

    /** A whole message. */
    abstract void message(byte type, ByteBuf body) throws SqlException;

    /** The server is ready again. */
    abstract void ended();

    /** The connection is gone, or broke the protocol. */
    abstract void broken(SqlError why);

    ServerConnection connection() {
        return connection;
    }

    boolean over() {
        return over;
    }

    private void end() {
        over = true;
        frames.close();
    }

    static byte[] copy(ByteBuf body) {
        byte[] bytes = new byte[body.readableBytes()];
        body.readBytes(bytes);
        return bytes;
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
            end();
            broken(e.error());
        }
    }

    @Override
    public Verdict frame(byte type, ByteBuf body) throws SqlException {
        message(type, body);
        return Verdict.DROP;
    }

    @Override
    public void ready(byte status) {
        if (!over) {
            end();
            ended();
        }
    }

    @Override
    public void lost(@Nullable SqlError why) {
        if (!over) {
            end();
            broken(
                    why == null
                            ? SqlError.of(
                                    SqlError.CONNECTION_FAILURE,
                                    "server " + connection.key().name() + " ended the session")
                            : why);
        }
    }

    @Override
    public void flush() {}

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public void serverWritable(boolean writable) {}

    @Override
    public void copyIn(boolean readyOwed) {}

    @Override
    public boolean parameter(String name, String value, boolean ours) {
        return false;
    }

    @Override
    public boolean repeats(SqlError error, boolean standby) {
        return false;
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
    public void parsed(String name, PreparedStatement statement) {}

    @Override
    public void unnamed(String name) {}

    @Override
    public void completed(SqlPlan plan, int statement, String tag) {}

    @Override
    public void failed(@Nullable SqlPlan plan, int statement) {}

    @Override
    public void repeat() {}

    @Override
    public void synced() {}
}
