package io.plinth.geodns.answer;

import io.plinth.geodns.policy.GeoSource;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.zone.Zones;
import java.util.function.Predicate;

/** Everything an answer is made of. Immutable; each event loop reads it once for each query. */
public record Snapshot(Zones zones, Policies policies, GeoSource geo) {
    /** The same under another view of what is healthy. */
    public Snapshot withHealth(Predicate<Target> healthy) {
        return new Snapshot(zones, policies.withHealth(healthy), geo);
    }
}
