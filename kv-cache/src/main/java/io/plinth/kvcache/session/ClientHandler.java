package io.plinth.kvcache.session;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.plinth.kvcache.session.turn.Ahead;
import io.plinth.kvcache.session.turn.ConnectionFacts;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.session.turn.SocketSend;
import io.plinth.kvcache.session.turn.Together;
import io.plinth.kvcache.session.turn.TurnEnd;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongArgument;
import io.plinth.kvcache.wire.OutputLimitException;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.ReplyWriter;
import io.plinth.kvcache.wire.RequestDecoder;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the connection's event loop: decodes what was read, runs each command at once, and flushes all replies together.
 * While the client does not take its replies, its further commands are neither run nor read.
 */
public final class ClientHandler extends ChannelInboundHandlerAdapter
        implements Outlet, TurnEnd.Member, Together.Member {
    private static final Logger LOG = LoggerFactory.getLogger(ClientHandler.class);
    /** Replies are handed to the socket in pieces of about this size while one read's commands run. */
    private static final int CHUNK = 64 * 1024;
    /** What all connections of an event loop share. */
    public record OfLoop(Dispatcher dispatcher, Together together, LoopShare share) {}

    private final NodeShare shared;
    private final OfLoop loop;
    private final RequestDecoder decoder;
    private final SyncGate gate;
    private @Nullable ChannelHandlerContext context;
    private @Nullable SocketSend socket;
    private @Nullable Client client;
    private boolean reading;
    private boolean flushPlanned;
    private boolean waiting;
    /** A command was decoded and could not run yet. */
    private boolean undone;
    /** When commands last ran. */
    private long seenMillis;
    /** What came last runs together with what came on other connections. */
    private boolean joined;

    public ClientHandler(NodeShare shared, OfLoop loop) {
        this.shared = shared;
        this.loop = loop;
        this.gate = new SyncGate(shared.durability());
        this.decoder = new RequestDecoder(shared.limits(), loop.share.buffers(), shared.memory(), this::longArgument);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context = ctx;
        SocketSend sends = new SocketSend(ctx.channel(), loop.share);
        socket = sends;
        BufferLimits limits = shared.clients().buffers();
        ReplyWriter out = new ReplyWriter(ctx.alloc(), sends.buffers(), () -> limits.most(client)).insertsValues();
        Client created = new Client(
                shared.clients().nextId(),
                Client.address(ctx.channel().remoteAddress()),
                Client.address(ctx.channel().localAddress()),
                shared.clock().millis(),
                out,
                this,
                shared.memory());
        // As in Redis, who came while no password was needed stays when there is one.
        created.authenticated(!shared.passwordNeeded().getAsBoolean());
        created.secure(sends.secure());
        if (!shared.clients().add(created)) {
            out.error("ERR max number of clients reached");
            ByteBuf reply = out.take();
            if (reply != null && sends.secure()) {
                // It would have to take part in the handshake to be told.
                reply.release();
                sends.abort();
            } else if (reply != null) {
                ctx.writeAndFlush(reply).addListener(ChannelFutureListener.CLOSE);
            }
            return;
        }
        client = created;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        Client current = client;
        long came = loop.together.time();
        loop.share.traffic().read(in.readableBytes(), decoder.pending(), came);
        try {
            if (current == null || !current.came(in.readableBytes())) {
                return;
            }
            decoder.restrict(!current.authenticated() && shared.passwordNeeded().getAsBoolean());
            boolean small = in.readableBytes() <= ReadBuffers.SMALL && decoder.empty() && !current.secure();
            if (small && !waiting && current.blocked() == null) {
                decoder.feed(in);
                joined = true;
                seenMillis = came;
                loop.together.add(this);
                return;
            }
            // Also what this connection sent before, and others, for which this would be out of turn.
            loop.together.run();
            decoder.restrict(!current.authenticated() && shared.passwordNeeded().getAsBoolean());
            reading = true;
            decoder.feed(in);
            if (waiting) {
                decoder.keep();
            } else if (current.blocked() != null) {
                decoder.keep();
                // One read's worth of further commands is enough to keep.
                ctx.channel().config().setAutoRead(false);
            } else {
                loop.share.ahead().starts(Ahead.NONE);
                process(ctx, current, shared.clock().millis());
            }
        } catch (ProtocolException e) {
            current.ends(e);
        } finally {
            if (reading) {
                reading = false;
                loop.dispatcher.rest();
            }
            in.release();
        }
        if (current != null && current.secure()) {
            // Now: the next that this read has may be the client's farewell, behind which TLS sends no more.
            flushPlanned = true;
            turnEnds();
        }
    }

    @Override
    public int look(Ahead ahead) {
        Client current = client;
        return current == null ? Ahead.NONE : ahead.add(current.db(), decoder);
    }

    @Override
    public void runs(long nowMillis, int first) {
        ChannelHandlerContext ctx = context;
        Client current = client;
        if (!joined || ctx == null || current == null || !ctx.channel().isOpen()) {
            joined = false;
            return;
        }
        joined = false;
        reading = true;
        loop.share.ahead().starts(first);
        try {
            process(ctx, current, nowMillis);
        } catch (ProtocolException e) {
            current.ends(e);
        } catch (RuntimeException | Error e) {
            exceptionCaught(ctx, e);
        } finally {
            reading = false;
        }
        // Replies so long that a part of them went at once have ended the wait that began with the read.
        plan(ctx);
    }

    /** Runs complete commands until there are no more, the client is slow, a pause is on, or the connection ends. */
    private void process(ChannelHandlerContext ctx, Client current, long now) throws ProtocolException {
        seenMillis = now;
        ReplyWriter out = current.out();
        gate.begins();
        int chunk = Math.min(CHUNK, shared.clients().buffers().least());
        try {
            while (!current.closing() && (undone || loop.share.ahead().next(current.db(), decoder))) {
                if (decoder.refused()) {
                    loop.dispatcher.refuse(current, decoder.args());
                    continue;
                }
                undone = !loop.dispatcher.execute(current, decoder.args(), now);
                if (undone) {
                    await(ctx, shared.clients().pausedUntil() - now);
                    decoder.keep();
                    return;
                }
                if (current.blocked() != null) {
                    decoder.keep();
                    return;
                }
                if (out.size() >= chunk || out.inserts()) {
                    if (shared.clients().buffers().cuts(current, 0)) {
                        return;
                    }
                    gate.ran();
                    flush(ctx);
                    if (waiting || !takes()) {
                        hold(ctx);
                        decoder.keep();
                        return;
                    }
                }
            }
        } catch (OutputLimitException e) {
            out.discard();
            shared.clients().buffers().cut(current);
        } finally {
            gate.ran();
        }
    }

    private void hold(ChannelHandlerContext ctx) {
        waiting = true;
        ctx.channel().config().setAutoRead(false);
    }

    private void await(ChannelHandlerContext ctx, long millis) {
        hold(ctx);
        ctx.channel().eventLoop().schedule(this::resume, Math.clamp(millis + 1, 1, 100), TimeUnit.MILLISECONDS);
    }

    private void resume() {
        ChannelHandlerContext ctx = context;
        Client current = client;
        if (ctx == null
                || current == null
                || !waiting
                || gate.closed()
                || !ctx.channel().isActive()) {
            return;
        }
        waiting = false;
        reading = true;
        try {
            loop.share.ahead().starts(Ahead.NONE);
            process(ctx, current, shared.clock().millis());
            if (endsNow(current)) {
                current.close();
            }
        } catch (ProtocolException e) {
            current.ends(e);
        } finally {
            reading = false;
            loop.dispatcher.rest();
        }
        goOn(ctx, current);
    }

    /** Sends what there is, and reads on where that was taken. */
    private void goOn(ChannelHandlerContext ctx, Client current) {
        flush(ctx);
        if (!waiting && !takes()) {
            hold(ctx);
        } else if (!waiting && !current.closing()) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        plan(ctx);
        // Behind the turn's end, which sends the replies before the loop rests.
        loop.share.pace().ready(ctx.channel().eventLoop());
        loop.share.turn().ran(seenMillis);
    }

    private void plan(ChannelHandlerContext ctx) {
        if (!flushPlanned) {
            flushPlanned = true;
            loop.share.turn().await(ctx.channel().eventLoop(), this, seenMillis);
        }
    }

    @Override
    public void turnEnds() {
        ChannelHandlerContext ctx = context;
        if (!flushPlanned || ctx == null) {
            return;
        }
        flush(ctx);
        if (!waiting && !takes()) {
            hold(ctx);
        }
    }

    /** The client sends no more: what it sent is answered before the connection ends, but for a command like BLPOP that finds nothing. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof ChannelInputShutdownEvent) && event != SslCloseCompletionEvent.SUCCESS) {
            ctx.fireUserEventTriggered(event);
            return;
        }
        if (socket != null) {
            socket.inputEnds();
        }
        loop.together.run();
        Client current = client;
        if (current == null) {
            ctx.close();
        } else if (endsNow(current)) {
            current.close();
            flush(ctx);
        }
    }

    /** Whether nothing is left to be answered of what a client sent that sends no more. */
    private boolean endsNow(Client current) {
        Blocked blocked = current.blocked();
        boolean nothing = !waiting && !undone && (blocked == null || blocked.waitsForOthers());
        return nothing && socket != null && socket.inputOver();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        Client current = client;
        Blocked blocked = current == null ? null : current.blocked();
        if (socket != null && !socket.hand(ctx)) {
            return;
        }
        // Not from within a flush that process() itself began.
        if (ctx.channel().isWritable() && blocked != null) {
            ctx.channel().eventLoop().execute(blocked::writable);
        } else if (ctx.channel().isWritable() && waiting && !undone) {
            ctx.channel().eventLoop().execute(this::resume);
        }
    }

    private void flush(ChannelHandlerContext ctx) {
        flushPlanned = false;
        Client current = client;
        if (gate.holdsBack(() -> ctx.channel().eventLoop().execute(() -> synced(ctx)))) {
            hold(ctx);
            return;
        }
        SocketSend sends = socket;
        if (current == null || sends == null) {
            return;
        }
        if (current.closing()) {
            sends.last(ctx, current.out(), seenMillis);
        } else if (!sends.send(ctx, current.out(), seenMillis)) {
            shared.clients().buffers().cuts(current, 0);
        }
    }

    /** What the replies tell of is on disk, or never will be: then the client is not told. */
    private void synced(ChannelHandlerContext ctx) {
        Client current = client;
        boolean safe = gate.opened();
        if (current == null || !ctx.channel().isActive()) {
            return;
        }
        if (!safe) {
            current.abort();
        } else if (current.blocked() == null && !current.closing()) {
            resume();
        } else {
            waiting = false;
            goOn(ctx, current);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        release();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        release();
    }

    private void release() {
        Client gone = client;
        client = null;
        decoder.close();
        if (gone == null) {
            return;
        }
        gone.close();
        Blocked blocked = gone.blocked();
        if (blocked != null) {
            blocked.abandon();
        }
        gone.end();
        shared.pubSub().unsubscribeAll(gone);
        shared.tracking().off(gone);
        shared.clients().remove(gone);
        gone.out().discard();
        if (socket != null) {
            socket.release();
        }
    }

    private @Nullable LongArgument longArgument(Args before, int length) {
        return client == null ? null : loop.dispatcher.longArgument(client, before, length);
    }

    private boolean takes() {
        return socket != null && socket.takes();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (joined) {
            loop.together.run();
        }
        // What TLS cannot read comes as the latter.
        if (cause instanceof IOException || cause instanceof DecoderException) {
            LOG.debug("client {}: {}", ctx.channel().remoteAddress(), cause.getMessage());
        } else {
            LOG.warn("client {} closed by an unexpected error", ctx.channel().remoteAddress(), cause);
        }
        ctx.close();
    }

    @Override
    public void run(Runnable task) {
        ChannelHandlerContext ctx = context;
        if (ctx == null || ctx.channel().eventLoop().inEventLoop()) {
            task.run();
        } else {
            ctx.channel().eventLoop().execute(task);
        }
    }

    @Override
    public void later(Runnable task) {
        if (context != null) {
            context.channel().eventLoop().execute(task);
        }
    }

    @Override
    public Runnable schedule(long millis, Runnable task) {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            return () -> {};
        }
        var timer = ctx.channel().eventLoop().schedule(task, millis, TimeUnit.MILLISECONDS);
        return () -> timer.cancel(false);
    }

    @Override
    public void unblocked() {
        gate.answered();
        waiting = true;
        resume();
    }

    @Override
    public void written() {
        if (context != null && !reading) {
            plan(context);
        }
    }

    @Override
    public boolean holds() {
        return waiting && (undone || takes());
    }

    @Override
    public long pending() {
        return socket == null ? 0 : socket.pending();
    }

    @Override
    public long moved() {
        return socket == null ? 0 : socket.moved();
    }

    @Override
    public ConnectionFacts facts() {
        return socket == null ? ConnectionFacts.NONE : socket.facts(decoder.pending(), decoder.held());
    }

    @Override
    public void close() {
        run(this::written);
    }

    @Override
    public void abort() {
        if (socket != null) {
            socket.abort();
        }
    }
}
