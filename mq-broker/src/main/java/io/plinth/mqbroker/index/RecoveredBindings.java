package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Durable bindings of a virtual host, found by either end: what goes with a queue or an exchange costs what it had, not what there is. */
final class RecoveredBindings {
    private record End(boolean queue, String name) {}

    private final Set<Effect.Bound> all = new LinkedHashSet<>();
    private final Map<String, Set<Effect.Bound>> bySource = new HashMap<>();
    private final Map<End, Set<Effect.Bound>> byDestination = new HashMap<>();

    Collection<Effect.Bound> all() {
        return all;
    }

    void add(Effect.Bound binding) {
        if (all.add(binding)) {
            bySource.computeIfAbsent(binding.source(), source -> new HashSet<>(2))
                    .add(binding);
            byDestination
                    .computeIfAbsent(destination(binding), destination -> new HashSet<>(2))
                    .add(binding);
        }
    }

    void remove(Effect.Bound binding) {
        if (all.remove(binding)) {
            remove(bySource, binding.source(), binding);
            remove(byDestination, destination(binding), binding);
        }
    }

    private static End destination(Effect.Bound binding) {
        return new End(binding.toQueue(), binding.destination());
    }

    private static <K> void remove(Map<K, Set<Effect.Bound>> from, K key, Effect.Bound binding) {
        from.computeIfPresent(key, (end, some) -> {
            some.remove(binding);
            return some.isEmpty() ? null : some;
        });
    }

    void removeQueue(String name) {
        removeAll(byDestination.get(new End(true, name)));
    }

    void removeExchange(String name) {
        removeAll(bySource.get(name));
        removeAll(byDestination.get(new End(false, name)));
    }

    private void removeAll(@Nullable Set<Effect.Bound> some) {
        if (some != null) {
            List.copyOf(some).forEach(this::remove);
        }
    }
}
