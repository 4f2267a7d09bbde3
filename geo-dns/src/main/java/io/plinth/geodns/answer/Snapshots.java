package io.plinth.geodns.answer;

import io.plinth.geodns.policy.CountryDatabase;
import io.plinth.geodns.policy.GeoIndex;
import io.plinth.geodns.policy.GeoSource;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Regions;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.zone.Zones;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The snapshot in use. Read by every loop; changed under this object's lock by whoever loads or hears of health. */
public final class Snapshots {
    private static final @Nullable CountryDatabase NO_DATABASE = null;

    private final Predicate<Target> healthy;
    private volatile Snapshot current;

    /** Begins with no zones. */
    public Snapshots(Predicate<Target> healthy) {
        this.healthy = healthy;
        GeoSource geo = new GeoSource(new Regions(Map.of()), NO_DATABASE, GeoIndex.NONE, "not loaded");
        this.current = new Snapshot(new Zones(List.of()), new Policies(GeoIndex.NONE, Map.of(), healthy), geo);
    }

    public Snapshot current() {
        return current;
    }

    /** Swaps to another snapshot, under what is healthy now. */
    public synchronized void publish(Snapshot next) {
        current = next.withHealth(healthy);
    }

    /** Swaps to the same zones and policies under what is healthy now. */
    public synchronized void healthChanged() {
        current = current.withHealth(healthy);
    }
}
