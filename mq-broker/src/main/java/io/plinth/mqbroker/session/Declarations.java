package io.plinth.mqbroker.session;

import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.auth.Permissions.Operation;
import io.plinth.mqbroker.auth.Permissions.Resource;
import io.plinth.mqbroker.channel.UnderWay;
import io.plinth.mqbroker.definition.Asker;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.definition.Equivalence;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ExchangeMethod;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.QueueMethod;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. The declaring part of a channel: exchanges, queues and bindings. */
final class Declarations {
    /** A queue may be deleted between being found and being asked; then it is declared anew, so often. */
    private static final int ATTEMPTS = 5;

    private final Connection connection;
    private final ChannelSession channel;
    private final ChannelHandle handle;
    private final Topology topology;
    private final Asker asker = new Asker();

    /** What an empty queue name stands for. */
    private @Nullable String lastDeclared;

    Declarations(Connection connection, ChannelSession channel, ChannelHandle handle) {
        this.connection = connection;
        this.channel = channel;
        this.handle = handle;
        this.topology = connection.identity().topology();
    }

    void on(ExchangeMethod method) {
        switch (method) {
            case ExchangeMethod.Declare m -> declare(m);
            case ExchangeMethod.Delete m -> {
                permit(Operation.CONFIGURE, Resource.EXCHANGE, m.exchange());
                checkChangeable(
                        m.exchange(),
                        "deletion of system exchange '" + m.exchange() + "' in vhost '" + topology.vhost()
                                + "' not allowed");
                define(
                        new DefinitionCommand.DeleteExchange(m.exchange(), m.ifUnused()),
                        m.nowait() ? null : new ExchangeMethod.DeleteOk());
            }
            case ExchangeMethod.Bind m -> {
                permit(Operation.WRITE, Resource.EXCHANGE, m.destination());
                readSource(m.source(), m.routingKey());
                checkBindable(m.source());
                checkBindable(m.destination());
                define(
                        new DefinitionCommand.Bind(
                                m.source(), false, m.destination(), m.routingKey(), m.arguments(), connection),
                        m.nowait() ? null : new ExchangeMethod.BindOk());
            }
            case ExchangeMethod.Unbind m -> {
                permit(Operation.WRITE, Resource.EXCHANGE, m.destination());
                readSource(m.source(), m.routingKey());
                checkBindable(m.source());
                checkBindable(m.destination());
                define(
                        new DefinitionCommand.Unbind(
                                m.source(), false, m.destination(), m.routingKey(), m.arguments(), connection),
                        m.nowait() ? null : new ExchangeMethod.UnbindOk());
            }
            case ExchangeMethod.DeclareOk m -> throw unexpected(m);
            case ExchangeMethod.DeleteOk m -> throw unexpected(m);
            case ExchangeMethod.BindOk m -> throw unexpected(m);
            case ExchangeMethod.UnbindOk m -> throw unexpected(m);
        }
    }

    void on(QueueMethod method) {
        switch (method) {
            case QueueMethod.Declare m -> declare(m);
            case QueueMethod.Bind m -> {
                permit(Operation.WRITE, Resource.QUEUE, name(m.queue()));
                readSource(m.exchange(), m.routingKey());
                checkBindable(m.exchange());
                define(
                        new DefinitionCommand.Bind(
                                m.exchange(), true, name(m.queue()), m.routingKey(), m.arguments(), connection),
                        m.nowait() ? null : new QueueMethod.BindOk());
            }
            case QueueMethod.Unbind m -> {
                permit(Operation.WRITE, Resource.QUEUE, name(m.queue()));
                readSource(m.exchange(), m.routingKey());
                checkBindable(m.exchange());
                define(
                        new DefinitionCommand.Unbind(
                                m.exchange(), true, name(m.queue()), m.routingKey(), m.arguments(), connection),
                        new QueueMethod.UnbindOk());
            }
            case QueueMethod.Purge m -> purge(m);
            case QueueMethod.Delete m -> delete(m);
            case QueueMethod.DeclareOk m -> throw unexpected(m);
            case QueueMethod.BindOk m -> throw unexpected(m);
            case QueueMethod.UnbindOk m -> throw unexpected(m);
            case QueueMethod.PurgeOk m -> throw unexpected(m);
            case QueueMethod.DeleteOk m -> throw unexpected(m);
        }
    }

    private static AmqpException unexpected(Method method) {
        return ChannelSession.unexpected(method);
    }

    /**
     * Whether a method may begin while others are under way, the last of which is given. Declares, bindings and deletions of exchanges may, in any
     * number, where the exchange they read from is there: else what the user may do cannot be looked up. Deletions of queues may join each other,
     * since those go to the shards and the others do not, but none joins one that a shard may refuse: it would be done all the same.
     */
    boolean joins(Method method, @Nullable Method last) {
        if (last instanceof QueueMethod.Delete || method instanceof QueueMethod.Delete) {
            return last instanceof QueueMethod.Delete before
                    && !before.ifUnused()
                    && !before.ifEmpty()
                    && method instanceof QueueMethod.Delete;
        }
        return switch (method) {
            case ExchangeMethod.Declare m -> !m.passive();
            case ExchangeMethod.Delete m -> true;
            case ExchangeMethod.Bind m -> topology.exchange(m.source()) != null;
            case ExchangeMethod.Unbind m -> topology.exchange(m.source()) != null;
            case QueueMethod.Declare m -> !m.passive();
            case QueueMethod.Bind m -> topology.exchange(m.exchange()) != null;
            case QueueMethod.Unbind m -> topology.exchange(m.exchange()) != null;
            default -> false;
        };
    }

    /** Sends a command; then {@code ok}, where there is one to send. */
    private void define(DefinitionCommand command, @Nullable Method ok) {
        UnderWay.Turn turn = channel.turn();
        define(
                turn,
                command,
                result -> channel.answer(turn, () -> {
                    if (ok != null) {
                        connection.write(handle.number(), ok);
                    }
                }));
    }

    private void define(UnderWay.Turn turn, DefinitionCommand command, Consumer<Definitions.Result> then) {
        connection
                .broker()
                .definitions()
                .submit(
                        topology.vhost(),
                        command,
                        asker,
                        result -> connection.execute(() -> {
                            AmqpException error = result.error();
                            if (error == null) {
                                then.accept(result);
                            } else {
                                refuse(turn, error);
                            }
                        }));
    }

    private void refuse(UnderWay.Turn turn, AmqpException error) {
        channel.answer(turn, () -> {
            throw error;
        });
    }

    private void declare(ExchangeMethod.Declare method) {
        String name = clean(method.exchange());
        Method ok = method.nowait() ? null : new ExchangeMethod.DeclareOk();
        if (method.passive()) {
            checkBindable(name);
            if (topology.exchange(name) == null) {
                throw new AmqpException(
                        ReplyCode.NOT_FOUND, "no exchange '" + name + "' in vhost '" + topology.vhost() + "'");
            }
            if (ok != null) {
                connection.write(handle.number(), ok);
            }
            return;
        }
        permit(Operation.CONFIGURE, Resource.EXCHANGE, name);
        String alternate = method.arguments().string("alternate-exchange");
        if (alternate != null) {
            permit(Operation.READ, Resource.EXCHANGE, name);
            permit(Operation.WRITE, Resource.EXCHANGE, alternate);
        }
        if (name.isEmpty() || topology.exchange(name) == null) {
            checkChangeable(name, "exchange name '" + name + "' contains reserved prefix 'amq.*'");
        }
        define(
                new DefinitionCommand.DeclareExchange(
                        name,
                        method.type(),
                        method.durable(),
                        method.autoDelete(),
                        method.internal(),
                        method.arguments()),
                ok);
    }

    private static void checkChangeable(String exchange, String reserved) {
        checkBindable(exchange);
        if (Topology.reserved(exchange)) {
            throw new AmqpException(ReplyCode.ACCESS_REFUSED, reserved);
        }
    }

    private static void checkBindable(String exchange) {
        if (exchange.isEmpty()) {
            throw new AmqpException(ReplyCode.ACCESS_REFUSED, "operation not permitted on the default exchange");
        }
    }

    private void declare(QueueMethod.Declare method) {
        String asked = clean(method.queue());
        String name = asked.isEmpty() && !method.passive() ? connection.broker().newName("amq.gen-") : asked;
        // As in RabbitMQ nothing is declared by that, and those who do are let go on.
        if (method.passive() || name.equals(DirectReplies.QUEUE)) {
            passive(method, name);
            return;
        }
        if (method.arguments().has(QueueRef.DELAYED_FOR)) {
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED, "arg '" + QueueRef.DELAYED_FOR + "' is for the broker alone");
        }
        permit(Operation.CONFIGURE, Resource.QUEUE, name);
        String dead = method.arguments().string("x-dead-letter-exchange");
        if (dead != null) {
            permit(Operation.READ, Resource.QUEUE, name);
            permit(Operation.WRITE, Resource.EXCHANGE, dead);
        }
        if (!asked.isEmpty() && asked.startsWith("amq.") && topology.queue(asked) == null) {
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED, "queue name '" + asked + "' contains reserved prefix 'amq.*'");
        }
        lastDeclared = name;
        declare(channel.turn(), method, name, ATTEMPTS);
    }

    private void passive(QueueMethod.Declare method, String name) {
        boolean replies = name.equals(DirectReplies.QUEUE)
                || (DirectReplies.isAddress(name)
                        && connection.broker().replies().knows(name));
        if (!replies) {
            QueueRef queue = usable(name);
            lastDeclared = name;
            ask(channel.turn(), method, queue, ATTEMPTS);
        } else if (!method.nowait()) {
            connection.write(handle.number(), new QueueMethod.DeclareOk(name, 0, 1));
        }
    }

    private void declare(UnderWay.Turn turn, QueueMethod.Declare method, String name, int attempts) {
        define(
                turn,
                new DefinitionCommand.DeclareQueue(
                        name,
                        method.durable(),
                        method.autoDelete(),
                        method.exclusive() ? connection : null,
                        method.arguments()),
                result -> {
                    QueueRef queue = result.queue();
                    if (queue != null) {
                        declared(turn, method, queue, result.created(), attempts);
                    }
                });
    }

    private void declared(
            UnderWay.Turn turn, QueueMethod.Declare method, QueueRef queue, boolean created, int attempts) {
        if (queue.exclusive()) {
            connection.exclusives().add(queue);
        }
        if (created) {
            channel.answer(turn, () -> answerDeclared(method, queue, 0, 0));
        } else {
            ask(turn, method, queue, attempts);
        }
    }

    private void ask(UnderWay.Turn turn, QueueMethod.Declare method, QueueRef queue, int attempts) {
        connection.submit(queue.shard(), new ShardCommand.Ask(handle, queue.id(), status -> {
            if (status != null) {
                channel.answer(turn, () -> answerDeclared(method, queue, status.ready(), status.consumers()));
            } else if (method.passive() || attempts == 0) {
                refuse(turn, new AmqpException(ReplyCode.NOT_FOUND, "no " + queue));
            } else {
                declare(turn, method, queue.name(), attempts - 1);
            }
        }));
    }

    private void answerDeclared(QueueMethod.Declare method, QueueRef queue, long ready, int consumers) {
        if (!method.nowait()) {
            connection.write(handle.number(), new QueueMethod.DeclareOk(queue.name(), ready, consumers));
        }
    }

    private void purge(QueueMethod.Purge method) {
        permit(Operation.READ, Resource.QUEUE, name(method.queue()));
        QueueRef queue = find(method.queue());
        if (queue.stream()) {
            throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "purge not supported by stream queues " + queue);
        }
        channel.await();
        connection.submit(
                queue.shard(),
                new ShardCommand.Purge(
                        handle,
                        queue.id(),
                        count -> channel.resume(() -> {
                            if (!method.nowait()) {
                                connection.write(handle.number(), new QueueMethod.PurgeOk(count));
                            }
                        })));
    }

    private void delete(QueueMethod.Delete method) {
        permit(Operation.CONFIGURE, Resource.QUEUE, name(method.queue()));
        QueueRef queue = topology.queue(name(method.queue()));
        if (queue == null) {
            channel.answer(() -> answerDeleted(method, 0));
            return;
        }
        Equivalence.checkOwner(queue, connection);
        Equivalence.checkPublic(queue);
        connection.broker().definitions().checkDeletion(queue);
        UnderWay.Turn turn = channel.turn();
        connection.submit(
                queue.shard(),
                new ShardCommand.Delete(
                        handle,
                        queue,
                        method.ifUnused(),
                        method.ifEmpty(),
                        refusal -> refuse(
                                turn,
                                new AmqpException(
                                        ReplyCode.PRECONDITION_FAILED,
                                        queue + (refusal == ShardCommand.Refusal.IN_USE ? " in use" : " not empty"))),
                        count -> channel.answer(turn, () -> {
                            connection.exclusives().remove(queue);
                            answerDeleted(method, count);
                        })));
    }

    private void answerDeleted(QueueMethod.Delete method, long count) {
        if (!method.nowait()) {
            connection.write(handle.number(), new QueueMethod.DeleteOk(count));
        }
    }

    private void permit(Operation operation, Resource resource, String name) {
        connection.identity().permissions().check(operation, resource, name);
    }

    private void readSource(String exchange, String routingKey) {
        Permissions permissions = connection.identity().permissions();
        permissions.check(Operation.READ, Resource.EXCHANGE, exchange);
        Exchange source = topology.exchange(exchange);
        if (source != null && source.type() == ExchangeType.TOPIC) {
            permissions.checkTopic(Operation.READ, exchange, routingKey);
        }
    }

    /** The queue as {@link #usable}, if the user may also read from it. */
    QueueRef readable(String asked) {
        permit(Operation.READ, Resource.QUEUE, name(asked));
        return usable(asked);
    }

    /** The queue of that name, or the last one declared on the channel, if this connection may use it. */
    private QueueRef find(String asked) {
        String name = name(asked);
        QueueRef queue = topology.queue(name);
        if (queue == null) {
            throw new AmqpException(ReplyCode.NOT_FOUND, "no queue '" + name + "' in vhost '" + topology.vhost() + "'");
        }
        Equivalence.checkOwner(queue, connection);
        return queue;
    }

    /** As {@link #find}, unless the queue is the broker's own. */
    QueueRef usable(String asked) {
        QueueRef queue = find(asked);
        Equivalence.checkPublic(queue);
        return queue;
    }

    private String name(String asked) {
        if (!asked.isEmpty()) {
            return clean(asked);
        }
        if (lastDeclared == null) {
            throw new AmqpException(ReplyCode.NOT_FOUND, "no previously declared queue");
        }
        return lastDeclared;
    }

    /** RabbitMQ strips line ends from names; some clients rely on it. */
    private static String clean(String name) {
        return name.indexOf('\r') < 0 && name.indexOf('\n') < 0
                ? name
                : name.replace("\r", "").replace("\n", "");
    }
}
