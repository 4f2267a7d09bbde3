package io.plinth.dbproxy.copy;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.SilentSink;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import org.jspecify.annotations.Nullable;

/** Takes the frames of one shard's answer one by one; nothing of it is the client's as it comes. Owned by the event loop. */
abstract class QuietSink extends SilentSink implements FrameReader.Sink {
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
    public boolean streams(byte type) {
        return false;
    }

    @Override
    public void run(ByteBuf run) {
        run.release();
    }

    @Override
    public void handedOn() {}
}
