package io.plinth.mqbroker.session;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.plinth.mqbroker.auth.Identity;
import io.plinth.mqbroker.channel.PartialBodies;
import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.flow.Gathering;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.Outbox;
import io.plinth.mqbroker.queue.Outlet;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.FrameDecoder;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its channel's event loop. One client connection: hands frames to the handshake or the channels, and what they want of shards on
 * as one batch per shard and read; then flushes once.
 *
 * <p>OPENING -> RUNNING by connection.open; any -> CLOSING by an error of the client (close was sent, only close-ok counts); any -> CLOSED
 * by close, close-ok or the end of the socket.
 */
public final class Connection extends ChannelInboundHandlerAdapter implements Outlet {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int CLOSE_SECONDS = 5;

    private enum State {
        OPENING,
        RUNNING,
        CLOSING,
        CLOSED
    }

    private final Broker broker;
    private final SessionLimits limits;
    private final FrameDecoder decoder;
    private final Handshake handshake;
    private final IntObjectMap<ChannelSession> channels = new IntObjectHashMap<>();
    private final ExclusiveQueues exclusives = new ExclusiveQueues(this);
    private final Set<Publisher> answering = new LinkedHashSet<>();
    private final SessionMetrics.Turn counted;
    private final ShardBatches batches;
    private final DeliveryFlow flow;
    private final ReadGate gate;
    private final PartialBodies partial;
    private final Identity identity;
    private final Negotiated negotiated;
    private final Blocking blocking = new Blocking(this);
    private State state = State.OPENING;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable FrameOutput output;
    private @Nullable Heartbeats heartbeats;
    private long connectedAt;

    public Connection(Broker broker, FrameDecoder decoder, FieldTableCodec tables, Gathering gathering) {
        this.broker = broker;
        this.identity = new Identity(broker.access());
        this.limits = broker.limits().get();
        this.decoder = decoder;
        this.counted = broker.metrics().new Turn(gathering);
        this.negotiated = new Negotiated(limits);
        this.handshake = new Handshake(this, limits, tables);
        this.flow = new DeliveryFlow(new DeliveryWindow(limits.deliveryWindow()));
        this.gate = new ReadGate(limits.publishWindow());
        this.partial = new PartialBodies(limits.partial());
        this.batches = new ShardBatches(broker.shards(), this);
    }

    Broker broker() {
        return broker;
    }

    /** Who is connected, and where; from any thread. */
    public Identity identity() {
        return identity;
    }

    ChannelHandlerContext ctx() {
        return java.util.Objects.requireNonNull(ctx, "connection is not active");
    }

    private FrameOutput output() {
        return java.util.Objects.requireNonNull(output, "connection is not active");
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        output = new FrameOutput(context);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!broker.connections().add(this, limits.connections())) {
            LOG.warn("connection refused: {} are open (mq-broker.limits.connections)", limits.connections());
            context.close();
            return;
        }
        connectedAt = broker.clock().millis();
        broker.metrics().connections.inc();
        handshake.within(context, limits.handshake());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (heartbeats != null) {
            heartbeats.read();
        }
        if (message instanceof Frame frame) {
            on(frame);
        }
    }

    private void on(Frame frame) {
        try {
            switch (frame) {
                case Frame.Preamble f -> handshake.begin(ctx().channel());
                case Frame.WrongPreamble f -> refusePreamble();
                case Frame.Heartbeat f -> {}
                case Frame.Malformed f -> throw f.error();
                case Frame.MethodFrame f -> route(f.channel(), f);
                case Frame.HeaderFrame f -> route(f.channel(), f);
                case Frame.BodyFrame f -> route(f.channel(), f);
            }
        } catch (AmqpException e) {
            fail(e, frame instanceof Frame.MethodFrame f ? f.method() : null);
        }
    }

    private void refusePreamble() {
        state = State.CLOSED;
        ctx().writeAndFlush(Unpooled.wrappedBuffer(FrameDecoder.preamble())).addListener(ChannelFutureListener.CLOSE);
    }

    private void route(int number, Frame frame) {
        if (number == 0) {
            if (!(frame instanceof Frame.MethodFrame f)) {
                throw new AmqpException(ReplyCode.UNEXPECTED_FRAME, "content frame on channel 0 (expected: a method)");
            }
            onConnection(f.method());
            return;
        }
        if (state == State.CLOSING || state == State.CLOSED) {
            return;
        }
        if (state != State.RUNNING) {
            throw new AmqpException(
                    ReplyCode.CHANNEL_ERROR, "frame on channel " + number + " (expected: connection.open first)");
        }
        ChannelSession channel = channels.get(number);
        if (channel != null) {
            channel.on(frame);
        } else if (frame instanceof Frame.MethodFrame f && f.method() instanceof ChannelMethod.Open) {
            openChannel(number);
        } else if (!(frame instanceof Frame.MethodFrame f && f.method() instanceof ChannelMethod.CloseOk)) {
            throw new AmqpException(ReplyCode.CHANNEL_ERROR, "expected 'channel.open' on channel " + number);
        }
    }

    private void openChannel(int number) {
        negotiated.checkChannel(number);
        identity.checkChannels(channels.size());
        channels.put(number, new ChannelSession(this, number, limits));
        write(number, new ChannelMethod.OpenOk(new byte[0]));
    }

    private void onConnection(Method method) {
        if (method instanceof ConnectionMethod.Close) {
            state = State.CLOSED;
            end(() -> {
                write(0, new ConnectionMethod.CloseOk());
                flush();
                ctx().close();
            });
        } else if (method instanceof ConnectionMethod.CloseOk) {
            ctx().close();
        } else if (state == State.OPENING) {
            handshake.on(method, ctx().channel());
            if (handshake.done()) {
                state = State.RUNNING;
            }
        } else if (state == State.RUNNING && method instanceof ConnectionMethod.UpdateSecret) {
            write(0, new ConnectionMethod.UpdateSecretOk());
        } else if (state == State.RUNNING) {
            throw new AmqpException(
                    ReplyCode.COMMAND_INVALID,
                    "method " + method.classId() + "." + method.methodId()
                            + " on channel 0 (expected: connection.close)");
        }
    }

    PartialBodies partial() {
        return partial;
    }

    Negotiated negotiated() {
        return negotiated;
    }

    void tuned(int agreedFrameMax, int agreedChannelMax, int heartbeatSeconds) {
        negotiated.tuned(agreedFrameMax, agreedChannelMax, heartbeatSeconds);
        decoder.frameMax(agreedFrameMax);
        if (heartbeatSeconds > 0) {
            Heartbeats beats = new Heartbeats(ctx(), heartbeatSeconds, broker.nanoTime(), this::beat);
            heartbeats = beats;
            beats.start();
        }
    }

    private void beat() {
        output().heartbeat();
        flush();
    }

    void write(int channel, Method method) {
        output().method(channel, method);
    }

    void write(int channel, Method method, byte[] properties, byte[] body) {
        output().content(channel, method, properties, body, negotiated.frameMax());
    }

    void deliver(int channel, long tag, ShardEvent.Delivered event) {
        output().delivery(channel, tag, event, negotiated.frameMax());
    }

    /** What this turn did, told to the counters at its end. */
    SessionMetrics.Turn counted() {
        return counted;
    }

    /** Adds to what this read brings for a shard. */
    void submit(int shard, ShardCommand command) {
        batches.add(shard, command);
    }

    /** Runs on the connection's loop, as a turn of its own. */
    void execute(Runnable work) {
        try {
            ctx().executor().execute(() -> {
                work.run();
                finishTurn();
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("loop has ended", e);
        }
    }

    /** As {@link #execute}, after a time. */
    void executeAfter(long nanos, Runnable work) {
        ctx().executor().schedule(() -> execute(work), nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        finishTurn();
    }

    private void finishTurn() {
        for (Publisher due : answering) {
            due.answer();
        }
        answering.clear();
        counted.tell();
        // Shards hear of it before the client can: whoever it tells next finds it done.
        batches.submit();
        flush();
    }

    private void flush() {
        if (output().flush() && heartbeats != null) {
            heartbeats.wrote();
        }
    }

    void answerLater(Publisher due) {
        answering.add(due);
    }

    @Override
    public DeliveryWindow window() {
        return flow.window();
    }

    @Override
    public Outbox outbox(int shard) {
        return batches.outbox(shard);
    }

    @Override
    public void accept(List<ShardEvent> events, long releasedBytes) {
        execute(() -> {
            long octets = 0;
            for (ShardEvent event : events) {
                if (event instanceof ShardEvent.Delivered e) {
                    octets += e.content().size();
                }
                on(event);
            }
            if (octets > 0) {
                give(octets);
            }
            gate.released(releasedBytes, ctx().channel());
        });
    }

    private void on(ShardEvent event) {
        switch (event) {
            case ShardEvent.Delivered e -> on(e.channel(), e);
            case ShardEvent.Confirmed e -> on(e.channel(), e);
            case ShardEvent.Cancelled e -> on(e.channel(), e);
            case ShardEvent.Replied e -> e.reply().run();
        }
    }

    private void on(ChannelHandle handle, ShardEvent event) {
        ChannelSession channel = channels.get(handle.number());
        if (channel != null && channel.handle() == handle && state == State.RUNNING) {
            channel.on(event);
        }
    }

    /** Asks the shards to go on with a channel. */
    void resume(ChannelHandle handle) {
        handle.shards().stream().forEach(shard -> submit(shard, new ShardCommand.Resume(handle)));
    }

    /** Octets reached the socket's buffer: others may follow at once, or when the client has read. */
    private void give(long bytes) {
        if (flow.give(bytes, ctx().channel().isWritable())) {
            channels.values().forEach(channel -> resume(channel.handle()));
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        give(0);
        finishTurn();
    }

    /** So many octets more are on their way to a shard, or wait for what is under way; less where negative. */
    void published(long bytes) {
        gate.published(bytes, ctx().channel());
    }

    /** One more, or one less, of the channels is behind with its work. */
    void behind(int change) {
        gate.behind(change, ctx().channel());
    }

    /** The client publishes, so an alarm concerns it. */
    void publishing() {
        if (blocking.concerns()) {
            alarm();
        }
    }

    /** An alarm was raised or cleared; from any thread. What counts is what holds when this loop comes to it. */
    public void alarmChanged() {
        execute(this::alarm);
    }

    private void alarm() {
        if (state == State.RUNNING) {
            blocking.show(broker.alarms().blocked(), heartbeats);
        }
    }

    /** Stops or allows reading for an alarm. */
    void block(boolean on) {
        gate.blocked(on, ctx().channel());
    }

    ExclusiveQueues exclusives() {
        return exclusives;
    }

    void forget(ChannelSession channel, int number) {
        if (channels.get(number) == channel) {
            channels.remove(number);
        }
    }

    /** Ends the connection for an error of the client. */
    void fail(AmqpException error, @Nullable Method method) {
        if (state == State.CLOSING || state == State.CLOSED) {
            return;
        }
        LOG.debug("{}: {}", ctx().channel(), error.replyText());
        boolean silent = !handshake.authenticated() && !negotiated.clientCan("authentication_failure_close");
        if (silent && error.code() == ReplyCode.ACCESS_REFUSED) {
            state = State.CLOSED;
            ctx().executor().schedule(() -> ctx().close(), 1, TimeUnit.SECONDS);
            return;
        }
        close(error.code(), error.replyText(), method);
    }

    private void close(ReplyCode code, String text, @Nullable Method method) {
        state = State.CLOSING;
        ctx().executor().schedule(() -> ctx().close(), CLOSE_SECONDS, TimeUnit.SECONDS);
        end(() -> {});
        write(
                0,
                new ConnectionMethod.Close(
                        code.code(),
                        text,
                        method == null ? 0 : method.classId(),
                        method == null ? 0 : method.methodId()));
        finishTurn();
    }

    /** Ends the connection for a reason the client is told; from any thread. */
    public void shutdown(String reason) {
        execute(() -> {
            if (state == State.RUNNING) {
                close(ReplyCode.CONNECTION_FORCED, ReplyCode.CONNECTION_FORCED.text(reason), null);
            } else {
                ctx().close();
            }
        });
    }

    /** Gives up channels and exclusive queues; {@code then} runs on this loop once those are gone. */
    private void end(Runnable then) {
        channels.values().forEach(ChannelSession::end);
        channels.clear();
        exclusives.discard(() -> {
            finishTurn();
            then.run();
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        state = State.CLOSED;
        broker.connections().remove(this);
        if (heartbeats != null) {
            heartbeats.stop();
        }
        end(() -> {});
        finishTurn();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        output().discard();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // Of what is no TLS the decoder's exception has the I/O's as its cause.
        if (cause instanceof java.io.IOException || cause.getCause() instanceof java.io.IOException) {
            LOG.debug("{}: {}", context.channel(), cause.toString());
            context.close();
            return;
        }
        LOG.error("{}: closed for an unexpected error", context.channel(), cause);
        if (state == State.CLOSING || state == State.CLOSED) {
            context.close();
        } else {
            fail(new AmqpException(ReplyCode.INTERNAL_ERROR, "unexpected error; the broker's log has it"), null);
        }
    }

    /** What management shows, as the connection's loop sees it; from any thread. */
    public CompletionStage<@Nullable ConnectionDescription> describe() {
        CompletableFuture<@Nullable ConnectionDescription> told = new CompletableFuture<>();
        execute(() -> told.complete(ConnectionDescription.of(
                this,
                ctx().channel(),
                blocking.shown(state.name(), broker.alarms().blocked()),
                negotiated,
                connectedAt,
                new ConnectionDescription.Octets(decoder.received(), output().sent()),
                channels.values())));
        return told.completeOnTimeout(null, 2, TimeUnit.SECONDS);
    }
}
