package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http2.Endpoint;
import io.plinth.lbproxy.wire.http2.ErrorCode;
import io.plinth.lbproxy.wire.http2.Fault;
import io.plinth.lbproxy.wire.http2.Http2Stream;
import io.plinth.lbproxy.wire.http2.Output;
import io.plinth.lbproxy.wire.http2.RequestFields;
import io.plinth.lbproxy.wire.http2.TrailerSink;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's HTTP/2 connection: gives its bytes to the protocol's {@link Endpoint}, each stream to an exchange of its own,
 * and keeps the deadlines. Owned by its event loop.
 */
final class Http2ClientConnection extends AttendedClient implements Output {
    private static final Logger LOG = LoggerFactory.getLogger(Http2ClientConnection.class);
    /** For what a client sent before it read that the connection ends; RFC 9113 6.8. */
    private static final long DRAIN_NANOS = 1_000_000_000L;

    private static final long LINGER_BYTES = 1 << 20;
    private static final long CLOSE_NANOS = 2_000_000_000L;

    /** Bytes waiting to go out at which nothing more is read, whoever asks for more. */
    private static final long FULL = 256 * 1024;

    private final Worker worker;
    private final Channel channel;
    private final Runnable onGone;
    private final ForwardedHeaders forwarded;
    private final Streams endpoint;
    private final RequestFields requestFields = new RequestFields();
    private final TrailerSink trailers = new TrailerSink();
    private final ResponseHead ownHead = new ResponseHead();
    private final HeadParser ownHeadParser = new HeadParser(Http1Limits.OWN, ownHead);
    /** Streams whose servers were written to since the last flush. */
    private final List<ClientStream> touched = new ArrayList<>();

    private final Runnable flush = this::flushNow;
    private boolean flushing;
    private boolean draining;
    private long drainBy;
    private boolean gone;
    private boolean closing;
    private boolean autoRead = true;
    private long deadline;
    private long unsent;
    private final Outflow outflow;
    private long received;
    /** When a head began that has not come whole; 0 for none. */
    private long headSince;

    private long headFrom;
    private long discarded;

    /** The streams of this connection. */
    private final class Streams extends Endpoint {
        Streams(ProxySettings settings) {
            super(true, settings.http2(), Http2ClientConnection.this);
        }

        @Override
        protected Http2Stream accept() {
            return new ClientStream(this, Http2ClientConnection.this, worker);
        }

        @Override
        protected void streamClosed() {
            if (open() == 0) {
                idle();
            }
        }

        @Override
        protected void peerChanged() {
            if (goingAway() && open() == 0) {
                Http2ClientConnection.this.end(ErrorCode.NO_ERROR, "");
            }
        }

        @Override
        protected void failed(Fault fault) {
            worker.counts().add(Worker.REJECTED, 1);
            LOG.debug("connection of client {} ends: {}", channel.remoteAddress(), fault.getMessage());
        }
    }

    Http2ClientConnection(Worker worker, Channel channel, ForwardedHeaders forwarded, Runnable onGone) {
        this.worker = worker;
        this.channel = channel;
        this.forwarded = forwarded;
        this.onGone = onGone;
        ProxySettings settings = worker.snapshot().settings();
        outflow = new Outflow(channel, worker.kernel(), settings);
        endpoint = new Streams(settings);
    }

    /** Says hello. */
    void begin() {
        within(worker.snapshot().settings().timeouts().header());
        endpoint.begin();
        endpoint.flush();
        if (worker.draining()) {
            drain();
        }
    }

    private void end(int code, String why) {
        endpoint.end(code, why);
    }

    // ---- channel

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        ended();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended();
    }

    private void ended() {
        if (!gone) {
            gone = true;
            endpoint.gone();
            worker.remove(this);
            onGone.run();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closing) {
            discarded += in.readableBytes();
            in.release();
            if (discarded > LINGER_BYTES) {
                channel.close();
            }
            return;
        }
        received += in.readableBytes();
        endpoint.receive(in);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            // Without its WINDOW_UPDATEs there is nothing to go on with.
            ctx.close();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).flushServer();
        }
        touched.clear();
        endpoint.flush();
        boolean head = endpoint.inHeaderBlock() || (endpoint.open() == 0 && endpoint.partial() > 0);
        if (!head) {
            headSince = 0;
        } else if (headSince == 0) {
            headSince = worker.coarseNow();
            headFrom = received;
        }
        readWhileRoom();
    }

    private void readWhileRoom() {
        boolean on = closing || pending() < FULL;
        if (on != autoRead && !gone) {
            autoRead = on;
            channel.config().setAutoRead(on);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            endpoint.writableAgain();
        }
        readWhileRoom();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection of client {} failed: {}", ctx.channel().remoteAddress(), cause.toString());
        ctx.close();
    }

    // ---- output

    @Override
    public ByteBufAllocator allocator() {
        return channel.alloc();
    }

    @Override
    public void write(ByteBuf bytes) {
        if (gone) {
            bytes.release();
        } else {
            outflow.wrote(bytes.readableBytes());
            channel.write(bytes, channel.voidPromise());
        }
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean writable() {
        return !gone && channel.isWritable();
    }

    @Override
    public void close() {
        if (closing || gone) {
            return;
        }
        closing = true;
        deadline = worker.coarseNow() + CLOSE_NANOS;
        readWhileRoom();
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> {
            // Closing with unread bytes would reset the connection and take the GOAWAY with it (RFC 9113 5.4.1).
            if (done.isSuccess() && !forwarded.secure() && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            } else {
                channel.close();
            }
        });
    }

    private long pending() {
        return outflow.pending();
    }

    // ---- for its streams

    int partial() {
        return endpoint.partial();
    }

    ForwardedHeaders forwarded() {
        return forwarded;
    }

    RequestFields requestFields() {
        return requestFields;
    }

    TrailerSink trailers() {
        return trailers;
    }

    ResponseHead ownHead() {
        return ownHead;
    }

    HeadParser ownHeadParser() {
        return ownHeadParser;
    }

    /** The server of a stream is flushed with the read's end. */
    void touch(ClientStream stream) {
        touched.add(stream);
    }

    /**
     * Sends what was written once all that is ready in this turn of the loop has been read, so that the answers of several
     * servers are one TLS record and one write.
     */
    void flushSoon() {
        if (!flushing) {
            flushing = true;
            channel.eventLoop().execute(flush);
        }
    }

    private void flushNow() {
        flushing = false;
        endpoint.flush();
    }

    // ---- deadlines

    private void within(long nanos) {
        deadline = worker.coarseNow() + nanos;
    }

    private long forHead() {
        ProxySettings settings = worker.snapshot().settings();
        return Deadlines.forHead(settings.timeouts(), settings.rates(), received - headFrom);
    }

    /** No stream is open: the connection waits for the next, or ends. */
    private void idle() {
        within(worker.snapshot().settings().timeouts().keepAlive());
    }

    @Override
    void tick(long now) {
        if (gone) {
            return;
        }
        if (closing) {
            if (now - deadline >= 0) {
                channel.close();
            }
            return;
        }
        endpoint.tick(now);
        if (draining && now - drainBy >= 0) {
            endpoint.goAway(true);
            if (endpoint.open() == 0) {
                end(ErrorCode.NO_ERROR, "");
                return;
            }
        }
        if (headSince != 0 && now - headSince >= forHead()) {
            end(ErrorCode.ENHANCE_YOUR_CALM, "header block not complete within timeouts.header");
            return;
        }
        if (outflow.late(now, endpoint.windowClosed(), tunnelsOnly())) {
            worker.counts().add(Worker.SLOW, 1);
            end(ErrorCode.ENHANCE_YOUR_CALM, "responses taken more slowly than min-rate.response");
            return;
        }
        for (Http2Stream stream : endpoint.all()) {
            if (stream instanceof ClientStream client) {
                client.tick(now, outflow.moved());
            }
        }
        endpoint.flush();
        takes(now);
    }

    /** Whether all that its client may take slowly belongs to WebSockets, which no rate is asked of. */
    private boolean tunnelsOnly() {
        for (Http2Stream stream : endpoint.all()) {
            if (!(stream instanceof ClientStream client && client.tunnels())) {
                return false;
            }
        }
        return endpoint.open() > 0;
    }

    /** Ends a connection that idles, or whose client takes nothing of what is on its way. */
    private void takes(long now) {
        long left = pending();
        boolean stuck = left > 0 && left >= unsent && !outflow.moved();
        if (left > 0 && !stuck) {
            within(worker.snapshot().settings().timeouts().stream());
        }
        if (left > 0 && unsent == 0) {
            within(worker.snapshot().settings().timeouts().stream());
        }
        unsent = left;
        boolean waits = (endpoint.open() == 0 && headSince == 0) || stuck;
        if (waits && now - deadline >= 0) {
            end(ErrorCode.NO_ERROR, stuck ? "nothing read within timeouts.stream" : "idle for timeouts.keep-alive");
        }
    }

    @Override
    void drain() {
        draining = true;
        drainBy = worker.coarseNow() + DRAIN_NANOS;
        endpoint.goAway(false);
    }

    @Override
    public void abort() {
        if (!gone) {
            closing = true;
            channel.close();
        }
    }
}
