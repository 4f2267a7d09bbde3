package io.plinth.mqbroker.exchange;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a message would go and why: what {@link Topology#route} does with it, with the bindings that led there.
 *
 * @param queues every queue that would take it
 */
public record Explanation(Set<QueueRef> queues, List<Step> steps) {
    /** How an exchange leads on. */
    public enum Way {
        BINDING,
        /** The default exchange leads to the queue of that name. */
        QUEUE_NAME,
        /** No binding matched. */
        ALTERNATE_EXCHANGE
    }

    /**
     * One step.
     *
     * @param binding null where no binding led there
     */
    public record Step(Exchange from, Way way, @Nullable Binding binding, Destination to) {}

    private record Hop(Exchange from, Destination to) {}

    /** Routes a message that is not sent. */
    public static Explanation of(Topology topology, Exchange start, String routingKey, Attributes attributes) {
        Set<QueueRef> queues = new LinkedHashSet<>();
        Set<Hop> hops = new LinkedHashSet<>();
        topology.route(start, routingKey, attributes, queues, (from, to) -> hops.add(new Hop(from, to)));
        List<Step> steps = new ArrayList<>();
        for (Hop hop : hops) {
            if (hop.from().name().isEmpty()) {
                steps.add(new Step(hop.from(), Way.QUEUE_NAME, null, hop.to()));
                continue;
            }
            List<Step> bound = new ArrayList<>();
            for (Binding binding : hop.from().bindings()) {
                if (binding.destination() == hop.to() && hop.from().matches(binding, routingKey, attributes)) {
                    bound.add(new Step(hop.from(), Way.BINDING, binding, hop.to()));
                }
            }
            if (bound.isEmpty()) {
                bound.add(new Step(hop.from(), Way.ALTERNATE_EXCHANGE, null, hop.to()));
            }
            steps.addAll(bound);
        }
        return new Explanation(queues, steps);
    }
}
