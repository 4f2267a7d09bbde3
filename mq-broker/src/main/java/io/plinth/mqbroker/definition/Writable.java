package io.plinth.mqbroker.definition;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;

/** Whether a definition can be written: its names to any client, where they are short strings, and all of it to the log. */
final class Writable {
    private static final int SHORT_STRING = 255;

    private Writable() {}

    /** An effect on a virtual host, as it is written. */
    static Effect.OnDefinitions in(Topology topology, Effect.OnDefinitions effect) {
        boolean plain = topology.vhost().equals(Vhosts.DEFAULT);
        return plain ? effect : new Effect.InVhost(topology.vhost(), effect);
    }

    /** Refuses what cannot; {@code logged} says whether it goes to the log. */
    static void check(Effect.OnDefinitions effect, boolean logged) {
        names(effect);
        if (!logged) {
            return;
        }
        try {
            ChangeCodec.writeDefinition(Unpooled.buffer(), effect);
        } catch (IllegalArgumentException e) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, String.valueOf(e.getMessage()));
        }
    }

    private static void names(Effect.OnDefinitions effect) {
        switch (effect) {
            case Effect.InVhost e -> names(e.effect());
            case Effect.ExchangeDeclared e -> name("exchange", e.name());
            case Effect.QueueDeclared e -> {
                if (!e.arguments().has(QueueRef.DELAYED_FOR)) {
                    name("queue", e.name());
                }
            }
            case Effect.Bound e -> name("routing key", e.routingKey());
            default -> {
                // Names what is there, or nothing a client is sent.
            }
        }
    }

    private static void name(String what, String value) {
        int octets = ByteBufUtil.utf8Bytes(value);
        if (octets > SHORT_STRING) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    what + ": " + octets + " octets (expected: at most " + SHORT_STRING + ")");
        }
    }
}
