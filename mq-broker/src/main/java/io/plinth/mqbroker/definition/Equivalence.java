package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.argument.Declared;
import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whether what is declared again is the same, and whether it may be used by who asks. */
public final class Equivalence {
    private static final List<String> X_MATCH = List.of("all", "any", "all-with-x", "any-with-x");

    private static final List<String> EXCHANGE_ARGUMENTS =
            List.of("alternate-exchange", ExchangeType.DELAYED_TYPE, "hash-header", "hash-property");

    private Equivalence() {}

    /** Whether a queue that is not there can be declared so; throws where not. */
    public static void checkNew(String vhost, DefinitionCommand.DeclareQueue asked) {
        checkType(vhost, asked);
    }

    /** The type of an exchange that is not there, if it can be declared so. */
    public static ExchangeType checkNew(DefinitionCommand.DeclareExchange asked) {
        return type(asked);
    }

    /** Quorum queues and streams survive, are shared and have a name of the client's. */
    static QueueArguments checkType(String vhost, DefinitionCommand.DeclareQueue asked) {
        String queue = "queue '" + asked.name() + "' in vhost '" + vhost + "'";
        QueueArguments arguments = QueueArguments.of(asked.arguments(), queue);
        Declared.check(asked.arguments(), arguments.type(), queue);
        if (arguments.type() == QueueArguments.Type.CLASSIC) {
            return arguments;
        }
        String wrong = !asked.durable()
                ? "non-durable"
                : asked.owner() != null
                        ? "exclusive-owner"
                        : asked.autoDelete() && arguments.type() == QueueArguments.Type.STREAM ? "auto-delete" : null;
        if (wrong != null) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "invalid property '" + wrong + "' for " + queue);
        }
        return arguments;
    }

    /** An exclusive queue is for its connection alone (section 1.7.2.1). */
    public static void checkOwner(QueueRef queue, Object asker) {
        if (queue.owner() != null && !queue.owner().equals(asker)) {
            throw locked(queue);
        }
    }

    /** A queue of the broker's own is nobody's to use. */
    public static void checkPublic(QueueRef queue) {
        if (queue.internal()) {
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED,
                    queue + " keeps the delayed messages of an exchange (expected: only to be purged)");
        }
    }

    private static AmqpException locked(QueueRef queue) {
        return new AmqpException(
                ReplyCode.RESOURCE_LOCKED,
                "cannot obtain exclusive access to locked " + queue
                        + ". It could be originally declared on another connection or the exclusive property value"
                        + " does not match that of the original declaration.");
    }

    static void check(QueueRef known, DefinitionCommand.DeclareQueue asked) {
        if (!Objects.equals(known.owner(), asked.owner())) {
            throw locked(known);
        }
        // One of a connection ends with it, whatever was asked for: as in RabbitMQ it is never durable.
        same("durable", known, known.durable(), asked.durable() && asked.owner() == null);
        same("auto_delete", known, known.autoDelete(), asked.autoDelete());
        for (String key : QueueArguments.COMPARED) {
            sameArgument(key, known, value(known.arguments(), key), value(asked.arguments(), key));
        }
    }

    /** A queue type left out is classic. */
    private static @Nullable Object value(FieldTable arguments, String key) {
        return key.equals("x-queue-type") && !arguments.has(key) ? "classic" : arguments.get(key);
    }

    static void check(Exchange known, DefinitionCommand.DeclareExchange asked) {
        if (!known.type().text().equals(asked.type())) {
            type(asked);
            throw inequivalent(
                    "type", known, "'" + asked.type() + "'", "'" + known.type().text() + "'");
        }
        same("durable", known, known.durable(), asked.durable());
        same("auto_delete", known, known.autoDelete(), asked.autoDelete());
        same("internal", known, known.internal(), asked.internal());
        for (String key : EXCHANGE_ARGUMENTS) {
            sameArgument(
                    key, known, known.arguments().get(key), asked.arguments().get(key));
        }
    }

    static ExchangeType type(DefinitionCommand.DeclareExchange asked) {
        FieldTable arguments = asked.arguments();
        if (arguments.has("alternate-exchange") && arguments.string("alternate-exchange") == null) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid arg 'alternate-exchange' for exchange '" + asked.name() + "': "
                            + arguments.get("alternate-exchange") + " (expected: a string)");
        }
        ExchangeType type = ExchangeType.of(asked.type());
        if (type == null) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "unknown exchange type '" + asked.type()
                            + "' (expected: direct, fanout, topic, headers, x-consistent-hash or x-delayed-message)");
        }
        if (type == ExchangeType.DELAYED && ExchangeType.behindDelay(asked.arguments()) == null) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "Invalid argument, '" + ExchangeType.DELAYED_TYPE + "' must be an existing exchange type");
        }
        if (type == ExchangeType.CONSISTENT_HASH) {
            checkHashed(asked.arguments());
        }
        return type;
    }

    /** A consistent-hash exchange hashes one thing, and one it knows. */
    private static void checkHashed(FieldTable arguments) {
        boolean header = arguments.has("hash-header");
        boolean property = arguments.has("hash-property");
        if (header && (property || arguments.string("hash-header") == null)) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid hash-header (expected: a header's name, and no hash-property beside it)");
        }
        if (property && !ExchangeType.hashes(arguments.string("hash-property"))) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid hash-property: " + arguments.get("hash-property")
                            + " (expected: message_id or correlation_id)");
        }
    }

    /** The key of a consistent-hash binding is a weight; a headers binding says how it matches in a known way. */
    public static void checkBinding(ExchangeType type, Object source, String routingKey, FieldTable arguments) {
        if (type == ExchangeType.CONSISTENT_HASH && !ExchangeType.isWeight(routingKey)) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid weight '" + routingKey + "' of a binding to " + source + " (expected: 1 to 1000)");
        }
        if (type == ExchangeType.HEADERS && arguments.has("x-match")) {
            Object match = arguments.get("x-match");
            if (!(match instanceof String text) || !X_MATCH.contains(text)) {
                throw new AmqpException(
                        ReplyCode.PRECONDITION_FAILED,
                        "invalid x-match: " + match + " (expected: all, any, all-with-x or any-with-x)");
            }
        }
    }

    private static void same(String what, Object entity, boolean current, boolean received) {
        if (current != received) {
            throw inequivalent(what, entity, "'" + received + "'", "'" + current + "'");
        }
    }

    private static void sameArgument(String key, Object entity, @Nullable Object current, @Nullable Object received) {
        if (!FieldTable.same(current, received)) {
            boolean both = current != null && received != null;
            throw inequivalent(key, entity, text(received, both), text(current, both));
        }
    }

    /** As RabbitMQ has it: beside none a value is told with its type. */
    private static String text(@Nullable Object value, boolean both) {
        return value == null
                ? "none"
                : both ? "'" + value + "'" : "the value '" + value + "' of type '" + FieldTable.typeName(value) + "'";
    }

    private static AmqpException inequivalent(String what, Object entity, Object received, Object current) {
        return new AmqpException(
                ReplyCode.PRECONDITION_FAILED,
                "inequivalent arg '" + what + "' for " + entity + ": received " + received + " but current is "
                        + current);
    }

    /** Refuses one queue more than the virtual host may have, with so many under way. */
    static void checkLimit(Topology topology, String queue, int underWay, long limit) {
        if (topology.queueCount() + underWay >= limit) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "cannot declare queue '" + queue + "': queue limit in vhost '" + topology.vhost() + "' (" + limit
                            + ") is reached");
        }
    }

    /** Refuses one queue more than the node may have. */
    static void checkLimit(int count, int limit) {
        if (count >= limit) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "queues: " + limit + " (expected: fewer; raise mq-broker.limits.queues)");
        }
    }
}
