package io.plinth.mqbroker.exchange;

import java.util.function.Consumer;

/** The bindings of one exchange: one writer (the definitions' loop), any number of readers, who see each change whole. */
interface Bindings {
    void add(Binding binding);

    void remove(Binding binding);

    /** Calls {@code found} for each matching destination, possibly more than once. */
    void match(String routingKey, Attributes attributes, Consumer<Destination> found);
}
