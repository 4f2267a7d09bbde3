package io.plinth.dbproxy.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.kit.net.LoopPace;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A logged-in connection to a server. Owned by its channel's event loop, which is its client's too.
 *
 * <p>Everything sent has its replies entered in {@link Replies}; a reply that is not the next one expected, an abort in
 * the middle of one, or a lost client closes the connection. It is used again only when nothing is owed and the server
 * is outside a transaction.
 */
public final class ServerConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

    /** PostgreSQL's own limit of a message is a little below this. */
    private static final int LONGEST_COLLECTED = 1 << 30;

    private final ServerKey key;
    private final Channel channel;
    private final ServerIdentity identity;
    private final Prepared prepared;
    private final Replies replies;
    private final FrameReader reader;
    private final LoopPace pace;
    private final long createdNanos;
    private Settings applied = Settings.NONE;
    private long releasedNanos;
    private int cancels;
    private boolean closed;
    private @Nullable ReplySink sink;
    private @Nullable Runnable cancelsDone;
    private @Nullable Runnable onClose;
    private @Nullable Consumer<ByteBuf> onNotification;

    ServerConnection(
            ServerKey key, Channel channel, ServerIdentity identity, int statements, LoopPace pace, long nowNanos) {
        this.pace = pace;
        this.key = key;
        this.channel = channel;
        this.identity = identity;
        this.prepared = new Prepared(statements);
        this.replies = new Replies(this, prepared);
        this.reader = new FrameReader(channel.alloc(), LONGEST_COLLECTED);
        this.createdNanos = nowNanos;
        this.releasedNanos = nowNanos;
    }

    public ServerKey key() {
        return key;
    }

    public ServerIdentity identity() {
        return identity;
    }

    public Prepared prepared() {
        return prepared;
    }

    public ByteBufAllocator allocator() {
        return channel.alloc();
    }

    public EventLoop loop() {
        return channel.eventLoop();
    }

    /** The transaction's state as of the last ReadyForQuery. */
    public byte status() {
        return replies.status();
    }

    public Settings applied() {
        return applied;
    }

    /** The session's settings are now these. */
    public void applied(Settings settings) {
        assertOwner();
        applied = settings;
    }

    /** Its own end; null when it is closed. */
    public @Nullable InetSocketAddress localAddress() {
        return channel.localAddress() instanceof InetSocketAddress address ? address : null;
    }

    public long createdNanos() {
        return createdNanos;
    }

    public long releasedNanos() {
        return releasedNanos;
    }

    /** Whether it may serve anybody: nothing owed, no transaction, not closed. */
    public boolean reusable() {
        return open() && replies.idle() && replies.status() == Backend.IDLE;
    }

    /** Whether no reply is owed. */
    public boolean settled() {
        return replies.idle();
    }

    public boolean open() {
        return !closed && channel.isActive();
    }

    /** Whether more may be sent without piling up. */
    public boolean writable() {
        return channel.isWritable();
    }

    /** Gives the connection to a client. */
    public void attach(ReplySink owner) {
        assertOwner();
        sink = owner;
    }

    /** Takes it from the client it serves. */
    public void detach(long nowNanos) {
        assertOwner();
        ReplySink owner = sink;
        sink = null;
        if (owner != null) {
            // What came in this very read: when it is complete, the connection knows this client no more.
            owner.flush();
        }
        releasedNanos = nowNanos;
        reading(true);
    }

    @Nullable
    ReplySink sink() {
        return sink;
    }

    /** Enters what the bytes sent next will be answered with. */
    public void expect(Expectation expectation) {
        assertOwner();
        replies.expect(expectation);
    }

    /** Sends bytes whose replies are entered. Takes ownership. */
    public void send(ByteBuf bytes) {
        assertOwner();
        if (bytes.isReadable()) {
            channel.writeAndFlush(bytes, channel.voidPromise());
        } else {
            bytes.release();
        }
        replies.answerAlready();
    }

    /** Runs a query of our own and hands over what it came to. */
    public void inject(String sql, Consumer<Expectation.Outcome> done) {
        if (refused(done)) {
            return;
        }
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        prepared.forgetUnnamed();
        expect(new Expectation.Injected(done));
        ByteBuf out = channel.alloc().buffer(bytes.length + 6);
        FrontendWriter.query(out, bytes);
        send(out);
    }

    /** The same in the extended protocol, where {@code bind} is not empty: formats, values and result formats. */
    public void inject(
            byte[] sql,
            int[] types,
            byte[] bind,
            Expectation.@Nullable Taker taker,
            Consumer<Expectation.Outcome> done) {
        if (refused(done)) {
            return;
        }
        prepared.forgetUnnamed();
        expect(new Expectation.Injected(done, taker));
        ByteBuf out = channel.alloc().buffer(sql.length + bind.length + 64);
        if (bind.length == 0) {
            FrontendWriter.query(out, sql);
        } else {
            FrontendWriter.parse(out, "", sql, types);
            FrontendWriter.bind(out, "", "", bind, 0);
            FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, "");
            FrontendWriter.execute(out, "", 0);
            FrontendWriter.bare(out, Frontend.SYNC);
        }
        send(out);
    }

    /** A closed connection answers at once, as nobody else will. */
    private boolean refused(Consumer<Expectation.Outcome> done) {
        if (closed) {
            SqlError lost =
                    SqlError.of(SqlError.CONNECTION_FAILURE, "connection to server " + key.name() + " was lost");
            done.accept(new Expectation.Outcome(lost, "", List.of()));
        }
        return closed;
    }

    /** Stops or resumes reading replies, as the client can take them. */
    public void reading(boolean on) {
        if (!closed && channel.config().isAutoRead() != on) {
            channel.config().setAutoRead(on);
        }
    }

    /** A cancel request for what it runs is on its way: it must not be given to another client before that is over. */
    public void cancelStarted() {
        assertOwner();
        cancels++;
    }

    public void cancelEnded() {
        assertOwner();
        cancels--;
        Runnable waiting = cancelsDone;
        if (cancels == 0 && waiting != null) {
            cancelsDone = null;
            waiting.run();
        }
    }

    /** Runs {@code next} once no cancel request is on its way. */
    public void afterCancels(Runnable next) {
        assertOwner();
        if (cancels == 0) {
            next.run();
        } else {
            cancelsDone = next;
        }
    }

    /** Takes the notifications that come while the connection serves no client. */
    public void onNotification(Consumer<ByteBuf> taker) {
        onNotification = taker;
    }

    void notified(ByteBuf body) {
        Consumer<ByteBuf> taker = onNotification;
        if (taker != null) {
            taker.accept(body);
        }
    }

    /** Whether the server has said that it is a standby (PostgreSQL 14 and later). */
    public boolean standby() {
        return replies.standby();
    }

    public void onClose(Runnable action) {
        onClose = action;
    }

    /** Says goodbye and closes. */
    public void close() {
        if (closed) {
            return;
        }
        boolean active = channel.isActive();
        closed = true;
        reader.close();
        if (active) {
            ByteBuf out = channel.alloc().buffer(5);
            FrontendWriter.bare(out, Frontend.TERMINATE);
            channel.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
        } else {
            channel.close();
        }
        Runnable action = onClose;
        onClose = null;
        if (action != null) {
            action.run();
        }
        replies.abandon();
    }

    /** Ends it, whoever uses it. */
    public void lose(SqlError why) {
        assertOwner();
        fail(why);
    }

    /** The server can no longer be trusted to be where we think it is; {@code why} null when the client knows. */
    void fail(@Nullable SqlError why) {
        ReplySink owner = sink;
        sink = null;
        close();
        if (owner != null) {
            owner.lost(why);
        }
    }

    FrameReader reader() {
        return reader;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            reader.read((ByteBuf) message, replies);
        } catch (SqlException e) {
            LOG.warn("server connection closed: {} - server={}", e.error(), key.name());
            fail(SqlError.of(
                    SqlError.CONNECTION_FAILURE,
                    "server " + key.name() + " broke the protocol: " + e.error().message()));
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ReplySink owner = sink;
        if (owner != null) {
            owner.flush();
            if (!owner.writable()) {
                reading(false);
            }
        }
        pace.ready(channel.eventLoop());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(SqlError.of(SqlError.CONNECTION_FAILURE, "server " + key.name() + " closed the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("server connection failed - server={}", key.name(), cause);
        fail(SqlError.of(
                SqlError.CONNECTION_FAILURE, "connection to server " + key.name() + " failed: " + cause.getMessage()));
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ReplySink owner = sink;
        if (owner != null) {
            owner.serverWritable(channel.isWritable());
        }
    }

    private void assertOwner() {
        assert channel.eventLoop().inEventLoop() : "server connection used off its event loop";
    }
}
