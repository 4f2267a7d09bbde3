package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Settings;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the definitions' loop. The changes that wait for their sync, in order, and what there will be once they are durable: the next ones are
 * judged by that, so any number of them share a sync. Routing sees none of it before.
 */
final class Ahead {
    /** What a change makes of one thing, an exchange, a queue, a binding or a setting; null where it is gone. */
    record Step(Object thing, @Nullable Object becomes) {
        static Step queue(Topology topology, String name, @Nullable QueueRef becomes) {
            return new Step(new QueueName(topology.vhost(), name), becomes);
        }

        static Step exchange(Topology topology, String name, @Nullable Exchange becomes) {
            return new Step(new ExchangeName(topology.vhost(), name), becomes);
        }

        static Step binding(Exchange source, Binding binding, boolean there) {
            return new Step(new Bound(source, binding), there ? binding : null);
        }

        static Step setting(Effect.Setting setting) {
            return new Step(new Entry(setting.kind(), setting.key()), setting.value());
        }
    }

    private record QueueName(String vhost, String name) {}

    private record ExchangeName(String vhost, String name) {}

    private record Bound(Exchange source, Binding binding) {}

    private record Entry(String kind, String key) {}

    /**
     * A change that waits.
     *
     * @param apply the change itself, which returns the exchanges that thereby delete themselves
     * @param job whose it is; null for nobody's
     * @param durable whether it must survive
     */
    record Waiting(
            @Nullable Step step,
            Supplier<List<Exchange>> apply,
            Definitions.Result result,
            Consumer<Definitions.Result> reply,
            @Nullable Job job,
            boolean durable) {}

    private record Due(long sequence, long number, Waiting change) {}

    private record Planned(@Nullable Object becomes, long number) {}

    private final Deque<Due> due = new ArrayDeque<>();
    private final Map<Object, Planned> planned = new HashMap<>();
    /** Queues that wait to be there, by virtual host. */
    private final Map<String, Integer> queues = new HashMap<>();

    /** How many of them take a queue, an exchange or a binding away. */
    private int removals;

    private long numbers;
    private boolean fenced;

    boolean isEmpty() {
        return due.isEmpty();
    }

    /** Nothing is judged before all that waits is durable. */
    void fence() {
        fenced = !due.isEmpty();
    }

    boolean fenced() {
        return fenced;
    }

    /** Adds a change that is durable with a change of the log. */
    void add(long sequence, Waiting change) {
        long number = ++numbers;
        due.addLast(new Due(sequence, number, change));
        Step step = change.step();
        if (step != null) {
            planned.put(step.thing(), new Planned(step.becomes(), number));
            count(step, 1);
        }
    }

    /** Adds one that need not survive, and must not come before what waits. */
    void behind(Waiting change) {
        add(due.getLast().sequence(), change);
    }

    private void count(Step step, int change) {
        if (step.thing() instanceof QueueName name && step.becomes() != null) {
            queues.merge(name.vhost(), change, (a, b) -> a + b == 0 ? null : a + b);
        } else if (step.becomes() == null && !(step.thing() instanceof Entry)) {
            removals += change;
        }
    }

    /** Takes the next one that is durable, with everything up to the sequence being so; null where there is none. */
    @Nullable
    Waiting durable(long sequence) {
        Due first = due.peekFirst();
        if (first == null || first.sequence() > sequence) {
            return null;
        }
        due.removeFirst();
        fenced &= !due.isEmpty();
        Step step = first.change().step();
        if (step != null) {
            planned.computeIfPresent(step.thing(), (thing, last) -> last.number() == first.number() ? null : last);
            count(step, -1);
        }
        return first.change();
    }

    /** Gives up everything that waits: it has not happened. */
    List<Waiting> lost() {
        List<Waiting> all = new ArrayList<>();
        due.forEach(one -> all.add(one.change()));
        due.clear();
        planned.clear();
        queues.clear();
        removals = 0;
        fenced = false;
        return all;
    }

    /** The queue there will be. */
    @Nullable
    QueueRef queue(Topology topology, String name) {
        Planned plan = planned.isEmpty() ? null : planned.get(new QueueName(topology.vhost(), name));
        return plan == null ? topology.queue(name) : (QueueRef) plan.becomes();
    }

    /** The exchange there will be. */
    @Nullable
    Exchange exchange(Topology topology, String name) {
        Planned plan = planned.isEmpty() ? null : planned.get(new ExchangeName(topology.vhost(), name));
        return plan == null ? topology.exchange(name) : (Exchange) plan.becomes();
    }

    /** Whether the binding will be there. */
    boolean has(Exchange source, Binding binding) {
        Planned plan = planned.isEmpty() ? null : planned.get(new Bound(source, binding));
        return plan == null ? source.has(binding) : plan.becomes() != null;
    }

    /** Whether the setting will be there. */
    boolean has(Settings settings, Effect.Setting setting) {
        Planned plan = planned.isEmpty() ? null : planned.get(new Entry(setting.kind(), setting.key()));
        return plan == null ? settings.get(setting.kind(), setting.key()) != null : plan.becomes() != null;
    }

    /** Whether the exchange has a binding, or is about to. */
    boolean bound(Exchange exchange) {
        return exchange.bound()
                || planned.entrySet().stream()
                        .anyMatch(plan -> plan.getKey() instanceof Bound bound
                                && bound.source() == exchange
                                && plan.getValue().becomes() != null);
    }

    /** Whether the exchange may delete itself by what waits. */
    boolean mayEnd(Exchange exchange) {
        return exchange.autoDelete() && removals > 0;
    }

    /** How many queues of a virtual host wait to be there. */
    int queues(String vhost) {
        return queues.getOrDefault(vhost, 0);
    }

    /** How many queues in all do. */
    int queues() {
        int all = 0;
        for (int some : queues.values()) {
            all += some;
        }
        return all;
    }
}
