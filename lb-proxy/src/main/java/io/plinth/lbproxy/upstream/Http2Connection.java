package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http1.RequestHead;
import io.plinth.lbproxy.wire.http2.Endpoint;
import io.plinth.lbproxy.wire.http2.ErrorCode;
import io.plinth.lbproxy.wire.http2.Fault;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import io.plinth.lbproxy.wire.http2.Http2Stream;
import io.plinth.lbproxy.wire.http2.Output;
import io.plinth.lbproxy.wire.http2.ResponseFields;
import io.plinth.lbproxy.wire.http2.TrailerSink;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP/2 connection to a server, which many requests share. Owned by its event loop, which is its users' too.
 *
 * <pre>
 * CONNECTING -> OPEN    connected; requests that waited for it are sent
 * OPEN       -> LEAVING GOAWAY either way, the pool retired: streams go on, no new ones
 * any        -> CLOSED  either side closed, or the connect failed
 * </pre>
 */
final class Http2Connection extends ChannelInboundHandlerAdapter implements Output {
    private enum State {
        CONNECTING,
        OPEN,
        LEAVING,
        CLOSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(Http2Connection.class);

    private final ServerLane lane;
    private final Streams endpoint;
    private final int maxStreams;
    private final ResponseFields responseFields = new ResponseFields();
    private final TrailerSink trailers = new TrailerSink();
    private final RequestHead request = new RequestHead();
    private final HeadParser parser = new HeadParser(Http1Limits.OWN, request);
    private final Framing framing = new Framing();
    private final List<ServerStream> waiting = new ArrayList<>();
    private final List<ServerStream> touched = new ArrayList<>();
    private State state = State.CONNECTING;
    /** Whose requests alone it may carry, since it began with a PROXY header of theirs; null for anybody's. */
    private final @Nullable InetSocketAddress client;

    private final Runnable flush = this::flushNow;
    private @Nullable Channel channel;
    private boolean flushing;
    private boolean served;
    private long idleSince;

    /** The streams of this connection. */
    private final class Streams extends Endpoint {
        Streams(Http2Limits limits) {
            super(false, limits, Http2Connection.this);
        }

        @Override
        protected Http2Stream accept() {
            throw new IllegalStateException("a server opens no streams");
        }

        @Override
        protected void streamClosed() {
            freed();
        }

        @Override
        protected void peerChanged() {
            tunnels();
            if (goingAway()) {
                leave();
            }
        }

        @Override
        protected void failed(Fault fault) {
            LOG.debug("connection to server {} ends: {}", lane.server().name(), fault.getMessage());
        }
    }

    Http2Connection(ServerLane lane, Http2Limits limits, @Nullable InetSocketAddress client) {
        this.lane = lane;
        this.client = client;
        maxStreams = limits.streams();
        endpoint = new Streams(limits);
        idleSince = lane.pool().connector().now();
    }

    ServerLane lane() {
        return lane;
    }

    Http1Limits limits() {
        return Http1Limits.OWN;
    }

    ResponseFields responseFields() {
        return responseFields;
    }

    TrailerSink trailers() {
        return trailers;
    }

    RequestHead request() {
        return request;
    }

    HeadParser parser() {
        return parser;
    }

    Framing framing() {
        return framing;
    }

    boolean secure() {
        return lane.pool().pool().settings().tls() != null;
    }

    /** Whether this request may be sent over it too. */
    boolean hasRoom(Pick pick) {
        if (client != null && !client.equals(pick.client())) {
            return false;
        }
        return switch (state) {
            case CONNECTING -> waiting.size() < (lane.sharing() ? maxStreams : 1);
            case OPEN ->
                endpoint.open() + waiting.size() < Math.min(maxStreams, endpoint.peerStreams())
                        && !endpoint.goingAway();
            case LEAVING, CLOSED -> false;
        };
    }

    /** Gives a user a stream, at once or when it is connected. */
    void use(UpstreamUser user) {
        ServerStream stream = new ServerStream(endpoint, this, user, served);
        served = true;
        if (state == State.CONNECTING || (user.pick().tunnel() && !endpoint.settled())) {
            waiting.add(stream);
            user.connecting(stream);
        } else {
            begin(stream, user);
        }
    }

    private void begin(ServerStream stream, UpstreamUser user) {
        if (user.pick().tunnel() && !endpoint.peerConnects()) {
            lane.requestEnded();
            user.refused(Refusal.NO_TUNNEL);
        } else {
            endpoint.open(stream);
            user.connected(stream);
        }
    }

    /** Its settings tell whether it takes WebSockets (RFC 8441 3): who waited for that hears of it. */
    private void tunnels() {
        List<ServerStream> first = List.copyOf(waiting);
        waiting.clear();
        for (ServerStream stream : first) {
            UpstreamUser user = stream.user();
            if (user == null) {
                lane.requestEnded();
            } else if (endpoint.goingAway()) {
                lane.requestEnded();
                user.connectFailed(lane, "it goes away");
            } else {
                begin(stream, user);
            }
        }
        freed();
    }

    /** Its user waits no longer. */
    void abandoned(ServerStream stream) {
        if (state != State.CONNECTING && waiting.remove(stream)) {
            lane.requestEnded();
            freed();
        }
    }

    void connected(Channel open) {
        channel = open;
        if (state != State.CONNECTING) {
            return;
        }
        state = State.OPEN;
        endpoint.begin();
        List<ServerStream> first = List.copyOf(waiting);
        waiting.clear();
        for (ServerStream stream : first) {
            UpstreamUser user = stream.user();
            if (user == null) {
                lane.requestEnded();
            } else if (user.pick().tunnel()) {
                waiting.add(stream);
            } else {
                begin(stream, user);
            }
        }
        endpoint.flush();
        if (lane.retired() || lane.pool().pool().retired()) {
            leave();
        } else {
            freed();
        }
    }

    /** The server chose HTTP/1.1: gives those away who wait, but for one such that nobody wants any more. */
    List<UpstreamUser> downgraded() {
        state = State.CLOSED;
        endpoint.gone();
        List<UpstreamUser> users = new ArrayList<>();
        for (ServerStream stream : waiting) {
            UpstreamUser user = stream.user();
            if (user != null) {
                users.add(user);
            }
        }
        for (int i = Math.max(1, users.size()); i < waiting.size(); i++) {
            lane.requestEnded();
        }
        waiting.clear();
        return users;
    }

    void failed(String why) {
        state = State.CLOSED;
        lane.pool().closed(this);
        refuseWaiting(why);
    }

    private void refuseWaiting(String why) {
        List<ServerStream> first = List.copyOf(waiting);
        waiting.clear();
        for (ServerStream stream : first) {
            lane.requestEnded();
            UpstreamUser user = stream.user();
            if (user != null) {
                user.connectFailed(lane, why);
            }
        }
    }

    private void freed() {
        if (endpoint.open() == 0 && waiting.isEmpty()) {
            idleSince = lane.pool().connector().now();
            if (state == State.LEAVING) {
                endpoint.end(ErrorCode.NO_ERROR, "");
            }
        }
        if (state == State.OPEN) {
            lane.pool().streamFreed(this);
        }
    }

    /** Takes no more requests; closes after the last. */
    void leave() {
        if (state == State.OPEN) {
            state = State.LEAVING;
            lane.left(this);
            if (endpoint.open() == 0 && waiting.isEmpty()) {
                endpoint.end(ErrorCode.NO_ERROR, "");
            }
        }
    }

    boolean idle() {
        return state == State.OPEN && endpoint.open() == 0 && waiting.isEmpty();
    }

    boolean idleBefore(long time) {
        return idle() && idleSince - time < 0;
    }

    // ---- channel

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = ctx.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        endpoint.receive((ByteBuf) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).pause();
        }
        touched.clear();
        endpoint.flush();
    }

    /** The user of a stream got bytes, and hears of the read's end. */
    void touch(ServerStream stream) {
        touched.add(stream);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            endpoint.writableAgain();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        State before = state;
        if (before == State.CLOSED || before == State.CONNECTING) {
            return;
        }
        state = State.CLOSED;
        lane.left(this);
        lane.pool().closed(this);
        endpoint.gone();
        refuseWaiting("closed before its SETTINGS");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection to server {} failed: {}", lane.server().name(), cause.toString());
        ctx.close();
    }

    // ---- output

    @Override
    public ByteBufAllocator allocator() {
        Channel open = channel;
        return open == null ? ByteBufAllocator.DEFAULT : open.alloc();
    }

    @Override
    public void write(ByteBuf bytes) {
        Channel open = channel;
        if (open == null) {
            bytes.release();
        } else {
            open.write(bytes, open.voidPromise());
        }
    }

    @Override
    public void flush() {
        Channel open = channel;
        if (open != null) {
            open.flush();
        }
    }

    /** Sends what was written once all that is ready in this turn of the loop has been read: requests of several clients. */
    void flushFrames() {
        if (!flushing) {
            flushing = true;
            lane.pool().connector().loop().execute(flush);
        }
    }

    private void flushNow() {
        flushing = false;
        endpoint.flush();
    }

    @Override
    public boolean writable() {
        Channel open = channel;
        return open != null && open.isWritable();
    }

    @Override
    public void close() {
        Channel open = channel;
        if (open != null) {
            open.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> open.close());
        }
    }
}
