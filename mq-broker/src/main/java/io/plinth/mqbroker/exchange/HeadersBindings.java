package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Matches the message's headers against the binding's arguments (section 3.1.3.4, x-match as RabbitMQ has it). */
final class HeadersBindings implements Bindings {
    /** The values x-match may have. */
    static final List<String> MATCHES = List.of("all", "any", "all-with-x", "any-with-x");

    private volatile List<Binding> all = List.of();

    @Override
    public void add(Binding binding) {
        List<Binding> next = new ArrayList<>(all);
        next.add(binding);
        all = List.copyOf(next);
    }

    @Override
    public void remove(Binding binding) {
        List<Binding> next = new ArrayList<>(all);
        next.remove(binding);
        all = List.copyOf(next);
    }

    @Override
    public void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        List<Binding> bindings = all;
        if (bindings.isEmpty()) {
            return;
        }
        FieldTable table = attributes.headers();
        for (Binding binding : bindings) {
            if (matches(binding.arguments(), table)) {
                found.accept(binding.destination());
            }
        }
    }

    static boolean matches(FieldTable arguments, FieldTable headers) {
        String how = arguments.string("x-match");
        boolean any = how != null && how.startsWith("any");
        boolean withX = how != null && how.endsWith("-with-x");
        for (Map.Entry<String, @Nullable Object> wanted : arguments.entries().entrySet()) {
            String key = wanted.getKey();
            if (key.equals("x-match") || (!withX && key.startsWith("x-"))) {
                continue;
            }
            // A void argument matches any value of a header that is there.
            boolean same = headers.has(key)
                    && (wanted.getValue() == null || FieldTable.same(wanted.getValue(), headers.get(key)));
            if (same == any) {
                return any;
            }
        }
        return !any;
    }
}
