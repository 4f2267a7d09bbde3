package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.stats.Traffic;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An exchange and its bindings. Changed by the definitions' loop alone, read by every loop. */
public final class Exchange implements Destination {
    private final String vhost;
    private final String name;
    private final ExchangeType type;
    private final boolean durable;
    private final boolean autoDelete;
    private final boolean internal;
    private final FieldTable arguments;
    private final Bindings index;
    private final Set<Binding> bindings = ConcurrentHashMap.newKeySet();
    private final Traffic traffic = new Traffic();
    private volatile @Nullable String policyAlternate;

    public Exchange(
            String vhost,
            String name,
            ExchangeType type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            FieldTable arguments) {
        this.vhost = vhost;
        this.name = name;
        this.type = type;
        this.durable = durable;
        this.autoDelete = autoDelete;
        this.internal = internal;
        this.arguments = arguments;
        this.index = type.bindings(arguments);
    }

    @Override
    public String vhost() {
        return vhost;
    }

    @Override
    public String name() {
        return name;
    }

    public ExchangeType type() {
        return type;
    }

    @Override
    public boolean durable() {
        return durable;
    }

    public boolean autoDelete() {
        return autoDelete;
    }

    public boolean internal() {
        return internal;
    }

    public FieldTable arguments() {
        return arguments;
    }

    /** Where messages go that match no binding, or null. */
    public @Nullable String alternate() {
        String own = arguments.string("alternate-exchange");
        return own == null ? policyAlternate : own;
    }

    /** Sets the alternate exchange that a policy gives it; its own argument comes first. */
    public void policyAlternate(@Nullable String exchange) {
        policyAlternate = exchange;
    }

    /** What went through it. */
    public Traffic traffic() {
        return traffic;
    }

    public List<Binding> bindings() {
        return List.copyOf(bindings);
    }

    public boolean bound() {
        return !bindings.isEmpty();
    }

    public boolean has(Binding binding) {
        return bindings.contains(binding);
    }

    void bind(Binding binding) {
        if (bindings.add(binding)) {
            index.add(binding);
        }
    }

    boolean unbind(Binding binding) {
        boolean removed = bindings.remove(binding);
        if (removed) {
            index.remove(binding);
        }
        return removed;
    }

    void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        index.match(routingKey, attributes, found);
    }

    /** Whether a binding of this exchange would match, by the index that routes. */
    boolean matches(Binding binding, String routingKey, Attributes attributes) {
        Bindings alone = type.bindings(arguments);
        alone.add(binding);
        boolean[] matched = {false};
        alone.match(routingKey, attributes, destination -> matched[0] = true);
        return matched[0];
    }

    @Override
    public String toString() {
        return "exchange '" + name + "' in vhost '" + vhost + "'";
    }
}
