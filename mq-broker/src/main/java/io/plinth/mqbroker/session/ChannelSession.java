package io.plinth.mqbroker.session;

import io.plinth.mqbroker.channel.Transaction;
import io.plinth.mqbroker.channel.UnderWay;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.trace.Firehose;
import io.plinth.mqbroker.wire.AccessMethod;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConfirmMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.ExchangeMethod;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.QueueMethod;
import io.plinth.mqbroker.wire.ReplyCode;
import io.plinth.mqbroker.wire.TxMethod;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the connection's event loop. One channel. Methods are handled one after the other: while one waits for a shard or the
 * definitions, the frames behind it wait here. Declares that follow each other are under way together, and are answered in their order.
 *
 * <p>OPEN -> CLOSING when this side closed it: everything but close-ok is dropped; OPEN or CLOSING -> CLOSED by close, close-ok or the end
 * of the connection.
 */
final class ChannelSession {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelSession.class);

    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    private final Connection connection;
    private final int number;
    private final ChannelHandle handle;
    private final SessionLimits limits;
    private final Publisher publisher;
    private final Consumers consumers;
    private final Declarations declarations;
    private final Queue<Frame> behind = new ArrayDeque<>();
    private State state = State.OPEN;
    private final UnderWay underWay = new UnderWay();
    private boolean waiting;
    /** One of what is under way is refused without being asked for: nothing joins it. */
    private boolean refusing;
    /** The last method: where the channel waits, it is the one that is answered. */
    private @Nullable Method awaiting;
    /** Of the frame that was handled last. */
    private int octets;
    /** Of the frames that wait here. */
    private long behindOctets;
    /** What of those and of the methods under way the connection knows. */
    private long charged;

    private @Nullable Transaction transaction;

    ChannelSession(Connection connection, int number, SessionLimits limits) {
        this.connection = connection;
        this.number = number;
        this.limits = limits;
        this.handle = new ChannelHandle(connection, number, new DeliveryWindow(limits.unackedPerChannel()));
        this.consumers = new Consumers(connection, this, handle, limits);
        this.publisher = new Publisher(connection, handle, consumers, limits);
        this.declarations = new Declarations(connection, this, handle);
        connection.broker().vhosts().churn().channelOpened();
    }

    ChannelHandle handle() {
        return handle;
    }

    ChannelDescription describe() {
        Transaction open = transaction;
        return new ChannelDescription(
                number,
                publisher.confirming(),
                publisher.unconfirmed(),
                consumers.unacked(),
                consumers.count(),
                consumers.prefetch(),
                consumers.globalPrefetch(),
                open != null,
                open == null ? 0 : open.publishes().size(),
                open == null ? 0 : open.settlements().size(),
                handle.counts().copy());
    }

    /** Takes a frame of this channel. */
    void on(Frame frame) {
        if (state == State.CLOSING) {
            closing(frame);
        } else if (!behind.isEmpty() || !ready(frame)) {
            behind.add(frame);
            behindOctets += Frame.octets(frame);
            if (behind.size() == limits.pendingFrames()) {
                connection.behind(1);
            }
        } else {
            handle(frame);
        }
        charge();
    }

    /** Tells the connection how much waits here, so that it reads no more than its window before some of that is done. */
    private void charge() {
        long now = behindOctets + underWay.octets();
        if (now != charged) {
            connection.published(now - charged);
            charged = now;
        }
    }

    /** Whether a frame can be handled now. */
    private boolean ready(Frame frame) {
        if (waiting || underWay.isEmpty()) {
            return !waiting;
        }
        return !refusing
                && underWay.size() < limits.pendingFrames()
                && !publisher.busy()
                && frame instanceof Frame.MethodFrame f
                && declarations.joins(f.method(), underWay.last());
    }

    private void closing(Frame frame) {
        if (!(frame instanceof Frame.MethodFrame method)) {
            return;
        }
        if (method.method() instanceof ChannelMethod.CloseOk) {
            closed();
        } else if (method.method() instanceof ChannelMethod.Close) {
            connection.write(number, new ChannelMethod.CloseOk());
            closed();
        }
    }

    private void closed() {
        state = State.CLOSED;
        connection.forget(this, number);
    }

    private void handle(Frame frame) {
        octets = Frame.octets(frame);
        try {
            switch (frame) {
                case Frame.MethodFrame f -> on(f.method());
                case Frame.HeaderFrame f -> publisher.header(f);
                case Frame.BodyFrame f -> publisher.body(f);
                case Frame.Preamble f -> throw new IllegalStateException("frame: " + f);
                case Frame.WrongPreamble f -> throw new IllegalStateException("frame: " + f);
                case Frame.Heartbeat f -> throw new IllegalStateException("frame: " + f);
                case Frame.Malformed f -> throw f.error();
            }
        } catch (AmqpException e) {
            Method method = frame instanceof Frame.MethodFrame f ? f.method() : null;
            if (underWay.isEmpty()) {
                failed(e, method);
            } else {
                refusing = true;
                underWay.begin(method, octets).answer(() -> {
                    throw e;
                });
            }
        }
    }

    /** Ends the channel for what the client did not do. */
    void overdue(AmqpException error) {
        if (state == State.OPEN) {
            // Nothing of what waits is handled any more, and the connection goes on reading.
            if (behind.size() >= limits.pendingFrames()) {
                connection.behind(-1);
            }
            behind.clear();
            behindOctets = 0;
            failed(error, null);
            charge();
        }
    }

    private void failed(AmqpException error, @Nullable Method method) {
        if (error.code().hard()) {
            connection.fail(error, method);
            return;
        }
        LOG.debug("{} channel {}: {}", connection.identity().user(), number, error.replyText());
        connection.write(
                number,
                new ChannelMethod.Close(
                        error.code().code(),
                        error.replyText(),
                        method == null ? 0 : method.classId(),
                        method == null ? 0 : method.methodId()));
        state = State.CLOSING;
        underWay.clear();
        release();
    }

    private void on(Method method) {
        awaiting = method;
        if (publisher.busy()) {
            throw new AmqpException(
                    ReplyCode.UNEXPECTED_FRAME, "method frame " + name(method) + " (expected: the content announced)");
        }
        switch (method) {
            case ChannelMethod m -> on(m);
            case AccessMethod.Request m -> connection.write(number, new AccessMethod.RequestOk(1));
            case AccessMethod.RequestOk m -> throw unexpected(m);
            case ExchangeMethod m -> declarations.on(m);
            case QueueMethod m -> declarations.on(m);
            case BasicMethod m -> on(m);
            case ConfirmMethod.Select m -> {
                if (transaction != null) {
                    throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "cannot switch from tx to confirm mode");
                }
                publisher.select();
                if (!m.nowait()) {
                    connection.write(number, new ConfirmMethod.SelectOk());
                }
            }
            case ConfirmMethod.SelectOk m -> throw unexpected(m);
            case TxMethod m -> on(m);
            case ConnectionMethod m ->
                throw new AmqpException(
                        ReplyCode.COMMAND_INVALID,
                        "method " + name(m) + " on channel " + number + " (expected: channel 0)");
        }
    }

    private void on(ChannelMethod method) {
        switch (method) {
            case ChannelMethod.Open m ->
                throw new AmqpException(ReplyCode.CHANNEL_ERROR, "second 'channel.open' seen on channel " + number);
            case ChannelMethod.Flow m -> {
                if (!m.active()) {
                    throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "active=false");
                }
                connection.write(number, new ChannelMethod.FlowOk(true));
            }
            case ChannelMethod.Close m -> {
                release();
                connection.write(number, new ChannelMethod.CloseOk());
                closed();
            }
            case ChannelMethod.OpenOk m -> throw unexpected(m);
            case ChannelMethod.FlowOk m -> throw unexpected(m);
            case ChannelMethod.CloseOk m -> throw unexpected(m);
        }
    }

    private void on(TxMethod method) {
        switch (method) {
            case TxMethod.Select m -> {
                if (publisher.confirming()) {
                    throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "cannot switch from confirm to tx mode");
                }
                if (transaction == null) {
                    begin();
                }
                connection.write(number, new TxMethod.SelectOk());
            }
            case TxMethod.Commit m -> commit(ended());
            case TxMethod.Rollback m -> {
                consumers.rollback(ended());
                connection.write(number, new TxMethod.RollbackOk());
            }
            case TxMethod.SelectOk m -> throw unexpected(m);
            case TxMethod.CommitOk m -> throw unexpected(m);
            case TxMethod.RollbackOk m -> throw unexpected(m);
        }
    }

    private void begin() {
        Transaction next = new Transaction(limits.transaction());
        transaction = next;
        publisher.transaction(next);
        consumers.transaction(next);
    }

    /** The transaction that ends here; the next one has begun. */
    private Transaction ended() {
        Transaction ended = transaction;
        if (ended == null) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "channel is not transactional");
        }
        begin();
        return ended;
    }

    private void commit(Transaction done) {
        await();
        consumers.commit(done);
        publisher.commit(
                done,
                ok -> resume(() -> {
                    if (!ok) {
                        throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "partial tx completion");
                    }
                    connection.write(number, new TxMethod.CommitOk());
                }));
    }

    private void on(BasicMethod method) {
        switch (method) {
            case BasicMethod.Publish m -> publisher.begin(m);
            case BasicMethod.Ack m -> consumers.settle(m.deliveryTag(), m.multiple(), ShardCommand.Outcome.ACK);
            case BasicMethod.Nack m -> consumers.settle(m.deliveryTag(), m.multiple(), outcome(m.requeue()));
            case BasicMethod.Reject m -> consumers.settle(m.deliveryTag(), false, outcome(m.requeue()));
            case BasicMethod.Qos m -> consumers.qos(m);
            case BasicMethod.Consume m -> consumers.consume(m);
            case BasicMethod.Cancel m -> consumers.cancel(m);
            case BasicMethod.Get m -> consumers.get(m);
            case BasicMethod.RecoverAsync m -> consumers.recover(m.requeue());
            case BasicMethod.Recover m -> {
                consumers.recover(m.requeue());
                connection.write(number, new BasicMethod.RecoverOk());
            }
            case BasicMethod.QosOk m -> throw unexpected(m);
            case BasicMethod.ConsumeOk m -> throw unexpected(m);
            case BasicMethod.CancelOk m -> {
                // The answer to a cancel of ours, from a client that answers although nowait was set.
            }
            case BasicMethod.Return m -> throw unexpected(m);
            case BasicMethod.Deliver m -> throw unexpected(m);
            case BasicMethod.GetOk m -> throw unexpected(m);
            case BasicMethod.GetEmpty m -> throw unexpected(m);
            case BasicMethod.RecoverOk m -> throw unexpected(m);
        }
    }

    private static ShardCommand.Outcome outcome(boolean requeue) {
        return requeue ? ShardCommand.Outcome.REQUEUE : ShardCommand.Outcome.REJECT;
    }

    static AmqpException unexpected(Method method) {
        return new AmqpException(
                ReplyCode.COMMAND_INVALID, "method " + name(method) + " (expected: a method of a client)");
    }

    private static String name(Method method) {
        return method.classId() + "." + method.methodId();
    }

    /** What comes after waits until {@link #resume}. */
    void await() {
        waiting = true;
    }

    /** The answer is here: handles it, then what waited behind it, unless it waits again. */
    void resume(Runnable answer) {
        if (state != State.OPEN) {
            return;
        }
        waiting = false;
        run(answer, awaiting);
        goOn();
    }

    /** Puts the last method under way; those that may join it go on before it is answered. */
    UnderWay.Turn turn() {
        return underWay.begin(awaiting, octets);
    }

    /** Handles the answer at once, unless others under way are to be answered before. */
    void answer(Runnable answer) {
        if (underWay.isEmpty()) {
            answer.run();
        } else {
            turn().answer(answer);
        }
    }

    /** The answer is here: handles it once those before it are handled, then what waited behind it. */
    void answer(UnderWay.Turn turn, Runnable answer) {
        turn.answer(answer);
        UnderWay.Answered next = state == State.OPEN ? underWay.answered() : null;
        if (next == null) {
            return;
        }
        while (next != null) {
            run(next.answer(), next.method());
            next = underWay.answered();
        }
        goOn();
    }

    private void run(Runnable answer, @Nullable Method method) {
        try {
            answer.run();
        } catch (AmqpException e) {
            failed(e, method);
        }
    }

    private void goOn() {
        boolean full = behind.size() >= limits.pendingFrames();
        for (Frame next = behind.peek(); next != null && (state != State.OPEN || ready(next)); next = behind.peek()) {
            behind.remove();
            behindOctets -= Frame.octets(next);
            if (state == State.OPEN) {
                handle(next);
            } else if (state == State.CLOSING) {
                closing(next);
            }
        }
        if (full && behind.size() < limits.pendingFrames()) {
            connection.behind(-1);
        }
        charge();
    }

    QueueRef readable(String queue) {
        return declarations.readable(queue);
    }

    /** Takes an event of a shard. */
    void on(ShardEvent event) {
        if (state != State.OPEN) {
            return;
        }
        switch (event) {
            case ShardEvent.Delivered e -> consumers.deliver(e);
            case ShardEvent.Confirmed e -> publisher.completed(e.tag(), e.ok());
            case ShardEvent.Cancelled e -> consumers.cancelledByServer(e.consumerTag());
            case ShardEvent.Replied e -> e.reply().run();
        }
    }

    /** A message leaves a queue for this channel while that is traced. */
    void trace(QueueRef queue, Content content, boolean redelivered) {
        publisher.trace(Firehose.delivered(
                connection.identity().topology(), publisher.tracedBy(), content, queue.name(), redelivered));
    }

    /** Tells the shards it used that the channel is gone; the connection sends it before anything the client may see. */
    void release() {
        consumers.end();
        publisher.end();
        connection.broker().vhosts().departed(connection.identity().vhost(), handle.counts(), Counts.OF_PUBLISHERS);
        handle.shards().stream().forEach(shard -> connection.submit(shard, new ShardCommand.Release(handle)));
    }

    /** The connection ends. */
    void end() {
        if (state == State.OPEN) {
            release();
        }
        state = State.CLOSED;
    }
}
