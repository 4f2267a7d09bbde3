package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.stats.Departed;
import io.plinth.mqbroker.stats.Traffic;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Every exchange, queue name and binding of one virtual host. Changed by the definitions' loop alone; every loop routes over it, and
 * sees each single change whole.
 */
public final class Topology {
    /** Exchanges hop to exchanges no further; a cycle ends by the visited set before. */
    private static final int MAX_HOPS = 1024;

    private static final Steps UNHEARD = (from, to) -> {};

    private final String vhost;
    private final Departed departed = new Departed();
    /** What went through exchanges that are there no more. */
    private final Traffic gone = new Traffic();

    private volatile boolean traced;
    private final Map<String, Exchange> exchanges = new ConcurrentHashMap<>();
    private final Map<String, QueueRef> queues = new ConcurrentHashMap<>();
    /** By destination, so that deleting one need not search every exchange. Touched by the definitions' loop only. */
    private final Map<Destination, Set<Bound>> bound = new HashMap<>();

    private record Bound(Exchange source, Binding binding) {}

    public Topology(String vhost) {
        this.vhost = vhost;
        predeclare("", ExchangeType.DIRECT, false);
        predeclare("amq.direct", ExchangeType.DIRECT, false);
        predeclare("amq.fanout", ExchangeType.FANOUT, false);
        predeclare("amq.topic", ExchangeType.TOPIC, false);
        predeclare("amq.headers", ExchangeType.HEADERS, false);
        predeclare("amq.match", ExchangeType.HEADERS, false);
        predeclare("amq.rabbitmq.trace", ExchangeType.TOPIC, true);
    }

    private void predeclare(String name, ExchangeType type, boolean internal) {
        exchanges.put(name, new Exchange(vhost, name, type, true, false, internal, FieldTable.EMPTY));
    }

    public String vhost() {
        return vhost;
    }

    /** Whether a copy of every message goes to {@code amq.rabbitmq.trace}; until the next start. */
    public boolean traced() {
        return traced;
    }

    public void traced(boolean on) {
        traced = on;
    }

    /** What was counted here of what is there no more. */
    public Departed departed() {
        return departed;
    }

    /** Whether the name belongs to the server. */
    public static boolean reserved(String name) {
        return name.isEmpty() || name.startsWith("amq.");
    }

    public @Nullable Exchange exchange(String name) {
        return exchanges.get(name);
    }

    public @Nullable QueueRef queue(String name) {
        return queues.get(name);
    }

    public Collection<Exchange> exchanges() {
        return Collections.unmodifiableCollection(exchanges.values());
    }

    public Collection<QueueRef> queues() {
        return Collections.unmodifiableCollection(queues.values());
    }

    /** What went through all exchanges here, those that are there no more too: a copy. */
    public Traffic traffic() {
        Traffic all = new Traffic();
        all.add(gone);
        exchanges.values().forEach(exchange -> all.add(exchange.traffic()));
        return all;
    }

    public int queueCount() {
        return queues.size();
    }

    public void add(Exchange exchange) {
        exchanges.put(exchange.name(), exchange);
    }

    public void add(QueueRef queue) {
        queues.put(queue.name(), queue);
    }

    public void bind(Exchange source, Binding binding) {
        source.bind(binding);
        // Most have one.
        bound.computeIfAbsent(binding.destination(), ignored -> new HashSet<>(2))
                .add(new Bound(source, binding));
    }

    /** Removes a binding; returns the exchanges that thereby lost their last binding and delete themselves. */
    public List<Exchange> unbind(Exchange source, Binding binding) {
        if (!source.unbind(binding)) {
            return List.of();
        }
        unbound(source, binding);
        return source.autoDelete() && !source.bound() ? List.of(source) : List.of();
    }

    /** Removes a queue and its bindings; returns the exchanges that now delete themselves. */
    public List<Exchange> remove(QueueRef queue) {
        queues.remove(queue.name(), queue);
        return removeDestination(queue);
    }

    /** Removes an exchange with all bindings from and to it; returns the exchanges that now delete themselves. */
    public List<Exchange> remove(Exchange exchange) {
        exchanges.remove(exchange.name(), exchange);
        gone.add(exchange.traffic());
        exchange.bindings().forEach(binding -> unbound(exchange, binding));
        return removeDestination(exchange);
    }

    private void unbound(Exchange source, Binding binding) {
        bound.computeIfPresent(binding.destination(), (destination, all) -> {
            all.remove(new Bound(source, binding));
            return all.isEmpty() ? null : all;
        });
    }

    private List<Exchange> removeDestination(Destination destination) {
        Set<Bound> all = bound.remove(destination);
        if (all == null) {
            return List.of();
        }
        List<Exchange> emptied = new ArrayList<>();
        for (Bound one : all) {
            emptied.addAll(unbind(one.source(), one.binding()));
        }
        return emptied;
    }

    /** Hears of every step of a message, in order. */
    @FunctionalInterface
    public interface Steps {
        /** The exchange led to the destination, over a binding, by its queue's name, or as alternate exchange. */
        void led(Exchange from, Destination to);
    }

    /** As {@link #route}, for the key and for every further one the message names. */
    public void routeCopies(Exchange start, String routingKey, Attributes attributes, Set<QueueRef> into) {
        route(start, routingKey, attributes, into);
        for (String key : attributes.copies()) {
            route(start, key, attributes, into);
        }
    }

    /** The name of the queue that keeps the delayed messages of an exchange. */
    public static String delayQueue(String exchange) {
        return "amq.delayed." + exchange;
    }

    /** Adds to {@code into} every queue the message goes to, each once. */
    public void route(Exchange start, String routingKey, Attributes attributes, Set<QueueRef> into) {
        route(start, routingKey, attributes, into, UNHEARD);
    }

    /** Routes, and tells the steps. */
    public void route(Exchange start, String routingKey, Attributes attributes, Set<QueueRef> into, Steps steps) {
        if (start.name().isEmpty()) {
            toNamed(start, routingKey, into, steps);
            return;
        }
        Set<Exchange> seen = new LinkedHashSet<>();
        List<Exchange> due = new ArrayList<>();
        due.add(start);
        seen.add(start);
        for (int i = 0; i < due.size() && i < MAX_HOPS; i++) {
            Exchange exchange = due.get(i);
            if (exchange.type() == ExchangeType.DELAYED && attributes.delay() > 0) {
                QueueRef keeps = queues.get(delayQueue(exchange.name()));
                if (keeps != null) {
                    steps.led(exchange, keeps);
                    into.add(keeps);
                    continue;
                }
            }
            boolean[] matched = {false};
            Consumer<Destination> found = destination -> {
                matched[0] = true;
                steps.led(exchange, destination);
                switch (destination) {
                    case QueueRef queue -> into.add(queue);
                    case Exchange next -> {
                        if (seen.add(next)) {
                            due.add(next);
                        }
                    }
                }
            };
            exchange.match(routingKey, attributes, found);
            if (!matched[0]) {
                alternate(exchange, routingKey, into, seen, due, steps);
            }
        }
    }

    private void toNamed(Exchange standard, String routingKey, Set<QueueRef> into, Steps steps) {
        QueueRef queue = queues.get(routingKey);
        if (queue != null && !queue.internal()) {
            into.add(queue);
            steps.led(standard, queue);
        }
    }

    private void alternate(
            Exchange exchange,
            String routingKey,
            Set<QueueRef> into,
            Set<Exchange> seen,
            List<Exchange> due,
            Steps steps) {
        String name = exchange.alternate();
        Exchange next = name == null ? null : exchanges.get(name);
        if (next == null) {
            return;
        }
        steps.led(exchange, next);
        if (next.name().isEmpty()) {
            toNamed(next, routingKey, into, steps);
        } else if (seen.add(next)) {
            due.add(next);
        }
    }
}
