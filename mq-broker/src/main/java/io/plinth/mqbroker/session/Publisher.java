package io.plinth.mqbroker.session;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.channel.ConfirmTracker;
import io.plinth.mqbroker.channel.ContentAssembler;
import io.plinth.mqbroker.channel.Transaction;
import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.Receipt;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.trace.Firehose;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. The publishing half of a channel: content, routing, returns and confirms. */
final class Publisher implements ConfirmTracker.Answers {
    private static final int MAX_EXPIRATION_DIGITS = 15;

    private static final List<String> COPIES = List.of(Attributes.COPIES, Attributes.BLIND_COPIES);

    private final Connection connection;
    private final ChannelHandle handle;
    private final ContentAssembler content;
    private final Consumers consumers;
    /** Where the message at hand goes. */
    private final Set<QueueRef> found = new LinkedHashSet<>(4);

    private @Nullable ConfirmTracker confirms;
    private @Nullable Transaction transaction;

    Publisher(Connection connection, ChannelHandle handle, Consumers consumers, SessionLimits limits) {
        this.connection = connection;
        this.consumers = consumers;
        this.handle = handle;
        this.content = new ContentAssembler(limits.messageBytes(), connection.partial());
    }

    boolean busy() {
        return content.busy();
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

    /** The channel ends. */
    void end() {
        content.end();
    }

    boolean confirming() {
        return confirms != null;
    }

    /** From now on publishes wait for a commit. */
    void transaction(Transaction value) {
        transaction = value;
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
        Exchange exchange = exchange(published.method());
        check(published.properties());
        if (transaction != null) {
            transaction.publish(published);
            return;
        }
        Content message = message(published);
        List<QueueRef> targets = route(exchange, published, message);
        if (targets.isEmpty()) {
            confirmUntaken();
            return;
        }
        long tag = confirms == null ? 0 : confirms.published(shards(targets));
        send(targets, message, new Receipt.OfChannel(handle, tag, message.size()));
    }

    /** The queues it goes to; empty where it was returned or went to somebody who waits for a reply. */
    private List<QueueRef> route(Exchange exchange, ContentAssembler.Published published, Content message) {
        BasicMethod.Publish method = published.method();
        connection.counted().publishes++;
        if (confirms == null && transaction == null) {
            connection.counted().unanswered++;
        }
        handle.counts().add(Counts.Kind.PUBLISH, 1);
        if (method.exchange().isEmpty() && DirectReplies.isAddress(method.routingKey())) {
            if (!connection.broker().replies().send(method.routingKey(), message)) {
                unroutable(method, message);
            }
            return List.of();
        }
        found.clear();
        connection
                .identity()
                .topology()
                .routeCopies(exchange, method.routingKey(), new Attributes(published.properties()), found);
        exchange.traffic().published(found.size());
        if (found.isEmpty()) {
            unroutable(method, message);
        }
        List<QueueRef> targets = List.copyOf(found);
        Topology topology = connection.identity().topology();
        if (topology.traced()) {
            trace(Firehose.published(topology, tracedBy(), message, new Attributes(published.properties()), targets));
        }
        return targets;
    }

    Firehose.By tracedBy() {
        return new Firehose.By(
                "rabbit@" + connection.broker().serverProperties().string("cluster_name"),
                connection.identity().vhost(),
                ConnectionDescription.name(connection.ctx().channel()),
                handle.number(),
                connection.identity().user(),
                connection.broker().limits().get().frameMax());
    }

    /** Publishes a copy, unless memory is used up; its octets count as what the connection publishes does. */
    void trace(Firehose.@Nullable Copy copy) {
        if (copy != null && !connection.broker().alarms().is(Alarms.Reason.MEMORY)) {
            Content content = copy.content();
            send(copy.queues(), content, new Receipt.OfChannel(handle, 0, content.size()));
        }
    }

    private static int shards(List<QueueRef> targets) {
        return targets.size() == 1
                ? 1
                : (int) targets.stream().mapToInt(QueueRef::shard).distinct().count();
    }

    private void send(List<QueueRef> targets, Content message, Receipt receipt) {
        boolean persistent = ContentProperties.persistent(message.properties());
        if (targets.size() == 1) {
            connection.published(message.size());
            connection.submit(
                    targets.getFirst().shard(), new ShardCommand.Publish(targets, message, persistent, receipt));
            return;
        }
        for (ShardCommand.Publish publish : connection.broker().shards().split(targets, message, persistent, receipt)) {
            connection.published(message.size());
            connection.submit(publish.queues().getFirst().shard(), publish);
        }
    }

    /** What queues keep: without what is for the broker alone, and with an address that leads back to this channel. */
    private Content message(ContentAssembler.Published published) {
        BasicMethod.Publish method = published.method();
        byte[] properties = published.properties();
        if (DirectReplies.QUEUE.equals(ContentProperties.text(properties, ContentProperties.Field.REPLY_TO))) {
            String address = consumers.replyAddress();
            if (address == null) {
                throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "fast reply consumer does not exist");
            }
            properties = ContentProperties.withReplyTo(properties, address);
        }
        return MessageMarks.without(
                new Content(method.exchange(), method.routingKey(), properties, published.body()),
                Attributes.BLIND_COPIES);
    }

    /** Sends what a transaction held; {@code done} hears, on this loop, whether every queue took all of it. */
    void commit(Transaction committed, Consumer<Boolean> done) {
        int[] left = {1};
        boolean[] all = {true};
        Consumer<Boolean> one = ok -> {
            all[0] &= ok;
            if (--left[0] == 0) {
                done.accept(all[0]);
            }
        };
        for (ContentAssembler.Published published : committed.publishes()) {
            Content message = message(published);
            List<QueueRef> targets = route(exchange(published.method()), published, message);
            left[0] += shards(targets);
            send(targets, message, new Receipt.OfTransaction(handle, message.size(), one));
        }
        one.accept(true);
    }

    private void unroutable(BasicMethod.Publish method, Content message) {
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
                    message.properties(),
                    message.body());
        }
    }

    private void confirmUntaken() {
        if (confirms != null) {
            confirms.published(0);
            connection.answerLater(this);
        }
    }

    private void check(byte[] properties) {
        for (String header : COPIES) {
            if (ContentProperties.mayHaveHeader(properties, header)) {
                FieldTable headers = ContentProperties.headers(properties);
                if (headers.has(header) && !(headers.get(header) instanceof List<?>)) {
                    throw new AmqpException(
                            ReplyCode.PRECONDITION_FAILED,
                            "header '" + header + "': " + headers.get(header) + " (expected: an array of strings)");
                }
            }
        }
        String expiration = ContentProperties.text(properties, ContentProperties.Field.EXPIRATION);
        if (expiration != null
                && (!milliseconds(expiration) || Long.parseLong(expiration) > QueueArguments.MAX_MILLIS)) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid expiration '" + expiration + "' (expected: milliseconds as a whole number, at most "
                            + QueueArguments.MAX_MILLIS + ")");
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
