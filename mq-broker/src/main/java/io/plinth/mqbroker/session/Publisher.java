package io.plinth.mqbroker.session;

import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.channel.ConfirmTracker;
import io.plinth.mqbroker.channel.ContentAssembler;
import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.Receipt;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. The publishing half of a channel: content, routing, returns and confirms. */
final class Publisher implements ConfirmTracker.Answers {
    private static final int MAX_EXPIRATION_DIGITS = 15;

    private final Connection connection;
    private final ChannelHandle handle;
    private final ContentAssembler content;
    private @Nullable ConfirmTracker confirms;

    Publisher(Connection connection, ChannelHandle handle, long messageBytes) {
        this.connection = connection;
        this.handle = handle;
        this.content = new ContentAssembler(messageBytes);
    }

    boolean busy() {
        return content.busy();
    }

    boolean confirming() {
        return confirms != null;
    }

    long unconfirmed() {
        return confirms == null ? 0 : confirms.unconfirmed();
    }

    /** Turns confirms on; doing it twice changes nothing. */
    void select() {
        if (confirms == null) {
            confirms = new ConfirmTracker();
        }
    }

    void begin(BasicMethod.Publish method) {
        if (method.immediate()) {
            throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "immediate=true");
        }
        exchange(method);
        connection.publishing();
        content.begin(method);
    }

    private Exchange exchange(BasicMethod.Publish method) {
        Permissions permissions = connection.identity().permissions();
        permissions.check(Permissions.Operation.WRITE, Permissions.Resource.EXCHANGE, method.exchange());
        Exchange exchange = connection.identity().topology().exchange(method.exchange());
        if (exchange == null) {
            throw new AmqpException(
                    ReplyCode.NOT_FOUND,
                    "no exchange '" + method.exchange() + "' in vhost '"
                            + connection.identity().vhost() + "'");
        }
        if (exchange.type() == ExchangeType.TOPIC) {
            permissions.checkTopic(Permissions.Operation.WRITE, method.exchange(), method.routingKey());
        }
        if (exchange.internal()) {
            throw new AmqpException(ReplyCode.ACCESS_REFUSED, "cannot publish to internal " + exchange);
        }
        return exchange;
    }

    void header(Frame.HeaderFrame frame) {
        ContentAssembler.Published published = content.header(frame);
        if (published != null) {
            publish(published);
        }
    }

    void body(Frame.BodyFrame frame) {
        ContentAssembler.Published published = content.body(frame);
        if (published != null) {
            publish(published);
        }
    }

    private void publish(ContentAssembler.Published published) {
        BasicMethod.Publish method = published.method();
        Exchange exchange = exchange(method);
        check(published.properties());
        Content message = new Content(method.exchange(), method.routingKey(), published.properties(), published.body());
        Set<QueueRef> targets = new LinkedHashSet<>(4);
        connection
                .identity()
                .topology()
                .route(exchange, method.routingKey(), new Attributes(published.properties()), targets);
        connection.broker().metrics().published.inc();
        exchange.traffic().published(targets.size());
        handle.counts().add(Counts.Kind.PUBLISH, 1);
        if (targets.isEmpty()) {
            unroutable(method, published);
            return;
        }
        int shards = targets.size() == 1
                ? 1
                : (int) targets.stream().mapToInt(QueueRef::shard).distinct().count();
        long tag = confirms == null ? 0 : confirms.published(shards);
        int bytes = message.size();
        List<ShardCommand.Publish> publishes = connection
                .broker()
                .shards()
                .split(
                        targets,
                        message,
                        ContentProperties.persistent(published.properties()),
                        new Receipt.OfChannel(handle, tag, bytes));
        for (ShardCommand.Publish publish : publishes) {
            connection.published(bytes);
            connection.submit(publish.queues().getFirst().shard(), publish);
        }
    }

    private void unroutable(BasicMethod.Publish method, ContentAssembler.Published published) {
        connection.broker().metrics().unroutable.inc();
        handle.counts().add(method.mandatory() ? Counts.Kind.RETURN_UNROUTABLE : Counts.Kind.DROP_UNROUTABLE, 1);
        if (method.mandatory()) {
            connection.write(
                    handle.number(),
                    new BasicMethod.Return(
                            ReplyCode.NO_ROUTE.code(),
                            ReplyCode.NO_ROUTE.name(),
                            method.exchange(),
                            method.routingKey()),
                    published.properties(),
                    published.body());
        }
        if (confirms != null) {
            confirms.published(0);
            connection.answerLater(this);
        }
    }

    private void check(byte[] properties) {
        String expiration = ContentProperties.text(properties, ContentProperties.Field.EXPIRATION);
        if (expiration != null && !milliseconds(expiration)) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid expiration '" + expiration + "' (expected: milliseconds as a whole number)");
        }
        String user = ContentProperties.text(properties, ContentProperties.Field.USER_ID);
        if (user != null
                && !user.equals(connection.identity().user())
                && !connection.identity().permissions().impersonates()) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "user_id property set to '" + user + "' but authenticated user was '"
                            + connection.identity().user() + "'");
        }
    }

    private static boolean milliseconds(String text) {
        return !text.isEmpty()
                && text.length() <= MAX_EXPIRATION_DIGITS
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** A shard is done with a publish. */
    void completed(long tag, boolean ok) {
        if (confirms != null) {
            confirms.completed(tag, ok);
            connection.answerLater(this);
        }
    }

    /** Sends the confirms that are due. */
    void answer() {
        if (confirms != null) {
            confirms.answer(this);
        }
    }

    @Override
    public void ack(long tag, boolean multiple, long count) {
        connection.broker().metrics().confirmed.inc(count);
        handle.counts().add(Counts.Kind.CONFIRM, count);
        connection.write(handle.number(), new BasicMethod.Ack(tag, multiple));
    }

    @Override
    public void nack(long tag) {
        connection.broker().metrics().refusedPublishes.inc();
        connection.write(handle.number(), new BasicMethod.Nack(tag, false, false));
    }
}
