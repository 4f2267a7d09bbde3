package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP/1.1 connection to a server: with its user, or idle in its lane. Owned by its event loop, which is its user's too.
 *
 * <pre>
 * CONNECTING -> IN_USE  connected
 * IN_USE     -> IDLE    released after a whole exchange
 * IDLE       -> IN_USE  acquired
 * any        -> CLOSED  either side closed, a connect failed, bytes came that nobody asked for
 * </pre>
 */
final class Http1Connection extends ChannelInboundHandlerAdapter implements UpstreamConnection {
    private enum State {
        CONNECTING,
        IN_USE,
        IDLE,
        CLOSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(Http1Connection.class);

    /** How long a server may take to read what a tunnel's client left behind. */
    private static final int LINGER_SECONDS = 5;

    private final ServerLane lane;
    private State state = State.CONNECTING;
    private @Nullable Channel channel;
    private @Nullable ChannelHandlerContext context;
    private @Nullable UpstreamUser user;
    private boolean reused;
    private boolean dirty;
    private boolean autoRead = true;
    private long idleSince;

    Http1Connection(ServerLane lane) {
        this.lane = lane;
    }

    @Override
    public ServerLane lane() {
        return lane;
    }

    @Override
    public boolean reused() {
        return reused;
    }

    long idleSince() {
        return idleSince;
    }

    boolean usable() {
        Channel open = channel;
        return state == State.IDLE && open != null && open.isActive();
    }

    /** Who gets it once it is connected. */
    void reserve(UpstreamUser next) {
        user = next;
    }

    @Override
    public boolean mayRefuse() {
        return false;
    }

    @Override
    public void abandon() {
        user = null;
    }

    void connected(Channel open) {
        channel = open;
        UpstreamUser next = user;
        if (state == State.CLOSED) {
            return;
        }
        if (next == null) {
            release();
        } else {
            use(next, false);
        }
    }

    void failed(String why) {
        state = State.CLOSED;
        lane.requestEnded();
        UpstreamUser waiting = user;
        user = null;
        lane.pool().closed(this, false);
        if (waiting != null) {
            waiting.connectFailed(lane, why);
        }
    }

    void use(UpstreamUser next, boolean again) {
        user = next;
        state = State.IN_USE;
        reused = again;
        next.connected(this);
    }

    @Override
    public void release() {
        lane.requestEnded();
        user = null;
        idleSince = lane.pool().connector().now();
        state = State.IDLE;
        read(true);
        if (!lane.pool().release(this)) {
            close();
        }
    }

    @Override
    public void discard() {
        user = null;
        close();
    }

    @Override
    public void closeAfterWriting() {
        user = null;
        Channel open = channel;
        if (open != null) {
            Future<?> late = open.eventLoop().schedule(() -> open.close(), LINGER_SECONDS, TimeUnit.SECONDS);
            open.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> {
                late.cancel(false);
                open.close();
            });
        }
    }

    void close() {
        Channel open = channel;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            bytes.release();
            return;
        }
        dirty = true;
        ctx.write(bytes, ctx.voidPromise());
    }

    @Override
    public void flush() {
        ChannelHandlerContext ctx = context;
        if (dirty && ctx != null) {
            dirty = false;
            ctx.flush();
        }
    }

    @Override
    public boolean writable() {
        Channel open = channel;
        return open != null && open.isWritable();
    }

    @Override
    public void read(boolean on) {
        Channel open = channel;
        if (on != autoRead && open != null) {
            autoRead = on;
            open.config().setAutoRead(on);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        channel = ctx.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            UpstreamUser current = user;
            if (current != null) {
                current.responseBytes(in);
            } else if (state == State.IDLE) {
                // Bytes nobody asked for: an answer to them would go to whoever comes next.
                LOG.debug(
                        "server {} sent bytes on an idle connection",
                        lane.server().name());
                ctx.close();
            }
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        UpstreamUser current = user;
        if (current != null) {
            current.responsePause();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        UpstreamUser current = user;
        if (current != null) {
            current.serverWritable(ctx.channel().isWritable());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        State before = state;
        if (before == State.CLOSED || before == State.CONNECTING) {
            return;
        }
        state = State.CLOSED;
        UpstreamUser current = user;
        user = null;
        if (before == State.IN_USE) {
            lane.requestEnded();
        }
        lane.pool().closed(this, before == State.IDLE);
        if (current != null) {
            current.serverClosed(Ending.CLOSED);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection to server {} failed: {}", lane.server().name(), cause.toString());
        ctx.close();
    }
}
