package io.plinth.mqbroker.exchange;

import java.util.function.Consumer;

/** Every binding matches. */
final class FanoutBindings implements Bindings {
    private volatile Destination[] all = Destinations.NONE;

    @Override
    public void add(Binding binding) {
        all = Destinations.join(all, new Destination[] {binding.destination()});
    }

    @Override
    public void remove(Binding binding) {
        all = Destinations.without(all, binding.destination());
    }

    @Override
    public void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        for (Destination destination : all) {
            found.accept(destination);
        }
    }
}
