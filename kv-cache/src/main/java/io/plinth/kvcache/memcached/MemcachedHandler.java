package io.plinth.kvcache.memcached;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.memcached.Store.Mode;
import io.plinth.kvcache.session.SyncGate;
import io.plinth.kvcache.session.turn.Ahead;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.session.turn.SocketSend;
import io.plinth.kvcache.session.turn.Together;
import io.plinth.kvcache.session.turn.TurnEnd;
import io.plinth.kvcache.wire.OutputLimitException;
import io.plinth.kvcache.wire.ReadBuffers;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the connection's event loop: takes lines and data blocks out of what was read, runs small reads together with those of
 * other connections and longer ones at once, and sends all replies at the end of the loop's turn. While the client does not take its
 * replies nothing further is run or read.
 */
final class MemcachedHandler extends ChannelInboundHandlerAdapter implements TurnEnd.Member, Together.Member {
    private static final Logger LOG = LoggerFactory.getLogger(MemcachedHandler.class);
    private static final int RETRY_MILLIS = 10;

    private final NodeState node;
    private final Statistics statistics;
    private final Counts counts;
    private final Store store;
    private final long outputLimit;
    private final Login login;
    private final SyncGate gate;
    private final LoopShare loop;
    private final Together together;
    private final Received received;
    private long skip;
    /** Bytes of a line that are there and do not end it. */
    private int looked;

    private boolean counted;
    private boolean waiting;
    private boolean closing;
    /** The client sends no more. */
    private boolean inputOver;
    /** What came last runs together with what came on other connections. */
    private boolean joined;

    private boolean flushPlanned;
    private volatile long seenMillis;
    private long unsent;
    private @Nullable ChannelHandlerContext context;
    private @Nullable SocketSend socket;
    private @Nullable Replies replies;
    private @Nullable TextCommands text;
    private @Nullable MetaCommands meta;

    /** {@code together}: where this loop's connections of this protocol wait for one another. */
    MemcachedHandler(Store store, LoopShare loop, Together together, Statistics statistics, long outputLimit) {
        this.store = store;
        this.node = store.node();
        this.loop = loop;
        this.together = together;
        this.received = new Received(loop.buffers(), node.memory());
        this.outputLimit = outputLimit;
        this.statistics = statistics;
        this.counts = statistics.of(loop);
        this.login = new Login(node, counts);
        this.gate = new SyncGate(node.keyspace().durability());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        SocketSend sends = new SocketSend(ctx.channel(), loop);
        Replies out = new Replies(ctx.alloc(), sends.buffers(), outputLimit);
        replies = out;
        context = ctx;
        socket = sends;
        seenMillis = node.clock().millis();
        text = new TextCommands(store, out, statistics, counts);
        meta = new MetaCommands(store, out, counts);
        counted = true;
        if (!statistics.opened(this, node.clients().limit())) {
            out.line("ERROR Too many open connections");
            closing = true;
            flush(ctx);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        long came = together.time();
        loop.traffic().read(in.readableBytes(), 0, came);
        counts.add(Count.BYTES_READ, in.readableBytes());
        try {
            if (closing) {
                return;
            }
            if (in.readableBytes() <= ReadBuffers.SMALL && received.isEmpty() && !waiting && !secure()) {
                if (received.add(in)) {
                    joined = true;
                    seenMillis = came;
                    together.add(this);
                }
                return;
            }
            // Also what this connection sent before, and others, for which this would be out of turn.
            together.run();
            seenMillis = node.clock().millis();
            if (closing) {
                return;
            }
            if (received.add(in)) {
                process(ctx);
            } else {
                fail(ctx, Replies.NO_MEMORY);
            }
        } finally {
            in.release();
        }
        if (secure()) {
            // Now: the next that this read has may be the client's farewell, behind which TLS sends no more.
            flushPlanned = true;
            turnEnds();
        }
    }

    private boolean secure() {
        return socket != null && socket.secure();
    }

    @Override
    public int look(Ahead ahead) {
        byte[] bytes = received.bytes();
        int from = received.start() + TextCommands.GET.length();
        int to = from;
        while (to < received.end() && bytes[to] > ' ') {
            to++;
        }
        return to > from && to < received.end() && TextCommands.isGet(bytes, received.start(), to)
                ? ahead.add(0, bytes, from, to - from)
                : Ahead.NONE;
    }

    @Override
    public void runs(long nowMillis, int first) {
        ChannelHandlerContext ctx = context;
        if (!joined || ctx == null) {
            return;
        }
        joined = false;
        try {
            process(ctx);
        } catch (RuntimeException | Error e) {
            exceptionCaught(ctx, e);
        }
        // Replies so long that a part of them went at once have ended the wait that began with the read.
        plan(ctx);
    }

    private void process(ChannelHandlerContext ctx) {
        Replies out = replies;
        if (out == null) {
            return;
        }
        int mark = out.size();
        int before = received.start();
        gate.begins();
        try {
            while (!closing && !waiting) {
                mark = out.size();
                before = received.start();
                if (!step(ctx, out)) {
                    break;
                }
                if (out.size() >= Replies.CHUNK) {
                    gate.ran();
                    flush(ctx);
                    if (waiting || !takes()) {
                        hold(ctx);
                    }
                }
            }
        } catch (OutputLimitException e) {
            out.release();
            closing = true;
            ctx.close();
        } catch (SegmentsHeldException e) {
            // A script holds the key's segment for long: the command is given again.
            out.rewind(mark);
            received.start(before);
            hold(ctx);
            ctx.channel().eventLoop().schedule(() -> resume(ctx), RETRY_MILLIS, TimeUnit.MILLISECONDS);
        } finally {
            gate.ran();
        }
        if (!received.settle() && !closing) {
            fail(ctx, Replies.NO_MEMORY);
        }
    }

    private void hold(ChannelHandlerContext ctx) {
        waiting = true;
        ctx.channel().config().setAutoRead(false);
    }

    private void resume(ChannelHandlerContext ctx) {
        if (!waiting || gate.closed() || !ctx.channel().isActive()) {
            return;
        }
        waiting = false;
        try {
            process(ctx);
            closing |= inputOver && !waiting;
            flush(ctx);
        } catch (RuntimeException | Error e) {
            exceptionCaught(ctx, e);
            return;
        }
        if (!waiting && !closing) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    private boolean takes() {
        return socket != null && socket.takes();
    }

    /** One command; answers false where it is not all there yet. */
    private boolean step(ChannelHandlerContext ctx, Replies out) {
        byte[] buffer = received.bytes();
        int start = received.start();
        int end = received.end();
        if (skip > 0) {
            int now = (int) Math.min(skip, end - start);
            received.start(start + now);
            skip -= now;
            return skip == 0;
        }
        int at = start + looked;
        while (at < end && buffer[at] != '\n') {
            at++;
        }
        looked = at == end ? end - start : 0;
        if (at == end) {
            if (looked > node.limits().maxInline() && !(login.known() && TextCommands.areMany(buffer, start, end))) {
                fail(ctx, "CLIENT_ERROR line too long");
            }
            return false;
        }
        int lineEnd = at > start && buffer[at - 1] == '\r' ? at - 1 : at;
        if (login.known() && TextCommands.isGet(buffer, start, lineEnd)) {
            if (text == null || text.get(buffer, start, lineEnd)) {
                received.start(at + 1);
            }
            return true;
        }
        Line line = Line.of(buffer, start, lineEnd);
        StoringLine storing = StoringLine.of(line);
        if (storing != null) {
            return storing(storing, at + 1, out);
        }
        received.start(at + 1);
        if (line.last()) {
            closing = true;
            ctx.channel().eventLoop().execute(() -> flush(ctx));
        } else if (!login.known()) {
            out.line("CLIENT_ERROR unauthenticated");
        } else if (!run(line)) {
            out.line(Replies.ERROR);
        } else if (text != null && text.isUnderWay()) {
            received.start(start);
        }
        return true;
    }

    private boolean run(Line line) {
        TextCommands classic = text;
        MetaCommands modern = meta;
        return classic != null && modern != null && (classic.run(line) || modern.run(line));
    }

    /** A command with a data block after its line. */
    private boolean storing(StoringLine line, int dataAt, Replies out) {
        String problem = line.problem();
        if (problem != null) {
            received.start(dataAt);
            skip = line.skipped();
            if (line.answered() || problem.equals(Replies.ERROR)) {
                out.line(problem);
            }
            return true;
        }
        int length = line.length();
        if (length > login.most()) {
            byte[] stale = login.known() ? line.stale() : null;
            if (stale != null) {
                store.remove(stale);
            }
            received.start(dataAt);
            skip = length + 2L;
            if (line.answered()) {
                out.line(Replies.TOO_LARGE);
            }
            return true;
        }
        if (received.end() - dataAt < length + 2) {
            return false;
        }
        byte[] buffer = received.bytes();
        byte[] value = Arrays.copyOfRange(buffer, dataAt, dataAt + length);
        boolean whole = buffer[dataAt + length] == '\r' && buffer[dataAt + length + 1] == '\n';
        if (!whole) {
            received.start(dataAt + length + 2);
            if (line.answered()) {
                out.line("CLIENT_ERROR bad data chunk");
            }
            return true;
        }
        store(line, value, out);
        received.start(dataAt + length + 2);
        return true;
    }

    private void store(StoringLine line, byte[] value, Replies out) {
        TextCommands classic = text;
        MetaCommands modern = meta;
        MetaLine flags = line.meta();
        if (!login.known()) {
            out.line(login.set(line.line(), value));
        } else if (flags != null && modern != null) {
            modern.set(flags, value);
        } else if (classic != null) {
            Mode mode = TextCommands.storing(line.line().name());
            classic.store(line.line(), mode == null ? Mode.SET : mode, value);
        }
    }

    private void fail(ChannelHandlerContext ctx, String why) {
        Replies out = replies;
        if (out != null) {
            out.line(why);
        }
        closing = true;
        flush(ctx);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        plan(ctx);
        // Behind the turn's end, which sends the replies before the loop rests.
        loop.pace().ready(ctx.channel().eventLoop());
        loop.turn().ran(seenMillis);
    }

    private void plan(ChannelHandlerContext ctx) {
        if (!flushPlanned) {
            flushPlanned = true;
            loop.turn().await(ctx.channel().eventLoop(), this, seenMillis);
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

    /** The client sends no more: what it sent is answered before the connection ends. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof ChannelInputShutdownEvent) && event != SslCloseCompletionEvent.SUCCESS) {
            ctx.fireUserEventTriggered(event);
            return;
        }
        if (socket != null) {
            socket.inputEnds();
        }
        together.run();
        inputOver = true;
        if (!waiting) {
            closing = true;
            flush(ctx);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (socket != null && socket.hand(ctx) && ctx.channel().isWritable() && waiting) {
            ctx.channel().eventLoop().execute(() -> resume(ctx));
        }
    }

    /** The client's connection; null before there is one. */
    @Nullable
    Channel channel() {
        return context == null ? null : context.channel();
    }

    long seenMillis() {
        return seenMillis;
    }

    /** Ends a client that said nothing for so long and waits for nothing. From any thread. */
    void endIdle(long nowMillis, long seconds) {
        ChannelHandlerContext ctx = context;
        if (ctx != null && nowMillis - seenMillis > seconds * 1000) {
            ctx.channel().eventLoop().execute(() -> {
                long before = unsent;
                unsent = socket == null ? 0 : socket.pending();
                if (gate.closed() || (waiting && ctx.channel().isWritable()) || unsent != before) {
                    // It has no reply yet, or takes what it got.
                    seenMillis = nowMillis;
                } else if (nowMillis - seenMillis > seconds * 1000) {
                    ctx.close();
                }
            });
        }
    }

    /** What the replies tell of is on disk, or never will be: then the client is not told. */
    private void synced(ChannelHandlerContext ctx) {
        if (!gate.opened()) {
            ctx.close();
        } else if (closing) {
            flush(ctx);
        } else {
            resume(ctx);
        }
    }

    private void flush(ChannelHandlerContext ctx) {
        flushPlanned = false;
        if (gate.holdsBack(() -> ctx.channel().eventLoop().execute(() -> synced(ctx)))) {
            hold(ctx);
            return;
        }
        Replies out = replies;
        ByteBuf reply = out == null ? null : out.take();
        SocketSend sends = socket;
        if (closing && sends != null) {
            sends.last(ctx, reply, seenMillis);
        } else if (reply != null && sends != null) {
            counts.add(Count.BYTES_WRITTEN, reply.readableBytes());
            sends.send(ctx, reply, seenMillis);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (joined) {
            together.run();
        }
        if (counted) {
            counted = false;
            statistics.closed(this);
        }
        received.release();
        if (replies != null) {
            replies.release();
        }
        if (socket != null) {
            socket.release();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (joined) {
            together.run();
        }
        // What TLS cannot read comes as the latter.
        if (cause instanceof IOException || cause instanceof DecoderException) {
            LOG.debug("memcached client {}: {}", ctx.channel().remoteAddress(), cause.getMessage());
        } else {
            LOG.warn(
                    "memcached client {} closed by an unexpected error",
                    ctx.channel().remoteAddress(),
                    cause);
        }
        ctx.close();
    }
}
