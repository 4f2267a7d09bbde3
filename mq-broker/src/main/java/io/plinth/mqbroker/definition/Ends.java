package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.exchange.Destination;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;

/** The ends of a binding. */
final class Ends {
    private Ends() {}

    static boolean survives(Destination destination) {
        return destination instanceof QueueRef queue ? queue.survives() : destination.durable();
    }

    static Exchange source(Ahead ahead, Topology topology, String name) {
        Exchange exchange = ahead.exchange(topology, name);
        if (exchange == null) {
            throw new AmqpException(
                    ReplyCode.NOT_FOUND, "no exchange '" + name + "' in vhost '" + topology.vhost() + "'");
        }
        return exchange;
    }

    static Destination destination(Ahead ahead, Topology topology, boolean toQueue, String name, Object asker) {
        if (!toQueue) {
            return source(ahead, topology, name);
        }
        QueueRef queue = ahead.queue(topology, name);
        if (queue == null) {
            throw new AmqpException(ReplyCode.NOT_FOUND, "no queue '" + name + "' in vhost '" + topology.vhost() + "'");
        }
        Equivalence.checkOwner(queue, asker);
        Equivalence.checkPublic(queue);
        return queue;
    }
}
