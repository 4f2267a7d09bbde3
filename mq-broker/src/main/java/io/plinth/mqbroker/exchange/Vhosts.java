package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.stats.Churn;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.Departed;
import io.plinth.mqbroker.stats.Traffic;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The virtual hosts. Changed by the definitions' loop alone, read by every loop. */
public final class Vhosts {
    /** The one that is there from the start. */
    public static final String DEFAULT = "/";

    private final Map<String, Topology> all = new ConcurrentHashMap<>();
    private final Departed departed = new Departed();
    private final Churn churn = new Churn();
    /** What went through exchanges of virtual hosts that are there no more. */
    private final Traffic traffic = new Traffic();

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
        Topology gone = all.remove(name);
        if (gone != null) {
            churn.queuesDeleted(gone.queueCount());
            traffic.add(gone.traffic());
        }
        return gone;
    }

    /** A queue is new, and no recovery's. */
    public void declared(Topology topology, QueueRef queue) {
        topology.add(queue);
        churn.queueDeclared(true);
    }

    /** A queue is gone; returns what goes with it. */
    public List<Exchange> deleted(Topology topology, QueueRef queue) {
        churn.queuesDeleted(1);
        return topology.remove(queue);
    }

    /** What came and went. */
    public Churn churn() {
        return churn;
    }

    /** What was counted of something in a virtual host that is there no more. */
    public void departed(String vhost, Counts counts, List<Counts.Kind> kinds) {
        departed.add(counts, kinds);
        Topology topology = all.get(vhost);
        if (topology != null) {
            topology.departed().add(counts, kinds);
        }
    }

    /** The sum of that. */
    public Counts departed() {
        return departed.copy();
    }

    /** What went through all exchanges since the start, those that are there no more too: a copy. */
    public Traffic traffic() {
        Traffic sum = new Traffic();
        sum.add(traffic);
        all.values().forEach(topology -> sum.add(topology.traffic()));
        return sum;
    }

    public int queueCount() {
        int count = 0;
        for (Topology topology : all.values()) {
            count += topology.queueCount();
        }
        return count;
    }
}
