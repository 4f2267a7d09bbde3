package io.plinth.mqbroker.exchange;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Routing key equals binding key. */
final class DirectBindings implements Bindings {
    private final Map<String, Destination[]> byKey = new ConcurrentHashMap<>();

    @Override
    public void add(Binding binding) {
        byKey.merge(binding.routingKey(), new Destination[] {binding.destination()}, Destinations::join);
    }

    @Override
    public void remove(Binding binding) {
        byKey.computeIfPresent(
                binding.routingKey(),
                (key, all) -> Destinations.orNull(Destinations.without(all, binding.destination())));
    }

    @Override
    public void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        Destination[] all = byKey.get(routingKey);
        if (all != null) {
            for (Destination destination : all) {
                found.accept(destination);
            }
        }
    }
}
