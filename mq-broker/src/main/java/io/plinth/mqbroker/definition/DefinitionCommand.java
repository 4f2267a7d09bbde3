package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.wire.FieldTable;
import org.jspecify.annotations.Nullable;

/** A change of definitions. */
public sealed interface DefinitionCommand {
    record DeclareExchange(
            String name, String type, boolean durable, boolean autoDelete, boolean internal, FieldTable arguments)
            implements DefinitionCommand {}

    record DeleteExchange(String name, boolean ifUnused) implements DefinitionCommand {}

    /** Declares a queue; {@code owner} is the connection of an exclusive one. */
    record DeclareQueue(
            String name,
            boolean durable,
            boolean autoDelete,
            @Nullable Object owner,
            FieldTable arguments) implements DefinitionCommand {}

    /** Sets or takes away a setting; one of a virtual host makes or deletes that. */
    record Set(Effect.Setting setting) implements DefinitionCommand {}

    /** A queue is gone from its shard. */
    record ForgetQueue(QueueRef queue) implements DefinitionCommand {}

    /** An exchange lost its last binding, and deletes itself. */
    record ForgetExchange(Exchange exchange) implements DefinitionCommand {}

    /** Binds a queue or an exchange. */
    record Bind(
            String source, boolean toQueue, String destination, String routingKey, FieldTable arguments, Object asker)
            implements DefinitionCommand {}

    record Unbind(
            String source, boolean toQueue, String destination, String routingKey, FieldTable arguments, Object asker)
            implements DefinitionCommand {}
}
