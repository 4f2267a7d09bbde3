package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.plinth.lbproxy.forward.Face;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeldBytes;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import io.plinth.lbproxy.wire.http2.Endpoint;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection: feeds its bytes to one exchange after the other, holds what comes too early within bounds, and
 * keeps the one deadline that is running. Owned by its event loop.
 */
public final class ClientConnection extends AttendedClient implements ClientSide {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LINGER_NANOS = 2_000_000_000L;
    private static final long LINGER_BYTES = 1 << 20;

    private final Worker worker;
    private final Face face;
    private final Runnable onGone;
    private @Nullable ChannelHandlerContext context;
    private @Nullable ForwardedHeaders forwarded;
    private @Nullable Exchange exchange;
    private @Nullable ByteBuf held;
    /** Whether no byte has come, or only such as HTTP/2's preface begins with. */
    private boolean fresh = true;

    private boolean processing;
    /** Whether the client has closed its sending side, and may still take answers. */
    private boolean inputEnded;

    private boolean closing;
    private boolean gone;
    private boolean dirty;
    private boolean autoRead = true;
    private @Nullable Outflow outflow;
    private long received;
    private long discarded;
    private long deadline;
    /** Bytes of a whole response that the client has yet to take, when last looked at; 0 for none. */
    private long unsent;

    /**
     * Serves a connection that was accepted.
     *
     * @param onGone run once when it has closed
     */
    public ClientConnection(Worker worker, Face face, Runnable onGone) {
        this.worker = worker;
        this.face = face;
        this.onGone = onGone;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        worker.add(this);
        outflow = new Outflow(ctx.channel(), worker.kernel(), settings());
        within(settings().timeouts().header());
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        ended();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended();
    }

    private void ended() {
        if (gone) {
            return;
        }
        gone = true;
        if (!processing) {
            dropHeld();
        }
        Exchange current = exchange;
        exchange = null;
        if (current != null) {
            current.clientGone(false);
        }
        worker.remove(this);
        onGone.run();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closing || gone) {
            discarded += in.readableBytes();
            in.release();
            if (discarded > LINGER_BYTES) {
                ctx.close();
            }
            return;
        }
        received += in.readableBytes();
        held = HeldBytes.join(held, in);
        if (fresh && !face.secure() && prefaceBegins(ctx)) {
            return;
        }
        process();
    }

    /** Whether the first bytes are, or may yet be, HTTP/2's preface (RFC 9113 3.3); its connection takes over then. */
    private boolean prefaceBegins(ChannelHandlerContext ctx) {
        ByteBuf bytes = held;
        fresh = bytes == null || Endpoint.prefaceBegins(bytes);
        if (fresh && bytes != null && bytes.readableBytes() >= Endpoint.PREFACE_LENGTH) {
            held = null;
            http2(ctx).channelRead(ctx, bytes);
            return true;
        }
        return fresh;
    }

    private Http2ClientConnection http2(ChannelHandlerContext ctx) {
        fresh = false;
        Http2ClientConnection next = new Http2ClientConnection(worker, ctx.channel(), forwarded(), onGone);
        gone = true;
        worker.replace(this, next);
        ctx.pipeline().replace(this, null, next);
        next.begin();
        return next;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded(ctx);
        }
        if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess() && !gone) {
            SslHandler tls = ctx.pipeline().get(SslHandler.class);
            if (tls != null && ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol())) {
                http2(ctx);
            }
        }
    }

    /** The client sends no more; what it was answered may still be on its way to it. */
    private void inputEnded(ChannelHandlerContext ctx) {
        inputEnded = true;
        Exchange current = exchange;
        if (current != null && !current.request.headDone()) {
            exchange = null;
            current.clientGone(false);
            current = null;
        }
        if (current == null && held == null) {
            close(false);
        } else if (current != null && (current.tunnels() || !current.request.done())) {
            ctx.close();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        flushBoth();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        boolean writable = ctx.channel().isWritable();
        Exchange current = exchange;
        if (current != null) {
            current.clientWritable(writable);
        } else if (writable) {
            resume();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection of client {} failed: {}", ctx.channel().remoteAddress(), cause.toString());
        ctx.close();
    }

    private ProxySettings settings() {
        return worker.snapshot().settings();
    }

    private void dropHeld() {
        ByteBuf bytes = held;
        held = null;
        if (bytes != null) {
            bytes.release();
        }
    }

    /** Feeds what is held to exchanges for as long as they take it. */
    private void process() {
        if (processing) {
            return;
        }
        processing = true;
        ByteBuf bytes;
        try {
            while ((bytes = held) != null && bytes.isReadable() && !closing && !gone) {
                Exchange current = exchange;
                if (current == null) {
                    if (!writable()) {
                        break;
                    }
                    current = worker.begin(this);
                    exchange = current;
                }
                if (!current.takesInput()) {
                    break;
                }
                current.input(bytes);
            }
        } finally {
            processing = false;
        }
        bytes = held;
        if (bytes != null && (closing || gone || !bytes.isReadable())) {
            dropHeld();
        }
        readWhileRoom();
    }

    /** Stops reading while the held bytes reach their bound or their receiver takes no more. */
    private void readWhileRoom() {
        if (closing || gone) {
            read(true);
            return;
        }
        ByteBuf bytes = held;
        Exchange current = exchange;
        boolean full = bytes != null && bytes.readableBytes() >= settings().readAhead();
        read(!full && (current == null || !current.stalled()));
    }

    private void read(boolean on) {
        if (on != autoRead && context != null && !gone) {
            autoRead = on;
            context.channel().config().setAutoRead(on);
        }
    }

    /** Goes on with what is held, after whatever held it up is over. */
    @Override
    public void resume() {
        if (!processing) {
            process();
            flushBoth();
        }
    }

    private void flushBoth() {
        if (exchange != null) {
            exchange.link.flush();
        }
        flush();
    }

    /** The exchange is over: the next one begins, or the connection ends. */
    @Override
    public void exchangeEnded(boolean lasts, boolean unreadBody) {
        exchange = null;
        if (gone) {
            return;
        }
        if (!lasts || worker.draining() || (inputEnded && held == null)) {
            close(unreadBody);
            return;
        }
        unsent = pending();
        ProxySettings.Timeouts timeouts = settings().timeouts();
        within(unsent > 0 ? timeouts.stream() : timeouts.keepAlive());
        if (!autoRead || held != null) {
            resume();
        }
    }

    /**
     * Closes once all that is written has gone out.
     *
     * @param lingering whether the client still sends: then its bytes are read and dropped for a while, since closing
     *     with unread bytes resets the connection and may take the answer with it (RFC 9112 9.6)
     */
    @Override
    public void close(boolean lingering) {
        ChannelHandlerContext ctx = context;
        if (closing || gone || ctx == null) {
            return;
        }
        closing = true;
        exchange = null;
        if (!processing) {
            dropHeld();
        }
        read(true);
        unsent = pending();
        within(LINGER_NANOS + settings().timeouts().stream());
        boolean half = lingering && !face.secure() && ctx.channel() instanceof DuplexChannel;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> {
            if (half && done.isSuccess()) {
                ((DuplexChannel) ctx.channel()).shutdownOutput();
                within(LINGER_NANOS);
            } else {
                ctx.close();
            }
        });
    }

    /** Closes at once, so that a response that broke off is seen to have done so. */
    @Override
    public void abort() {
        exchange = null;
        if (context != null && !gone) {
            closing = true;
            context.close();
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        ChannelHandlerContext ctx = context;
        if (ctx == null || gone) {
            bytes.release();
            return;
        }
        dirty = true;
        if (outflow != null) {
            outflow.wrote(bytes.readableBytes());
        }
        ctx.write(bytes, ctx.voidPromise());
    }

    @Override
    public boolean framed() {
        return false;
    }

    @Override
    public long received() {
        return received;
    }

    @Override
    public void interim(ResponseHead head, Framing framing) {
        ResponseRewrite.Connection connection =
                head.status() == 101 ? ResponseRewrite.Connection.UPGRADE : ResponseRewrite.Connection.LASTS;
        write(ResponseRewrite.render(allocator(), head, framing, connection, false, HeaderChanges.NONE, 0));
    }

    @Override
    public ByteBuf head(
            ResponseHead head,
            Framing framing,
            ResponseRewrite.Connection connection,
            boolean chunksGoOn,
            HeaderChanges changes,
            int room) {
        return ResponseRewrite.render(allocator(), head, framing, connection, chunksGoOn, changes, room);
    }

    @Override
    public void end(@Nullable TrailerFields trailers) {
        if (trailers != null) {
            write(ResponseRelay.renderTrailers(allocator().directBuffer(trailers.length() + 2), trailers));
        }
    }

    @Override
    public void answer(ByteBuf rendered) {
        write(rendered);
    }

    @Override
    public void flush() {
        if (dirty && context != null) {
            dirty = false;
            context.flush();
        }
    }

    @Override
    public boolean writable() {
        return context != null && context.channel().isWritable();
    }

    @Override
    public ByteBufAllocator allocator() {
        return context == null ? ByteBufAllocator.DEFAULT : context.alloc();
    }

    /** Made with the first request, since a TLS client may never get that far. */
    @Override
    public ForwardedHeaders forwarded() {
        ForwardedHeaders known = forwarded;
        if (known == null) {
            Channel open = Objects.requireNonNull(context, "not in a pipeline").channel();
            known = ForwardedHeaders.of(
                    face, open, settings().forwarded(), settings().via());
            forwarded = known;
        }
        return known;
    }

    /** Restarts the deadline. */
    @Override
    public void within(long nanos) {
        deadline = worker.coarseNow() + nanos;
    }

    /** Looks at the deadline; called a few times a second. */
    @Override
    void tick(long now) {
        Exchange current = exchange;
        Outflow out = outflow;
        if (gone || out == null) {
            return;
        }
        if (out.late(now, false, current != null && current.tunnels())) {
            late(current);
        } else if (current != null) {
            current.tick(now, out.moved());
        } else if (unsent > 0) {
            sending(out.moved());
        }
        if (now - deadline < 0 || gone) {
            return;
        }
        current = exchange;
        if (current != null && !closing) {
            within(LINGER_NANOS);
            current.timeout();
            flush();
        } else if (context != null) {
            context.close();
        }
    }

    private void late(@Nullable Exchange current) {
        if (current == null) {
            worker.counts().add(Worker.SLOW, 1);
            abort();
        } else {
            current.slow(408, "response taken more slowly than min-rate.response");
            flush();
        }
    }

    /** A whole response is on its way out: its deadline restarts as the client takes of it, and idling begins after it. */
    private void sending(boolean moved) {
        long left = pending();
        if (left >= unsent && !moved) {
            return;
        }
        unsent = left;
        ProxySettings.Timeouts timeouts = settings().timeouts();
        if (left > 0) {
            within(timeouts.stream());
        } else if (!closing) {
            within(timeouts.keepAlive());
        }
    }

    private long pending() {
        return outflow == null ? 0 : outflow.pending();
    }

    /**
     * Its next exchange is its last. Without one under way it gets a moment to begin: a client may be sending right now, and
     * closing would reset it (RFC 9112 9.6).
     */
    @Override
    void drain() {
        long soon = worker.coarseNow() + DRAIN_NANOS;
        if (exchange == null && deadline - soon > 0) {
            deadline = soon;
        }
    }
}
