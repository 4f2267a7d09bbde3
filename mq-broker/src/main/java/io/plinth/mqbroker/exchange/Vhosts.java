package io.plinth.mqbroker.exchange;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The virtual hosts. Changed by the definitions' loop alone, read by every loop. */
public final class Vhosts {
    /** The one that is there from the start. */
    public static final String DEFAULT = "/";

    private final Map<String, Topology> all = new ConcurrentHashMap<>();

    public @Nullable Topology get(String name) {
        return all.get(name);
    }

    public Collection<Topology> all() {
        return Collections.unmodifiableCollection(all.values());
    }

    /** Adds one; what is there stays. */
    public Topology add(String name) {
        return all.computeIfAbsent(name, Topology::new);
    }

    /** Takes one away with all it has, or null. */
    public @Nullable Topology remove(String name) {
        return all.remove(name);
    }

    public int queueCount() {
        int count = 0;
        for (Topology topology : all.values()) {
            count += topology.queueCount();
        }
        return count;
    }
}
