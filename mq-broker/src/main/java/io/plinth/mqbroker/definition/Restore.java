package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Destination;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.index.RecoveredDefinitions;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.queue.Shards;
import java.util.function.ObjIntConsumer;

/** Puts back what recovery found in a virtual host; before anything is served, on the starting thread. */
record Restore(Policies policies, int shards, ObjIntConsumer<QueueRef> restoreQueue) {
    void into(Topology topology, RecoveredDefinitions.Host found) {
        String vhost = topology.vhost();
        for (Effect.ExchangeDeclared e : found.exchanges()) {
            ExchangeType type = ExchangeType.of(e.type());
            if (type != null) {
                Exchange exchange =
                        new Exchange(vhost, e.name(), type, true, e.autoDelete(), e.internal(), e.arguments());
                policies.apply(exchange);
                topology.add(exchange);
            }
        }
        for (Effect.QueueDeclared e : found.queues()) {
            int shard = Shards.of(vhost, e.name(), shards);
            QueueRef queue = new QueueRef(e.id(), vhost, e.name(), shard, true, e.autoDelete(), null, e.arguments());
            policies.apply(queue);
            topology.add(queue);
            restoreQueue.accept(queue, shard);
        }
        for (Effect.Bound e : found.bindings()) {
            Exchange source = topology.exchange(e.source());
            Destination destination =
                    e.toQueue() ? topology.queue(e.destination()) : topology.exchange(e.destination());
            if (source != null && destination != null) {
                topology.bind(source, new Binding(destination, e.routingKey(), e.arguments()));
            }
        }
    }
}
