package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The bindings of one exchange: one writer (the definitions' loop), any number of readers, who see each change whole. */
interface Bindings {
    void add(Binding binding);

    void remove(Binding binding);

    /** Calls {@code found} for each matching destination, possibly more than once. */
    void match(String routingKey, Supplier<FieldTable> headers, Consumer<Destination> found);
}
